"""Training and sampling, as chapters 11 to 14 show them. Runs by itself: a table of nine numbers
over the letters a and b stands in for the GPT."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

LETTERS = "ab"
BOS = len(LETTERS)


class Number:
    """A number that knows what it was made of; just enough of value.py for this page."""

    def __init__(self, data: float, made_of: list[tuple[Number, float]] | None = None) -> None:
        self.data = data
        self.grad = 0.0
        self.made_of = made_of or []

    def __add__(self, other: Number) -> Number:
        return Number(self.data + other.data, [(self, 1.0), (other, 1.0)])

    def __mul__(self, factor: float) -> Number:
        return Number(self.data * factor, [(self, factor)])

    def __truediv__(self, other: Number) -> Number:
        by = other.data
        return Number(self.data / by, [(self, 1 / by), (other, -self.data / by**2)])

    def exp(self) -> Number:
        result = math.exp(self.data)
        return Number(result, [(self, result)])

    def log(self) -> Number:
        return Number(math.log(self.data), [(self, 1 / self.data)])

    def backward(self) -> None:
        order: list[Number] = []
        seen: set[int] = set()

        def visit(number: Number) -> None:
            if id(number) in seen:
                return
            seen.add(id(number))
            for part, _ in number.made_of:
                visit(part)
            order.append(number)

        visit(self)
        self.grad = 1.0
        for number in reversed(order):
            for part, slope in number.made_of:
                part.grad += slope * number.grad


def total(numbers: list[Number]) -> Number:
    result = numbers[0]
    for number in numbers[1:]:
        result = result + number
    return result


class Table:
    """For each token a row of scores for what comes next: the smallest model there is."""

    block_size = 4
    bos = BOS
    letters = LETTERS

    def __init__(self) -> None:
        self.rows = [[Number(0.0) for _ in range(BOS + 1)] for _ in range(BOS + 1)]
        self.parameters = [number for row in self.rows for number in row]

    def tokenize(self, document: str) -> list[int]:
        return [BOS, *(LETTERS.index(letter) for letter in document), BOS]

    def new_cache(self) -> list[int]:
        return []

    def probabilities(self, token: int, position: int, cache: list[int]) -> list[Number]:
        cache.append(token)
        assert len(cache) == position + 1
        exps = [score.exp() for score in self.rows[token]]
        return [e / total(exps) for e in exps]

    def logits(self, token: int, position: int, cache: list[int]) -> list[float]:
        return [score.data for score in self.rows[token]]


# region parameters
Matrix = list[list[float]]


def shapes(vocab: int, width: int, block: int, layers: int) -> dict[str, tuple[int, int]]:
    """Rows and columns of each matrix of weights, in the order in which they are drawn."""
    table = {"wte": (vocab, width), "wpe": (block, width), "lm_head": (vocab, width)}
    for layer in range(layers):
        for name in ("attn_wq", "attn_wk", "attn_wv", "attn_wo"):
            table[f"layer{layer}.{name}"] = (width, width)
        table[f"layer{layer}.mlp_fc1"] = (4 * width, width)
        table[f"layer{layer}.mlp_fc2"] = (width, 4 * width)
    return table


def first_weights(rows: int, columns: int, rng: random.Random) -> Matrix:
    """Small and all different: from a bell curve that is 0.08 wide."""
    return [[rng.gauss(0.0, 0.08) for _ in range(columns)] for _ in range(rows)]
# endregion


# region document_loss
def document_loss(model: Table, tokens: list[int]) -> Number:
    """How surprised the model is, on average, by each token of a document."""
    cache = model.new_cache()
    questions = tokens[: model.block_size]
    answers = tokens[1:]
    surprises = []
    for position, (token, target) in enumerate(zip(questions, answers)):
        probabilities = model.probabilities(token, position, cache)  #: logits probs
        surprises.append(probabilities[target].log() * -1)  #: loss
    return total(surprises) * (1 / len(surprises))
# endregion


# region loop
def train(
    model: Table, documents: list[str], num_steps: int, update: Callable[[int], None]
) -> list[float]:
    losses = []
    for step in range(num_steps):
        document = documents[step % len(documents)]
        loss = document_loss(model, model.tokenize(document))
        loss.backward()
        update(step)
        losses.append(loss.data)  # of the weights before the update
    return losses
# endregion


# region sgd
def sgd(parameters: list[Number], learning_rate: float) -> None:
    """Each parameter goes against its own slope, the further the steeper it is."""
    for parameter in parameters:
        parameter.data -= learning_rate * parameter.grad
        parameter.grad = 0.0
# endregion


# region adam
class Adam:
    def __init__(self, size: int, keep_m: float = 0.85, keep_v: float = 0.99) -> None:
        self.keep_m, self.keep_v = keep_m, keep_v
        self.m = [0.0] * size  # where has each slope pointed lately?
        self.v = [0.0] * size  # how large have its squares been?

    def update(self, parameters: list[Number], step: int, learning_rate: float) -> None:
        # Both averages began at 0. After few steps they hold only this share of a full one.
        share_m = 1 - self.keep_m ** (step + 1)
        share_v = 1 - self.keep_v ** (step + 1)
        for i, parameter in enumerate(parameters):
            slope = parameter.grad
            self.m[i] = self.keep_m * self.m[i] + (1 - self.keep_m) * slope
            self.v[i] = self.keep_v * self.v[i] + (1 - self.keep_v) * slope**2
            direction = self.m[i] / share_m
            usual_size = math.sqrt(self.v[i] / share_v)
            parameter.data -= learning_rate * direction / (usual_size + 1e-8)
            parameter.grad = 0.0


def learning_rate_at(step: int, num_steps: int, first: float = 0.01) -> float:
    """Falls along a straight line, and would be 0 one step after the last."""
    return first * (1 - step / num_steps)
# endregion


# region numerical
def numerical_gradient(
    loss: Callable[[list[float]], float], weights: list[float], nudge: float
) -> list[float]:
    """Slopes found by trying: each weight a little up, a little down, and what that does."""
    slopes = []
    for i, weight in enumerate(weights):
        above = loss(weights[:i] + [weight + nudge] + weights[i + 1 :])
        below = loss(weights[:i] + [weight - nudge] + weights[i + 1 :])
        slopes.append((above - below) / (2 * nudge))
    return slopes
# endregion


# region temperature
def next_probabilities(logits: list[float], temperature: float) -> list[float]:
    scaled = [logit / temperature for logit in logits]
    highest = max(scaled)
    parts = [math.exp(score - highest) for score in scaled]  # the largest is 1
    whole = sum(parts)
    return [part / whole for part in parts]
# endregion


# region draw
def draw(probabilities: list[float], at: float) -> int:
    """Lay the probabilities end to end; which one lies over the point `at`, from 0 to 1?"""
    reached = 0.0
    for token, probability in enumerate(probabilities):
        reached += probability
        if at < reached:
            return token
    return len(probabilities) - 1  # rounding may leave the sum a hair below 1
# endregion


# region sample
def write_name(model: Table, temperature: float, rng: random.Random) -> str:
    cache, token, name = model.new_cache(), model.bos, ""
    while len(name) < model.block_size:
        logits = model.logits(token, len(name), cache)
        token = draw(next_probabilities(logits, temperature), rng.random())
        if token == model.bos:
            break  # the model says that the name is over
        name += model.letters[token]
    return name
# endregion


if __name__ == "__main__":
    count = sum(rows * columns for rows, columns in shapes(27, 16, 16, 1).values())
    assert count == 4192
    assert sum(rows * columns for rows, columns in shapes(4, 2, 4, 1).values()) == 72
    wte = first_weights(27, 16, random.Random(42))
    assert len(wte) == 27 and len({number for row in wte for number in row}) == 27 * 16

    # Of nothing known: three tokens, all equally likely.
    model = Table()
    nothing = document_loss(model, model.tokenize("ab"))
    assert abs(nothing.data - math.log(3)) < 1e-12

    # Autograd and trying agree.
    nothing.backward()

    def loss_of(weights: list[float]) -> float:
        other = Table()
        for number, weight in zip(other.parameters, weights):
            number.data = weight
        return document_loss(other, other.tokenize("ab")).data

    by_trying = numerical_gradient(loss_of, [0.0] * 9, 1e-5)
    for parameter, slope in zip(model.parameters, by_trying):
        assert abs(parameter.grad - slope) < 1e-9

    # One step of each on L = p * p / 2, whose slope is p.
    p = Number(2.5)
    p.grad = p.data
    sgd([p], 0.5)
    assert p.data == 1.25 and p.grad == 0.0
    for slope in (1e-3, 100.0):  # Adam's first step is the learning rate, however steep
        p = Number(1.0)
        p.grad = slope
        Adam(1).update([p], 0, 0.01)
        assert abs(p.data - 0.99) < 1e-6
    assert learning_rate_at(0, 1000) == 0.01 and learning_rate_at(500, 1000) == 0.005

    # After a comes b, after b the end: nothing is left to guess.
    for start in ("sgd", "adam"):
        model = Table()
        adam = Adam(len(model.parameters))

        def update(step: int) -> None:
            if start == "sgd":
                sgd(model.parameters, 1.0)
            else:
                adam.update(model.parameters, step, learning_rate_at(step, 300, 0.1))

        losses = train(model, ["ab"], 300, update)
        assert losses[0] == nothing.data and losses[-1] < 0.02
        assert write_name(model, 0.5, random.Random(1)) == "ab"

    even = next_probabilities([1.0, 2.0, 4.0], 1e6)
    assert max(even) - min(even) < 1e-5
    assert next_probabilities([1.0, 2.0, 4.0], 0.05)[2] > 1 - 1e-9
    one, two = next_probabilities([1.0, 2.0], 0.5)
    assert abs(two / one - math.exp(2.0)) < 1e-9
    assert [draw([0.2, 0.5, 0.3], at) for at in (0.0, 0.19, 0.21, 0.69, 0.71, 0.999)] == [0, 0, 1, 1, 2, 2]
