"""Training, and two trainings side by side."""

from __future__ import annotations

import time
from array import array
from ctypes import byref, c_double, c_size_t
from typing import TYPE_CHECKING, Any, Iterable, Mapping, NamedTuple, Optional, TypedDict, Union

from . import _c_api
from ._c_api import Error, call
from ._handle import Handle, choice, decoded, encoded, name_or_null, whole
from ._model import ACTIVATIONS, Model

if TYPE_CHECKING:
    from typing_extensions import Unpack

Documents = Union[str, Iterable[str]]

PIECE_SECONDS = 0.05  # of training without a look at signals, such as Ctrl-C's

CHOICES = {
    "edition": ("final", "first"),
    "activation": ACTIVATIONS,
    "optimizer": ("adam", "sgd"),
    "schedule": ("linear", "constant"),
    "tokens": ("codepoint", "grapheme", "byte"),
}
STAGES = ("tokens", "parameters", "forward", "loss", "gradients", "update")


class Settings(TypedDict, total=False):
    """Of a new model and its training, under microgpt.py's names.

    What is left out is as the edition has it: "final", if that is left out too.
    """

    edition: str  # "final", "first"
    n_layer: int
    n_embd: int
    block_size: int
    n_head: int
    activation: str  # "relu", "relu2"
    seed: int
    num_steps: int
    learning_rate: float
    beta1: float
    beta2: float
    eps_adam: float
    init_std: float
    optimizer: str  # "adam", "sgd"
    schedule: str  # "linear", "constant"
    batch_size: int
    grad_accum: int
    tokens: str  # "codepoint", "grapheme", "byte"


def _struct_of(settings: Mapping[str, Any]) -> _c_api.Settings:
    unknown = set(settings) - set(Settings.__annotations__)
    if unknown:
        raise TypeError(f"no such setting: {', '.join(sorted(unknown))}")
    struct = _c_api.Settings()
    edition = choice(settings.get("edition", "final"), CHOICES["edition"], "edition")
    call("default_settings", edition, byref(struct))
    for name, value in settings.items():
        number = choice(value, CHOICES[name], name) if name in CHOICES else value
        setattr(struct, name, number)
        if getattr(struct, name) != number:  # what does not fit is wrapped
            raise Error(f"{name}: out of range, got {value}")
    return struct


def _joined(documents: Documents) -> tuple[bytes, int]:
    """One a line. A text is that already."""
    return encoded(documents if isinstance(documents, str) else "\n".join(documents))


class Training(Handle):
    """A training that is under way: an iterator that trains one step and gives its loss.

        training = microgpt.Training(names, num_steps=500)
        for loss in training:
            print(loss)
        model = training.model()

    documents: a list, or a text with one a line
    engine: "reference", "exact", "cpu"; None: the one that fits
    """

    _kind = "training"

    def __init__(self, documents: Documents, *, engine: Optional[str] = None,
                 **settings: Unpack[Settings]) -> None:
        struct = _struct_of(settings)
        self.num_steps: int = struct.num_steps
        self.losses: array[float] = array("d")  # of all steps so far
        super().__init__(call("training_new", *_joined(documents), struct, name_or_null(engine)))

    @property
    def num_documents(self) -> int:
        return self._call("training_num_documents")

    def __iter__(self) -> Training:
        return self

    def __next__(self) -> float:
        if self._train(1) == 0:
            raise StopIteration
        return self.losses[-1]

    def advance(self, num_steps: Optional[int] = None) -> array[float]:
        """At most so many steps more, or all that are left: the loss of each.

        Ctrl-C ends it between two steps; the training can go on after it.
        """
        begin = len(self.losses)
        left = self.num_steps if num_steps is None else whole(num_steps, "num_steps", bits=63)
        piece = 1
        while left > 0:
            start = time.perf_counter()
            done = self._train(min(piece, left))
            if done == 0:
                break
            left -= done
            if time.perf_counter() - start < PIECE_SECONDS:
                piece *= 2
        return self.losses[begin:]

    def _train(self, num_steps: int) -> int:
        losses, done = (c_double * num_steps)(), c_size_t()
        try:
            self._call("train", num_steps, losses, byref(done))
        finally:  # those before an error as well
            self.losses.extend(losses[:done.value])
        return done.value

    def model(self) -> Model:
        """The model as it is now."""
        return Model(self._call("training_model"))


def train(documents: Documents, *, engine: Optional[str] = None,
          **settings: Unpack[Settings]) -> Model:
    """The model of a whole training: see Training."""
    with Training(documents, engine=engine, **settings) as training:
        training.advance()
        return training.model()


class Difference(NamedTuple):
    """The first number that two trainings do not share."""

    step: int  # counted from 1
    stage: str  # "tokens", "parameters", "forward", "loss", "gradients", "update"
    path: str  # "pos2.layer0.q[3]", "tokens[2]", "grad(wte[0][1])", "adam.wte.m[0][1]"
    a: float  # NaN in a training that has no such number
    b: float


class _Diff(Handle):
    _kind = "diff"


def diff(documents: Documents, a: Settings, b: Settings, *, num_steps: int = 1000,
         engine: Optional[str] = None) -> Optional[Difference]:
    """Trains both on the same documents and compares every number; None: the same in every bit."""
    found = _c_api.Difference()
    made = _Diff(call("diff_new", *_joined(documents), _struct_of(a), _struct_of(b),
                      name_or_null(engine), whole(num_steps, "num_steps", bits=63)))
    with made:
        made._call("diff_first", byref(found))
        if found.step == 0:
            return None
        return Difference(found.step, STAGES[found.stage], decoded(found.path), found.a, found.b)
