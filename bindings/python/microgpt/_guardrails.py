"""What a document must be, a bot that keeps to a policy, and how likely a model breaks one."""

from __future__ import annotations

from ctypes import byref, c_int, c_size_t, c_uint8
from typing import TYPE_CHECKING, Any, Iterable, NamedTuple, Optional

from . import _c_api
from ._c_api import call
from ._handle import Handle, Text, choice, decoded, encoded, whole

if TYPE_CHECKING:
    from ._model import Model

GUARDS = ("certified", "resample", "off")


class Constraint(Handle):
    """Documents that are allowed, of one model. Made by `forbid`, `shape` and `both`."""

    _kind = "constraint"

    def __init__(self, address: int, vocab_size: int) -> None:
        super().__init__(address)
        self._vocab_size = vocab_size

    @property
    def num_states(self) -> int:
        """Of the automaton."""
        return self._call("constraint_num_states")

    def allows(self, text: Text) -> bool:
        """Whether a whole document is allowed."""
        allowed = c_int()
        self._call("constraint_allows", *encoded(text), byref(allowed))
        return bool(allowed.value)

    def mask(self, prefix: Text = "") -> list[bool]:
        """Whether each token may follow a beginning; BOS, whether the document may end there."""
        mask = (c_uint8 * self._vocab_size)()
        self._call("constraint_mask", *encoded(prefix), mask)
        return [bool(allowed) for allowed in mask]


def forbid(model: Model, policy: Text) -> Constraint:
    """Documents that a policy has nothing against: the text of a policy file, or one word a line."""
    return Constraint(model._call("constraint_forbid", *encoded(policy)), model.config.vocab_size)


def shape(model: Model, *, starts: Text = "", ends: Text = "", min_length: int = 0,
          max_length: Optional[int] = None, letters: Text = "") -> Constraint:
    """Documents that begin and end with a text, have so many letters, and are made of these only."""
    most = c_size_t(-1).value if max_length is None else whole(max_length, "max_length")
    address = model._call("constraint_shape", *encoded(starts), *encoded(ends),
                          whole(min_length, "min_length"), most, *encoded(letters))
    return Constraint(address, model.config.vocab_size)


def both(a: Constraint, b: Constraint) -> Constraint:
    """Documents that both allow, of the same model."""
    return Constraint(call("constraint_both", a._held(), b._held()), a._vocab_size)


class Bot(Handle):
    """Answers a line of prefixes with names, or refuses to.

    guard: "certified", "resample", "off"
    """

    _kind = "bot"

    def __init__(self, model: Model, policy: Text, guard: str = "certified",
                 temperature: float = 0.5, seed: int = 42) -> None:
        super().__init__(model._call("bot_new", *encoded(policy), choice(guard, GUARDS, "guard"),
                                     temperature, whole(seed, "seed")))

    def answer(self, request: Text) -> str:
        """ "OK: ann, bo" or "REFUSE: reason"."""
        return self._text("bot_answer", *encoded(request))


class AuditedPrefix(NamedTuple):
    """What is known of the documents that begin with a prefix."""

    prefix: str
    probability: float  # that a document begins so
    at_least: float  # that it is then an unsafe one, without any guard
    at_most: float
    refused: bool  # by a bot
    witness: str  # the likeliest beginning that makes one unsafe; empty if none was met


class AuditedWord(NamedTuple):
    """How likely a document is unsafe because of a word."""

    word: str
    at_least: float
    at_most: float
    witness: str


class Audit(Handle):
    """How likely a model breaks a policy without a guard, summed and not sampled.

    prune: beginnings that are less likely, given the prefix, are not followed
    """

    _kind = "audit"

    def __init__(self, model: Model, policy: Text, prefixes: Iterable[str] = ("",),
                 temperature: float = 0.5, prune: float = 1e-4) -> None:
        super().__init__(model._call("audit_new", *encoded(policy), *encoded("\n".join(prefixes)),
                                     temperature, prune))

    @property
    def prefixes(self) -> list[AuditedPrefix]:
        rows = self._rows("prefix", _c_api.AuditedPrefix, self._call("audit_num_prefixes"))
        return [AuditedPrefix(*row)._replace(refused=bool(row[4])) for row in rows]

    @property
    def words(self) -> list[AuditedWord]:
        rows = self._rows("word", _c_api.AuditedWord, self._call("audit_num_words"))
        return [AuditedWord(*row) for row in rows]

    def _rows(self, what: str, struct: Any, count: int) -> Iterable[list[Any]]:
        for i in range(count):
            row = struct()
            self._call(f"audit_{what}", i, byref(row))
            values = (getattr(row, name) for name, _ in struct._fields_)
            yield [decoded(value) if isinstance(value, bytes) else value for value in values]
