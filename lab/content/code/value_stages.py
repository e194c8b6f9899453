"""Value, grown in three stages. Each class replaces the one before; value.py is the fourth."""

from __future__ import annotations


# region value-data
class Value:
    def __init__(self, data: float):
        self.data = data

    def __repr__(self) -> str:
        return f"Value({self.data})"
# endregion


assert repr([Value(-6.0), Value(7.0)]) == "[Value(-6.0), Value(7.0)]"


# region value-operators
class Value:
    def __init__(self, data: float):
        self.data = data

    def __add__(self, other: Value) -> Value:
        return Value(self.data + other.data)

    def __mul__(self, other: Value) -> Value:
        return Value(self.data * other.data)

    def __repr__(self) -> str:
        return f"Value({self.data})"
# endregion


a, b, c = Value(-6.0), Value(7.0), Value(10.0)
d = a * b + c
assert repr(d) == "Value(-32.0)"


# region value-children
class Value:
    def __init__(self, data: float, *children: Value):
        self.data = data
        self.children = children

    def __add__(self, other: Value) -> Value:
        return Value(self.data + other.data, self, other)

    def __mul__(self, other: Value) -> Value:
        return Value(self.data * other.data, self, other)
# endregion


a, b = Value(2.0), Value(3.0)
c = a * b
L = c + a
assert L.data == 8.0
assert c.children == (a, b) and L.children == (c, a) and a.children == ()
