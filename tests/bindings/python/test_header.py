"""The package's structs and functions against include/microgpt/c_api.h."""

import ctypes
import re
import unittest
from pathlib import Path

from microgpt import _c_api

ROOT = Path(__file__).resolve().parents[3]
HEADER = re.sub(r"//.*", "", (ROOT / "include/microgpt/c_api.h").read_text())

NUMBERS = {"int": ctypes.c_int, "int64_t": ctypes.c_int64, "uint64_t": ctypes.c_uint64,
           "uint32_t": ctypes.c_uint32, "uint8_t": ctypes.c_uint8, "size_t": ctypes.c_size_t,
           "double": ctypes.c_double}
STRUCTS = {f"microgpt_{name}": getattr(_c_api, cls) for name, cls in {
    "config": "Config", "parameter": "Parameter", "settings": "Settings",
    "difference": "Difference", "trace_options": "TraceOptions", "traced": "Traced",
    "element": "Element", "audited_prefix": "AuditedPrefix",
    "audited_word": "AuditedWord"}.items()}


def types_of(declared, is_result=False):
    """The ctypes types that may stand for a type of C."""
    base, stars = re.sub(r"\bconst\b|\s", "", declared.replace("*", "")), declared.count("*")
    if stars == 0:
        return {None if base == "void" else {**NUMBERS, **STRUCTS}[base]}
    if base == "char":  # a text that is handed out with a size is an address
        return {ctypes.c_char_p, ctypes.c_void_p} if is_result else {ctypes.c_char_p}
    known = {**NUMBERS, **STRUCTS}.get(base)
    # Numbers of the library's own are seen through views of their address.
    return {ctypes.c_void_p} | ({ctypes.POINTER(known)} if known else set())


def declared_structs():
    """Each struct's members: (type, name)."""
    for body, name in re.findall(r"typedef struct \{([^}]*)\} (\w+);", HEADER):
        members = []
        for line in filter(None, map(str.strip, body.split(";"))):
            first, *others = line.split(",")
            kind, _, member = first.rpartition(" ")
            members += [(kind, each.strip()) for each in [member, *others]]
        yield name, members


def declared_functions():
    """Each function's result and the types of its arguments."""
    for result, name, arguments in re.findall(
            r"^([\w][\w \*]*?[ \*])microgpt_(\w+)\(([^)]*)\);", HEADER, re.MULTILINE):
        types = [re.sub(r"\w+$", "", one.strip()) for one in arguments.split(",")]
        yield name, result, [] if types == [""] or arguments == "void" else types


class HeaderTest(unittest.TestCase):
    def test_structs(self):
        declared = dict(declared_structs())
        for name, struct in STRUCTS.items():
            with self.subTest(name):
                self.assertEqual([member for _, member in declared[name]],
                                 [member for member, _ in struct._fields_])
                for (declared_type, member), (_, kind) in zip(declared[name], struct._fields_):
                    self.assertIn(kind, types_of(declared_type), member)

    def test_functions(self):
        declared = {name: (result, types) for name, result, types in declared_functions()}
        self.assertGreater(len(declared), 70)
        for name, (result, arguments) in _c_api.FUNCTIONS.items():
            with self.subTest(name):
                declared_result, declared_types = declared[name]
                self.assertIn(result, types_of(declared_result, is_result=True))
                self.assertEqual(len(arguments), len(declared_types))
                for kind, declared_type in zip(arguments, declared_types):
                    self.assertIn(kind, types_of(declared_type))


if __name__ == "__main__":
    unittest.main()
