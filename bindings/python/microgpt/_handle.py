"""Handles of the library as objects, and what goes into its functions and comes out of them."""

from __future__ import annotations

import ctypes
import threading
from ctypes import byref, c_char, c_size_t, c_void_p
from typing import Any, Optional, Sequence, TypeVar, Union

from ._c_api import Error, call, free_of

Text = Union[str, bytes]
Self = TypeVar("Self", bound="Handle")


class Pointer:
    """A handle of C, given back when nothing refers to it any more. ctypes takes it as its address."""

    __slots__ = ("_as_parameter_", "_free", "lock")

    def __init__(self, kind: str, address: int) -> None:
        self._as_parameter_ = c_void_p(address)
        self._free = free_of(kind)
        self.lock = threading.Lock()

    def __del__(self) -> None:
        self._free(self._as_parameter_)


class Handle:
    """What the library holds for this object until `close`, the end of a `with`, or its own end.

    The library asks for one thread at a time for each object. A call by a second one waits, and the
    interpreter runs other threads during each call.
    """

    _kind: str

    def __init__(self, address: int) -> None:
        self._pointer: Optional[Pointer] = Pointer(self._kind, address)

    def close(self) -> None:
        """Lets go of the library's memory, which goes when the last view of it does."""
        self._pointer = None

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def _held(self) -> Pointer:
        if self._pointer is None:
            raise Error(f"{self._kind}: is closed")
        return self._pointer

    def _call(self, name: str, *arguments: Any) -> Any:
        pointer = self._held()
        with pointer.lock:
            return call(name, pointer, *arguments)

    def _text(self, name: str, *arguments: Any) -> str:
        """Of a function that hands out a text and writes its size."""
        size = c_size_t()
        pointer = self._held()
        with pointer.lock:  # valid until the next call
            text = call(name, pointer, *arguments, byref(size))
            return decoded(ctypes.string_at(text, size.value))


def decoded(text: bytes) -> str:
    """UTF-8; of a model whose tokens are bytes, a byte that is none becomes U+DC80 to U+DCFF."""
    return text.decode("utf-8", "surrogateescape")


def encoded(text: Text) -> tuple[bytes, int]:
    """The two arguments that stand for a text. Raises TypeError: it is none."""
    if not isinstance(text, (str, bytes, bytearray, memoryview)):
        raise TypeError(f"expected a str or bytes, got {type(text).__name__}")
    utf8 = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else bytes(text)
    return utf8, len(utf8)


def name_or_null(name: Optional[str]) -> Optional[bytes]:
    return None if name is None else name.encode()


def whole(value: int, name: str, bits: int = 64) -> int:
    """A number that C has as an unsigned one. Raises Error: it does not fit, where C would wrap it."""
    if not 0 <= value < 1 << bits:
        raise Error(f"{name}: out of range, expected 0 to {(1 << bits) - 1}, got {value}")
    return value


def choice(value: str, names: Sequence[str], what: str) -> int:
    """The number that C has for a name."""
    if value not in names:
        raise Error(f"{what}: no such name, expected {' or '.join(names)}, got {value!r}")
    return names.index(value)


def view(address: int, shape: Sequence[int], owner: object) -> memoryview:
    """Doubles of the library as a buffer of that shape, without a copy; keeps their owner."""
    size = ctypes.sizeof(ctypes.c_double)
    for length in shape:
        size *= length
    memory = (c_char * size).from_address(address)
    memory.owner = owner  # type: ignore[attr-defined]
    return memoryview(memory).cast("B").cast("d", tuple(shape))
