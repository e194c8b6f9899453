"""A number that remembers how it was made, so that slopes can be passed back through the record."""

from __future__ import annotations

import math
from collections.abc import Iterator


# region value
class Value:
    # region value-local-grads
    def __init__(self, data: float, *children: tuple[Value, float]):
        self.data = data
        self.grad = 0.0  # slope of the loss by this number, once backward() has run
        self.children = children  # pairs: what this was made of, and its slope by that

    def __add__(self, other: Value | float) -> Value:
        other = to_value(other)
        return Value(self.data + other.data, (self, 1.0), (other, 1.0))

    def __mul__(self, other: Value | float) -> Value:
        other = to_value(other)
        return Value(self.data * other.data, (self, other.data), (other, self.data))

    def __pow__(self, n: float) -> Value:
        return Value(self.data**n, (self, n * self.data ** (n - 1)))

    def log(self) -> Value:
        return Value(math.log(self.data), (self, 1 / self.data))

    def exp(self) -> Value:
        result = math.exp(self.data)
        return Value(result, (self, result))

    def relu(self) -> Value:
        on = self.data > 0
        return Value(self.data if on else 0.0, (self, 1.0 if on else 0.0))
    # endregion

    # region value-derived
    def __neg__(self) -> Value:
        return self * -1.0

    def __sub__(self, other: Value | float) -> Value:
        return self + -to_value(other)

    def __truediv__(self, other: Value | float) -> Value:
        return self * to_value(other) ** -1

    def __radd__(self, other: float) -> Value:
        return self + other

    def __rsub__(self, other: float) -> Value:
        return -self + other

    def __rmul__(self, other: float) -> Value:
        return self * other

    def __rtruediv__(self, other: float) -> Value:
        return self**-1 * other
    # endregion

    # region value-backward
    def backward(self) -> None:
        order = list(children_first(self, set()))
        self.grad = 1.0
        for node in reversed(order):
            for child, local_grad in node.children:
                child.grad += local_grad * node.grad
    # endregion

    def __repr__(self) -> str:
        return f"Value({self.data}, grad={self.grad})"


def to_value(x: Value | float) -> Value:
    return x if isinstance(x, Value) else Value(x)


# region value-order
def children_first(node: Value, seen: set[Value]) -> Iterator[Value]:
    """All that node was made of, each number after those that it was made of; node comes last."""
    if node not in seen:
        seen.add(node)
        for child, _ in node.children:
            yield from children_first(child, seen)
        yield node
# endregion
# endregion


# region value-hurried
def backward_in_a_hurry(node: Value) -> None:
    """Wrong: passes a gradient on before all of it has arrived."""
    for child, local_grad in node.children:
        child.grad += local_grad * node.grad
        backward_in_a_hurry(child)
# endregion


# region descent
def descend(w: Value, b: Value, x: float, y: float, learning_rate: float) -> float:
    """One step downhill; returns the loss before it."""
    loss = (w * x + b - y) ** 2
    loss.backward()
    for p in (w, b):
        p.data -= learning_rate * p.grad
        p.grad = 0.0
    return loss.data
# endregion


def main() -> None:
    # region value-check
    a, b = Value(2.0), Value(3.0)
    c = a * b
    L = c + a  # two ways lead from a to L
    L.backward()
    print(a.grad, b.grad)
    # endregion
    assert (L.data, a.grad, b.grad) == (8.0, 4.0, 2.0)

    a = Value(1.0)
    b = a + a
    c = b + b
    c.backward()
    assert a.grad == 4.0
    a.grad = b.grad = 0.0
    backward_in_a_hurry(c)
    assert a.grad == 6.0

    w, x, b, y = Value(2.0), Value(3.0), Value(1.0), Value(10.0)
    ((w * x + b - y) ** 2).backward()
    assert (w.grad, x.grad, b.grad, y.grad) == (-18.0, -12.0, -6.0, 6.0)

    x = Value(0.5)
    y = 1 / (1 - x).exp() + 2 * (x.log() - x / 4).relu() - x**3
    y.backward()
    assert math.isclose(x.grad, math.exp(-0.5) - 0.75)

    w, b = Value(2.0), Value(1.0)
    losses = [descend(w, b, x=3.0, y=10.0, learning_rate=0.02) for _ in range(5)]
    for step, expected in enumerate([9, 3.24, 1.1664, 0.419904, 0.15116544]):
        assert math.isclose(losses[step], expected)


if __name__ == "__main__":
    main()
