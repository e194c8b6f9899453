"""The package as a whole: annotations, docstrings, the syntax of Python 3.8, the end of the process."""

import ast
import inspect
import subprocess
import sys
import unittest
from pathlib import Path

import microgpt
from support import ROOT

FOLDER = ROOT / "bindings/python/microgpt"


def public_functions():
    for name in microgpt.__all__:
        thing = getattr(microgpt, name)
        if inspect.isfunction(thing):
            yield name, thing
        for part, value in vars(thing).items() if inspect.isclass(thing) else ():
            function = getattr(value, "fget", None) or getattr(value, "__func__", value)
            own = inspect.isfunction(function) and function.__module__.startswith("microgpt")
            if own and (part == "__init__" or not part.startswith("_")):
                yield f"{name}.{part}", function


class PackageTest(unittest.TestCase):
    def test_is_typed(self):
        self.assertTrue(Path(microgpt.__file__).with_name("py.typed").exists())
        found = dict(public_functions())
        self.assertIn("Model.state_dict", found)
        for name, function in found.items():
            signature = inspect.signature(function)
            self.assertIsNot(signature.return_annotation, signature.empty, name)
            for parameter in signature.parameters.values():
                if parameter.name != "self" and parameter.name != "cls":
                    self.assertIsNot(parameter.annotation, parameter.empty, name)

    def test_is_described(self):
        for name in microgpt.__all__:
            self.assertTrue(getattr(microgpt, name).__doc__, name)

    def test_is_python_3_8(self):
        for path in FOLDER.glob("*.py"):
            ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 8))

    def test_version(self):
        self.assertRegex(microgpt.__version__, r"^\d+\.\d+\.\d+$")

    def test_ends_while_a_thread_trains(self):
        script = ("import microgpt, threading\n"
                  "training = microgpt.Training(['anna', 'bob'], num_steps=10**6)\n"
                  "threading.Thread(target=training.advance, daemon=True).start()\n"
                  "model = microgpt.Model.toy()\n"
                  "view = model.state_dict()['wte']\n")
        done = subprocess.run([sys.executable, "-c", script], stderr=subprocess.PIPE, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, b""))


if __name__ == "__main__":
    unittest.main()
