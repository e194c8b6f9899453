"""The shared library's types and functions, as include/microgpt/c_api.h declares them.

`tests/bindings/python/test_header.py` compares every line with the header.
"""

from __future__ import annotations

import ctypes
import sys
from ctypes import POINTER, Structure, c_char_p, c_double, c_int, c_int64, c_size_t, c_uint8
from ctypes import c_uint32, c_uint64, c_void_p
from pathlib import Path
from typing import Any


class Error(Exception):
    """What the library says is wrong: "where: what, expected ..., got ...; hint"."""


class Config(Structure):
    _fields_ = [("n_layer", c_int), ("n_embd", c_int), ("block_size", c_int), ("n_head", c_int),
                ("vocab_size", c_int), ("activation", c_int), ("bos", c_int),
                ("num_params", c_size_t)]


class Parameter(Structure):
    _fields_ = [("name", c_char_p), ("rows", c_size_t), ("cols", c_size_t), ("data", c_void_p)]


class Settings(Structure):
    _fields_ = [("edition", c_int), ("n_layer", c_int), ("n_embd", c_int), ("block_size", c_int),
                ("n_head", c_int), ("activation", c_int), ("seed", c_uint64),
                ("num_steps", c_int64), ("learning_rate", c_double), ("beta1", c_double),
                ("beta2", c_double), ("eps_adam", c_double), ("init_std", c_double),
                ("optimizer", c_int), ("schedule", c_int), ("batch_size", c_int),
                ("grad_accum", c_int), ("tokens", c_int)]


class Difference(Structure):
    _fields_ = [("step", c_int64), ("stage", c_int), ("path", c_char_p), ("a", c_double),
                ("b", c_double)]


class TraceOptions(Structure):
    _fields_ = [("backward", c_int), ("update", c_int), ("edition", c_int), ("step", c_int64),
                ("learning_rate", c_double), ("beta1", c_double), ("beta2", c_double),
                ("eps_adam", c_double), ("round", c_int), ("keys", c_void_p),
                ("values", c_void_p), ("num_given", c_size_t), ("printed_cache", c_int)]


class Traced(Structure):
    _fields_ = [("name", c_char_p), ("shape", POINTER(c_size_t)), ("num_dims", c_size_t),
                ("size", c_size_t), ("data", c_void_p), ("grad", c_void_p),
                ("nodes", c_void_p), ("parents", POINTER(c_uint32)), ("num_parents", c_size_t),
                ("formula", c_char_p), ("file", c_char_p), ("line", c_int),
                ("python_line", c_int), ("python_function", c_char_p)]


class Element(Structure):
    _fields_ = [("traced", c_uint32), ("index", c_uint32)]


class AuditedPrefix(Structure):
    _fields_ = [("prefix", c_char_p), ("probability", c_double), ("at_least", c_double),
                ("at_most", c_double), ("refused", c_int), ("witness", c_char_p)]


class AuditedWord(Structure):
    _fields_ = [("word", c_char_p), ("at_least", c_double), ("at_most", c_double),
                ("witness", c_char_p)]


_SIZE = POINTER(c_size_t)
_TEXT = (c_char_p, c_size_t)  # UTF-8 and its size
_ELEMENTS = (c_void_p, Element, POINTER(Element), c_size_t, _SIZE)
_FORMULA = (c_void_p, Element, c_int, c_int, _SIZE)

