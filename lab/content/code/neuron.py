"""From one neuron to a network, and how wrong the network is."""

import random
from math import isclose, log

Vector = list[float]


def stages() -> None:
    # region neuron-bias
    def neuron(x: float, b: float) -> float:
        return x + b
    # endregion

    assert neuron(2.0, -1.0) == 1.0

    # region neuron-weight
    def neuron(x: float, w: float, b: float) -> float:
        return x * w + b
    # endregion

    assert neuron(2.0, 1.5, -1.0) == 2.0

    # region neuron-relu
    def relu(z: float) -> float:
        return max(0.0, z)

    def neuron(x: float, w: float, b: float) -> float:
        return relu(x * w + b)
    # endregion

    assert [neuron(x, 2.0, -3.0) for x in (1.0, 1.5, 4.0)] == [0.0, 0.0, 5.0]


# region neuron-inputs
def neuron(x: Vector, w: Vector, b: float) -> float:
    z = sum(xi * wi for xi, wi in zip(x, w)) + b
    return max(0.0, z)
# endregion


# region surface
def surface(x: Vector, w: Vector, b: Vector) -> float:
    h1 = neuron(x[:2], w[:2], b[0])
    h2 = neuron(x[2:], w[2:], b[1])
    return neuron([h1, h2], [1.0, 1.0], b[2])
# endregion


# region network
class Neuron:
    def __init__(self, inputs: int):
        self.w = [random.uniform(-1, 1) for _ in range(inputs)]
        self.b = random.uniform(-1, 1)

    def __call__(self, x: Vector) -> float:
        return neuron(x, self.w, self.b)


class Layer:
    def __init__(self, inputs: int, outputs: int):
        self.neurons = [Neuron(inputs) for _ in range(outputs)]

    def __call__(self, x: Vector) -> Vector:
        return [n(x) for n in self.neurons]


class MLP:
    def __init__(self, inputs: int, outputs: list[int]):
        widths = [inputs, *outputs]
        self.layers = [Layer(i, o) for i, o in zip(widths, outputs)]

    def __call__(self, x: Vector) -> Vector:
        for layer in self.layers:
            x = layer(x)
        return x
# endregion


# region mse
def mean_squared_error(predictions: Vector, targets: Vector) -> float:
    return sum((p - t) ** 2 for p, t in zip(predictions, targets)) / len(targets)
# endregion


# region surprise
def surprise(probability: float) -> float:
    return -log(probability)
# endregion


def main() -> None:
    stages()
    assert isclose(neuron([1.0, -0.5, 0.8, 0.3], [0.6, -1.2, 0.9, 0.4], -0.5), 1.54)
    assert neuron([0.5, -0.3, 1.2], [0.4, 0.7, -0.1], 0.0) == 0.0
    assert isclose(neuron([0.5, -0.3, 1.2], [0.4, 0.7, -0.1], 1.0), 0.87)
    assert isclose(surface([1.0, 2.0, 3.0], [0.8, -0.6, 0.5], [0.2, 0.0, 0.0]), 1.5)

    # region network-use
    mlp = MLP(3, [2, 1])
    print(mlp([1.0, 0.5, -0.3]))
    # endregion
    first = mlp.layers[0].neurons
    assert sum(len(n.w) + 1 for n in first) == 8
    xs = [[2.0, 3.0, -1.0], [3.0, -1.0, 0.5], [0.5, 1.0, 1.0], [1.0, 1.0, -1.0]]
    ypred = [mlp(x)[0] for x in xs]
    assert min(ypred) >= 0
    assert mean_squared_error(ypred, [1.0, -1.0, -1.0, 1.0]) >= 0.5
    assert mean_squared_error([1.0, 3.0], [1.0, 1.0]) == 2.0
    assert isclose(surprise(1 / 27), 3.295836866004329)


if __name__ == "__main__":
    main()
