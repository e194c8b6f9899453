"""A GPT of 72 numbers, every step of it: the toy of this page."""

from value import Value

Vector = list[Value]
Matrix = list[Vector]  # rows
Cache = list[list[Vector]]  # of each layer, of each position

vocab_size, n_embd, n_head, n_layer, block_size = 4, 2, 1, 1, 4
head_dim = n_embd // n_head
BOS, A, B, C = range(vocab_size)

WEIGHTS = {
    "wte": [[0.20, 0.30], [0.50, -0.10], [-0.30, 0.40], [0.10, 0.20]],
    "wpe": [[0.10, -0.05], [0.05, 0.15], [-0.10, 0.10], [0.15, 0.00]],
    "lm_head": [[0.30, 0.10], [-0.20, 0.40], [0.50, -0.30], [-0.10, 0.60]],
    "layer0.attn_wq": [[0.50, 0.20], [0.10, 0.40]],
    "layer0.attn_wk": [[0.30, -0.10], [0.20, 0.50]],
    "layer0.attn_wv": [[0.40, 0.10], [-0.20, 0.60]],
    "layer0.attn_wo": [[0.60, 0.20], [0.10, 0.70]],
    "layer0.mlp_fc1": [[0.40, 0.10], [-0.20, 0.50], [0.30, -0.30], [0.10, 0.40],
                       [-0.50, 0.20], [0.20, -0.10], [0.60, 0.30], [-0.10, -0.40]],
    "layer0.mlp_fc2": [[0.10, 0.30, -0.20, 0.40, 0.00, 0.20, -0.10, 0.50],
                       [-0.30, 0.20, 0.50, -0.10, 0.40, -0.40, 0.30, 0.10]],
}


def to_values(rows: list[list[float]]) -> Matrix:
    return [[Value(x) for x in row] for row in rows]


state = {name: to_values(rows) for name, rows in WEIGHTS.items()}


# region dot
def dot(a: Vector, b: Vector) -> Value:
    return sum(ai * bi for ai, bi in zip(a, b))
# endregion


def add(a: Vector, b: Vector) -> Vector:
    return [ai + bi for ai, bi in zip(a, b)]


# region rmsnorm
def rmsnorm(x: Vector) -> Vector:
    ms = dot(x, x) / len(x)  #: ms
    scale = (ms + 1e-5) ** -0.5  #: scale
    return [xi * scale for xi in x]  #: x
# endregion


# region linear
def linear(x: Vector, w: Matrix) -> Vector:
    return [dot(row, x) for row in w]
# endregion


# region softmax
def softmax(scores: Vector) -> Vector:
    top = max(score.data for score in scores)
    exps = [(score - top).exp() for score in scores]  #: exps
    total = sum(exps)  #: total
    return [e / total for e in exps]  #: weights probs
# endregion


# region attention
def attention(q: Vector, keys: list[Vector], values: list[Vector]) -> Vector:
    x_attn = []  #: x_attn
    for start in range(0, n_embd, head_dim):
        head = slice(start, start + head_dim)
        dots = [dot(q[head], k[head]) for k in keys]  #: dots
        scores = [d / head_dim**0.5 for d in dots]  #: scores
        weights = softmax(scores)  #: weights
        columns = zip(*(v[head] for v in values))
        x_attn += [dot(weights, column) for column in columns]  #: out
    return x_attn
# endregion


# region gpt
def gpt(token_id: int, pos_id: int, keys: Cache, values: Cache) -> Vector:
    # region embed
    tok_emb = state["wte"][token_id]  #: tok_emb
    pos_emb = state["wpe"][pos_id]  #: pos_emb
    x = add(tok_emb, pos_emb)  #: embedding
    x = rmsnorm(x)  #: embedding_norm
    # endregion

    for li in range(n_layer):
        layer = f"layer{li}."

        # region attention-block
        x_residual = x
        x = rmsnorm(x)  #: attn_norm
        q = linear(x, state[layer + "attn_wq"])  #: q
        keys[li].append(linear(x, state[layer + "attn_wk"]))  #: k keys
        values[li].append(linear(x, state[layer + "attn_wv"]))  #: v values
        x = attention(q, keys[li], values[li])  #: x_attn
        x = linear(x, state[layer + "attn_wo"])  #: attn_out
        x = add(x, x_residual)  #: attn_residual
        # endregion

        # region mlp
        x_residual = x
        x = rmsnorm(x)  #: mlp_norm
        x = linear(x, state[layer + "mlp_fc1"])  #: mlp_pre
        x = [xi.relu() for xi in x]  #: mlp_act
        x = linear(x, state[layer + "mlp_fc2"])  #: mlp_out
        x = add(x, x_residual)  #: mlp_residual
        # endregion

    # region output
    return linear(x, state["lm_head"])  #: logits
    # endregion
# endregion


def step(token_id: int, printed_cache: bool) -> tuple[Vector, Cache, Cache]:
    """Probabilities of what follows token_id at position 2, after BOS and a."""
    if printed_cache:
        keys = [to_values([[0.30, 0.10], [-0.10, 0.40]])]
        values = [to_values([[0.20, -0.30], [0.50, 0.20]])]
    else:
        keys, values = [[]], [[]]
        gpt(BOS, 0, keys, values)
        gpt(A, 1, keys, values)
    return softmax(gpt(token_id, 2, keys, values)), keys, values


def numbers(x: Vector) -> list[float]:
    return [xi.data for xi in x]


def check(got: list[float], expected: list[float]) -> None:
    assert [round(x, 6) for x in got] == expected, (got, expected)


def main() -> None:
    probs, keys, values = step(B, printed_cache=True)
    print("after BOS a b:", *(f"{p:.6f}" for p in numbers(probs)))
    check(numbers(keys[0][2]), [-0.375465, 0.375465])
    check(numbers(values[0][2]), [-0.242948, 0.839275])
    check(numbers(probs), [0.164808, 0.322193, 0.079196, 0.433802])

    loss = -probs[BOS].log()
    loss.backward()
    print(f"loss if BOS follows: {loss.data:.6f}")
    check([loss.data], [1.802973])
    for name, expected in {
        "wte": [0.0, 0.0, 0.0, 0.0, -0.300847, -0.240618, 0.0, 0.0],
        "layer0.attn_wq": [0.012998, -0.016248, -0.002913, 0.003641],
        "layer0.attn_wk": [0.006532, -0.008165, -0.010452, 0.013064],
        "layer0.attn_wv": [0.065742, -0.082178, -0.029074, 0.036343],
        "layer0.attn_wo": [-0.056344, -0.107998, 0.035231, 0.067529],
        "lm_head": [0.288090, -1.386137, -0.111137, 0.534732,
                    -0.027318, 0.131439, -0.149635, 0.719966],
    }.items():
        check([w.grad for row in state[name] for w in row], expected)

    for token_id, expected in {
        BOS: [0.233027, 0.244880, 0.139968, 0.382125],
        A: [0.299945, 0.137466, 0.397163, 0.165426],
        C: [0.207373, 0.267436, 0.110589, 0.414602],
    }.items():
        check(numbers(step(token_id, printed_cache=True)[0]), expected)

    probs, keys, values = step(B, printed_cache=False)
    print("with its own cache:", *(f"{p:.6f}" for p in numbers(probs)))
    check(numbers(keys[0][0] + keys[0][1]), [0.235392, 0.669961, 0.409716, 0.345698])
    check(numbers(values[0][0] + values[0][1]), [0.525105, 0.325927, 0.576163, -0.204858])
    check(numbers(probs), [0.167819, 0.316689, 0.080703, 0.434789])


if __name__ == "__main__":
    main()