# Result and arguments. A handle, and a text that is handed out with its size, is a c_void_p.
FUNCTIONS = {
    "version": (c_char_p, ()),
    "last_error": (c_char_p, ()),
    "model_parse": (c_void_p, _TEXT),
    "model_toy": (c_void_p, ()),
    "model_free": (None, (c_void_p,)),
    "model_config": (c_int, (c_void_p, POINTER(Config))),
    "model_parameter": (c_int, (c_void_p, c_size_t, POINTER(Parameter))),
    "model_num_parameters": (c_size_t, (c_void_p,)),
    "model_json": (c_void_p, (c_void_p, _SIZE)),
    "encode": (c_int, (c_void_p, *_TEXT, POINTER(c_int), c_size_t, _SIZE)),
    "token_text": (c_void_p, (c_void_p, c_int, _SIZE)),
    "default_trace_options": (None, (POINTER(TraceOptions),)),
    "trace_new": (c_void_p, (c_void_p, POINTER(c_int), c_size_t, POINTER(TraceOptions))),
    "trace_free": (None, (c_void_p,)),
    "trace_size": (c_size_t, (c_void_p,)),
    "trace_at": (c_int, (c_void_p, c_size_t, POINTER(Traced))),
    "trace_find": (c_int, (c_void_p, *_TEXT, POINTER(Element))),
    "trace_path": (c_void_p, (c_void_p, Element, _SIZE)),
    "trace_parents": (c_int, _ELEMENTS),
    "trace_users": (c_int, _ELEMENTS),
    "trace_formula": (c_void_p, _FORMULA),
    "trace_gradient_formula": (c_void_p, _FORMULA),
    "loss": (c_int, (c_void_p, POINTER(c_int), c_size_t, POINTER(TraceOptions),
                     POINTER(c_double))),
    "default_settings": (c_int, (c_int, POINTER(Settings))),
    "training_new": (c_void_p, (*_TEXT, POINTER(Settings), c_char_p)),
    "training_free": (None, (c_void_p,)),
    "training_num_documents": (c_size_t, (c_void_p,)),
    "train": (c_int, (c_void_p, c_size_t, POINTER(c_double), _SIZE)),
    "training_model": (c_void_p, (c_void_p,)),
    "diff_new": (c_void_p, (*_TEXT, POINTER(Settings), POINTER(Settings), c_char_p, c_int64)),
    "diff_free": (None, (c_void_p,)),
    "diff_first": (c_int, (c_void_p, POINTER(Difference))),
    "sampler_new": (c_void_p, (c_void_p, c_char_p, c_uint64)),
    "sampler_free": (None, (c_void_p,)),
    "sample": (c_void_p, (c_void_p, *_TEXT, c_double, _SIZE)),
    "next_logits": (c_int, (c_void_p, *_TEXT, POINTER(c_double))),
    "next_probs": (c_int, (POINTER(c_double), c_size_t, c_double, POINTER(c_double),
                           POINTER(c_double))),
    "constraint_forbid": (c_void_p, (c_void_p, *_TEXT)),
    "constraint_shape": (c_void_p, (c_void_p, *_TEXT, *_TEXT, c_size_t, c_size_t, *_TEXT)),
    "constraint_both": (c_void_p, (c_void_p, c_void_p)),
    "constraint_free": (None, (c_void_p,)),
    "constraint_num_states": (c_size_t, (c_void_p,)),
    "constraint_allows": (c_int, (c_void_p, *_TEXT, POINTER(c_int))),
    "constraint_mask": (c_int, (c_void_p, *_TEXT, POINTER(c_uint8))),
    "sampler_constrain": (c_int, (c_void_p, c_void_p, c_int)),
    "bot_new": (c_void_p, (c_void_p, *_TEXT, c_int, c_double, c_uint64)),
    "bot_free": (None, (c_void_p,)),
    "bot_answer": (c_void_p, (c_void_p, *_TEXT, _SIZE)),
    "audit_new": (c_void_p, (c_void_p, *_TEXT, *_TEXT, c_double, c_double)),
    "audit_free": (None, (c_void_p,)),
    "audit_num_prefixes": (c_size_t, (c_void_p,)),
    "audit_prefix": (c_int, (c_void_p, c_size_t, POINTER(AuditedPrefix))),
    "audit_num_words": (c_size_t, (c_void_p,)),
    "audit_word": (c_int, (c_void_p, c_size_t, POINTER(AuditedWord))),
}


def _check(result: Any, _function: Any, _arguments: Any) -> Any:
    """Raises what the library says where it returned NULL or -1."""
    if result is None or result == -1:
        raise Error(call("last_error").decode())
    return result


def _load() -> dict[str, Any]:
    name = "libmicrogpt_c.dylib" if sys.platform == "darwin" else "libmicrogpt_c.so"
    library = ctypes.CDLL(str(Path(__file__).with_name(name)))
    functions = {}
    for name, (result, arguments) in FUNCTIONS.items():
        function = functions[name] = getattr(library, f"microgpt_{name}")
        function.restype, function.argtypes = result, arguments
        if result in (c_int, c_void_p):
            function.errcheck = _check
    return functions


_functions = _load()


def call(name: str, *arguments: Any) -> Any:
    """A function of c_api.h, without its prefix. Raises Error where it fails."""
    return _functions[name](*arguments)


def free_of(kind: str) -> Any:
    return _functions[f"{kind}_free"]
