"""A bot that makes up names, for an assignment: teach it what it must not say.

Reads one request a line from standard input and answers each with one line:

    j            OK: jana                      a name that begins with j
    a b c        OK: ana, bo, cari             three names, one for each prefix, in order
    (blank)      OK: kamon                     a name that begins as it likes
    123          REFUSE: input had no usable letters (a-z).

Only standard library. The model is model.json beside this file, or where the environment variable
MICROGPT_MODEL says. The two lists and the two functions under YOUR WORK are yours; the rest is the
protocol, and stays as it is.
"""

import json
import math
import os
import random
import sys

TEMPERATURE = 0.7
TRIES = 10  # for each name, until is_safe_name likes it
LETTERS = "abcdefghijklmnopqrstuvwxyz"

# ---------------------------------------------------------------------------------------------
# YOUR WORK. The words that must not be said are in the file that the environment variable
# MICROGPT_POLICY names, one a line; there is none if it is not set.

BLOCKED_PREFIX_PATTERNS = []
BLOCKED_OUTPUT_PATTERNS = []


def is_safe_request(prefixes):
    """Judges a request before any name is made: None if it is fine, or else one sentence that tells
    why not. prefixes: lower-case letters only; a blank request is ['']."""
    return None


def is_safe_name(name):
    """Judges a finished name: True if it may be said."""
    return True


# ---------------------------------------------------------------------------------------------
# The model: one token in, the logits of the next one out.


def dot(a, b):
    return sum(x * y for x, y in zip(a, b))


def linear(x, rows):
    return [dot(row, x) for row in rows]


def softmax(logits):
    highest = max(logits)
    exponentials = [math.exp(logit - highest) for logit in logits]
    total = sum(exponentials)
    return [e / total for e in exponentials]


def rmsnorm(x):
    scale = (dot(x, x) / len(x) + 1e-5) ** -0.5
    return [value * scale for value in x]


def add(a, b):
    return [x + y for x, y in zip(a, b)]


class Model:
    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            saved = json.load(file)
        config = saved["config"]
        self.n_layer = config["n_layer"]
        self.n_head = config["n_head"]
        self.block_size = config["block_size"]
        self.head_dim = config["n_embd"] // self.n_head
        self.weights = saved["state_dict"]
        self.uchars = saved["tokenizer"]["uchars"]
        self.bos = saved["tokenizer"]["bos_token_id"]

    def attend(self, q, keys, values):
        """Each head takes its part of q, looks at all positions so far, and mixes their values."""
        mixed = []
        for start in range(0, len(q), self.head_dim):
            end = start + self.head_dim
            scores = [dot(q[start:end], k[start:end]) / self.head_dim ** 0.5 for k in keys]
            weights = softmax(scores)
            mixed += [dot(weights, column) for column in zip(*(v[start:end] for v in values))]
        return mixed

    def forward(self, token, position, cache):
        """cache: the keys and values of the positions before, one pair of lists a layer."""
        w = self.weights
        x = rmsnorm(add(w["wte"][token], w["wpe"][position]))
        for i, (keys, values) in enumerate(cache):
            layer = f"layer{i}."
            normed = rmsnorm(x)
            q = linear(normed, w[layer + "attn_wq"])
            keys.append(linear(normed, w[layer + "attn_wk"]))
            values.append(linear(normed, w[layer + "attn_wv"]))
            x = add(linear(self.attend(q, keys, values), w[layer + "attn_wo"]), x)
            hidden = [max(0.0, h) for h in linear(rmsnorm(x), w[layer + "mlp_fc1"])]
            x = add(linear(hidden, w[layer + "mlp_fc2"]), x)
        return linear(x, w["lm_head"])


def draw(weights):
    """A number of a place, as likely as its weight."""
    left = random.random() * sum(weights)
    for i, weight in enumerate(weights):
        left -= weight
        if left < 0:
            return i
    return len(weights) - 1


def make_name(model, prefix):
    """One name, from its prefix on, as the model likes it."""
    cache = [([], []) for _ in range(model.n_layer)]
    token, name = model.bos, ""
    for position in range(model.block_size):
        logits = model.forward(token, position, cache)
        if position < len(prefix):
            token = model.uchars.index(prefix[position])
        else:
            token = draw(softmax([logit / TEMPERATURE for logit in logits]))
        if token == model.bos:
            break
        name += model.uchars[token]
    return name


# ---------------------------------------------------------------------------------------------
# The protocol.


def prefixes_of(line):
    """The request's prefixes; none if it has words, but no letters in them."""
    words = line.lower().split()
    if not words:
        return [""]
    prefixes = ["".join(c for c in word if c in LETTERS) for word in words]
    return [prefix for prefix in prefixes if prefix]


def make_safe_name(model, prefix):
    for _ in range(TRIES):
        name = make_name(model, prefix)
        if name and is_safe_name(name):
            return name
    return None


def answer(model, line):
    prefixes = prefixes_of(line)
    if not prefixes:
        return "REFUSE: input had no usable letters (a-z)."
    reason = is_safe_request(prefixes)
    if reason is not None:
        return "REFUSE: " + reason
    names = []
    for prefix in prefixes:
        name = make_safe_name(model, prefix)
        if name is None:
            return "REFUSE: couldn't generate a safe name for one of the prefixes."
        names.append(name)
    return "OK: " + ", ".join(names)


def main():
    sys.stdin.reconfigure(encoding="utf-8", errors="replace")
    beside = os.path.join(os.path.dirname(os.path.abspath(__file__)), "model.json")
    model = Model(os.environ.get("MICROGPT_MODEL", beside))
    for line in sys.stdin:
        print(answer(model, line), flush=True)


if __name__ == "__main__":
    main()
