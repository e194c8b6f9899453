#!/usr/bin/env python3
"""Makes up names with the model of model.json. Needs Python 3.9 and nothing else.

    python3 sampler.py                        20 names
    python3 sampler.py --prefix em -n 5       that begin with em
    python3 sampler.py --seed 7 --temperature 1.2

The names of a seed are the same as those of `microgpt sample model.json --seed N`.
"""

import argparse
import json
import math
import random


def load(path):
    with open(path, encoding="utf-8") as file:
        model = json.load(file)
    if model.get("format") != "tiny-gpt-char-v1":
        raise SystemExit(f"{path}: not a model, expected the format tiny-gpt-char-v1")
    return model


def linear(x, w):
    return [sum(wi * xi for wi, xi in zip(row, x)) for row in w]


def add(x, y):
    return [xi + yi for xi, yi in zip(x, y)]


def rmsnorm(x):
    ms = sum(xi * xi for xi in x) / len(x)
    scale = (ms + 1e-5) ** -0.5
    return [xi * scale for xi in x]


def softmax(logits):
    top = max(logits)
    exps = [math.exp(logit - top) for logit in logits]
    total = sum(exps)
    return [e / total for e in exps]


def gpt(model, token, position, keys, values):
    """Scores of what may follow `token`, which joins the caches at `position`."""
    config, state = model["config"], model["state_dict"]
    head_dim = config["head_dim"]
    x = rmsnorm(add(state["wte"][token], state["wpe"][position]))
    for i in range(config["n_layer"]):
        layer = f"layer{i}."

        residual = x
        x = rmsnorm(x)
        q = linear(x, state[layer + "attn_wq"])
        keys[i].append(linear(x, state[layer + "attn_wk"]))
        values[i].append(linear(x, state[layer + "attn_wv"]))
        heads = []
        for start in range(0, config["n_embd"], head_dim):
            head = slice(start, start + head_dim)
            scores = [sum(a * b for a, b in zip(q[head], k[head])) / head_dim**0.5 for k in keys[i]]
            weights = softmax(scores)
            for column in range(start, start + head_dim):
                heads.append(sum(w * v[column] for w, v in zip(weights, values[i])))
        x = add(linear(heads, state[layer + "attn_wo"]), residual)

        residual = x
        x = linear(rmsnorm(x), state[layer + "mlp_fc1"])
        x = [max(0.0, xi) for xi in x]
        x = add(linear(x, state[layer + "mlp_fc2"]), residual)
    return linear(x, state["lm_head"])


def sample(model, prefix, temperature):
    """One name, prefix included."""
    config, letters = model["config"], model["tokenizer"]["uchars"]
    bos, size = config["BOS"], config["block_size"]
    keys = [[] for _ in range(config["n_layer"])]
    values = [[] for _ in range(config["n_layer"])]
    tokens = [bos] + [letters.index(letter) for letter in prefix]
    for position, token in enumerate(tokens):
        logits = gpt(model, token, position, keys, values)
    name = prefix
    while True:
        probs = softmax([logit / temperature for logit in logits])
        token = random.choices(range(len(probs)), weights=probs)[0]
        if token == bos:
            return name
        name += letters[token]
        if len(name) == size:
            return name
        logits = gpt(model, token, len(name), keys, values)


def main():
    parser = argparse.ArgumentParser(description="Makes up names with the model of model.json.")
    parser.add_argument("model", nargs="?", default="model.json")
    parser.add_argument("-n", type=int, default=20, help="how many (default 20)")
    parser.add_argument("--prefix", default="", help="what each begins with")
    parser.add_argument("--temperature", type=float, default=0.5, help="how daring (default 0.5)")
    parser.add_argument("--seed", type=int, default=42, help="of the random numbers (default 42)")
    options = parser.parse_args()
    model = load(options.model)
    unknown = set(options.prefix) - set(model["tokenizer"]["uchars"])
    if unknown:
        parser.error(f"the model has no token for {', '.join(sorted(unknown))}")
    if len(options.prefix) >= model["config"]["block_size"]:
        parser.error(f"--prefix: expected fewer than {model['config']['block_size']} letters")
    if options.temperature <= 0:
        parser.error("--temperature: expected more than 0")
    random.seed(options.seed)
    for _ in range(options.n):
        print(sample(model, options.prefix, options.temperature))


if __name__ == "__main__":
    main()
