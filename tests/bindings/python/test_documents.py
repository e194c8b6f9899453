"""The example and the document: what they show runs, and prints what they say."""

import contextlib
import io
import os
import re
import runpy
import unittest
import unittest.mock

import microgpt
from support import NAMES, ROOT, FolderTest

try:
    import numpy
except ImportError:
    numpy = None


def snippets(path):
    return re.findall(r"^```python\n(.*?)^```", path.read_text(encoding="utf-8"),
                      re.DOTALL | re.MULTILINE)


class DocumentTest(FolderTest):
    def setUp(self):
        super().setUp()
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(self.folder)

    def test_example(self):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), unittest.mock.patch("sys.argv", ["names.py"]):
            runpy.run_path(str(ROOT / "examples/python/names.py"), run_name="__main__")
        lines = printed.getvalue().splitlines()
        self.assertRegex(lines[3], r"^step 2000 \| loss \d\.\d{4}$")
        self.assertRegex(lines[4], r"^ten towns that may not exist: (\w+, ){9}\w+$")
        self.assertRegex(lines[5], r": b\w{3,5}(, b\w{3,5}){4}$")
        self.assertEqual(microgpt.Model.load("towns.json").config.n_embd, 16)

    def test_snippets(self):
        (self.folder / "names.txt").write_text("\n".join(NAMES))
        for document in ROOT / "docs/bindings.md", ROOT / "bindings/python/README.md":
            names = {}
            for snippet in snippets(document):
                if "numpy" in snippet and numpy is None:
                    continue
                with self.subTest(snippet), contextlib.redirect_stdout(io.StringIO()):
                    exec(compile(snippet, document.name, "exec"), names)


if __name__ == "__main__":
    unittest.main()
