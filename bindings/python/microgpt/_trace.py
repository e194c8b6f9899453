"""Every number of one step, by name."""

from __future__ import annotations

from ctypes import byref, c_int, c_size_t
from typing import Iterator, Mapping, NamedTuple, Optional, Sequence, Union

from . import _c_api
from ._c_api import call
from ._handle import Handle, Text, decoded, encoded, view, whole
from ._model import Model


class Traced(NamedTuple):
    """A number, vector or matrix of the step."""

    name: str  # "pos2.layer0.head1.weights"
    shape: tuple[int, ...]  # (): one number
    data: memoryview  # of that shape, not to be written to
    grad: Optional[memoryview]  # None where there are none, or the backward pass was not done
    formula: str  # in microgpt.py's names
    parents: tuple[str, ...]  # what it was made of
    file: str  # of this project; empty for what was given
    line: int
    python_line: int  # of microgpt.py's final edition
    python_function: str  # empty at the top level


class Trace(Handle, Mapping[str, Traced]):
    """A step of a model on one document: what has a name, in the order of making.

    A path names one number: "pos2.layer0.q[3]".
    """

    _kind = "trace"

    def __init__(self, model: Model, document: Union[Text, Sequence[int]], *,
                 backward: bool = False, round: Optional[int] = None) -> None:
        tokens = model.encode(document) if isinstance(document, (str, bytes)) else document
        options = _c_api.TraceOptions()
        call("default_trace_options", byref(options))
        options.backward = backward
        if round is not None:
            options.round = whole(round, "round", bits=31)
        ids = (c_int * len(tokens))(*(whole(token, "token", bits=31) for token in tokens))
        super().__init__(model._call("trace_new", ids, len(ids), byref(options)))
        structs = [self._at(i) for i in range(self._call("trace_size"))]
        self._names = [decoded(struct.name) for struct in structs]
        self._traced = {name: self._made(s) for name, s in zip(self._names, structs)}

    def close(self) -> None:
        super().close()
        self._traced = {}

    def _at(self, i: int) -> _c_api.Traced:
        struct = _c_api.Traced()
        self._call("trace_at", i, byref(struct))
        return struct

    def _made(self, struct: _c_api.Traced) -> Traced:
        shape = tuple(struct.shape[:struct.num_dims])
        owner = self._held()
        parents = (self._names[i] for i in struct.parents[:struct.num_parents])
        return Traced(
            decoded(struct.name), shape, view(struct.data, shape, owner).toreadonly(),
            view(struct.grad, shape, owner).toreadonly() if struct.grad else None,
            decoded(struct.formula), tuple(parents), decoded(struct.file), struct.line,
            struct.python_line, decoded(struct.python_function))

    def __getitem__(self, name: str) -> Traced:
        return self._traced[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._traced)

    def __len__(self) -> int:
        return len(self._traced)

    @property
    def loss(self) -> float:
        return self["loss"].data[()]  # type: ignore[call-overload]

    def parents(self, path: Text) -> list[str]:
        """The paths of the numbers that one was made of, in the order of its formula."""
        return self._paths("trace_parents", path)

    def users(self, path: Text) -> list[str]:
        """The paths of the numbers that were made of it, in the order of making."""
        return self._paths("trace_users", path)

    def formula(self, path: Text, *, numbers: bool = False, digits: int = 17) -> str:
        """How a number was made, as a Python expression; empty for a parameter.

        numbers: with those filled in, of so many digits; 17: the shortest that keep the bits
        """
        return self._text("trace_formula", self._find(path), numbers,
                          whole(digits, "digits", bits=31))

    def gradient_formula(self, path: Text, *, numbers: bool = False, digits: int = 17) -> str:
        """The same for its gradient; empty without the backward pass."""
        return self._text("trace_gradient_formula", self._find(path), numbers,
                          whole(digits, "digits", bits=31))

    def _find(self, path: Text) -> _c_api.Element:
        element = _c_api.Element()
        self._call("trace_find", *encoded(path), byref(element))
        return element

    def _paths(self, name: str, path: Text) -> list[str]:
        element, count = self._find(path), c_size_t()
        self._call(name, element, None, 0, byref(count))
        elements = (_c_api.Element * count.value)()
        self._call(name, element, elements, count.value, byref(count))
        return [self._text("trace_path", one) for one in elements]


def trace(model: Model, document: Union[Text, Sequence[int]], *, backward: bool = False,
          round: Optional[int] = None) -> Trace:
    """Every number of one step.

    document: a text, or token ids with BOS as the step is to see them
    round: decimals to which each number is rounded as it is made, as by hand
    """
    return Trace(model, document, backward=backward, round=round)
