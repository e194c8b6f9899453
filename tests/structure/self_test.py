"""Plants what each check is there to find in small trees, and sees it found."""

import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

import documents
import formatting
import headers
import kernels
import layers
import sources


class CheckTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def expect(self, violations, *beginnings):
        self.assertEqual([violation[:len(beginning)]
                          for violation, beginning in zip(violations, beginnings)],
                         list(beginnings))
        self.assertEqual(len(violations), len(beginnings), violations)


class LayersTest(CheckTest):
    def expect_layers(self, name, line, *beginnings):
        self.write(name, line + "\n")
        self.expect(layers.check(self.root), *beginnings)

    def test_what_is_allowed(self):
        self.write("include/microgpt/a.h", '#include <vector>\n#include "microgpt/b.h"\n')
        self.write("src/data/a.cpp", '#include "base/json.h"\n#include "data/b.h"\n'
                                     '#include "microgpt/a.h"\n#include <fmt/format.h>\n')
        self.write("apps/microgpt/a.cpp", '#include "a.h"\n#include "microgpt/b.h"\n'
                                          '#include <CLI/CLI.hpp>\n')
        self.expect(layers.check(self.root))

    def test_bindings(self):
        self.write("bindings/wasm/a.cpp", '#include "microgpt/c_api.h"\n#include <utf8proc.h>\n')
        self.write("bindings/wasm/stand_ins/cpu/a.cpp", '#include "base/b.h"\n#include "cpu/c.h"\n')
        self.expect(layers.check(self.root))
        self.expect_layers("bindings/wasm/b.cpp", '#include "microgpt/trace.h"',
                           "bindings/wasm/b.cpp:1: a binding must include only")

    def test_stand_ins(self):
        self.expect_layers("bindings/wasm/stand_ins/base/a.cpp", '#include "cpu/b.h"',
                           "bindings/wasm/stand_ins/base/a.cpp:1: base must not include cpu")

    def test_library_upwards(self):
        self.expect_layers("src/base/a.cpp", '#include "model/b.h"',
                           "src/base/a.cpp:1: base must not include model")

    def test_library_spaced_include(self):
        self.expect_layers("src/base/a.cpp", ' #  include "train/b.h"', "src/base/a.cpp:1: base")

    def test_library_in_angles(self):
        self.expect_layers("src/base/a.cpp", "#include <model/b.h>", "src/base/a.cpp:1: <model/b.h>")

    def test_library_relative(self):
        self.write("src/base/a.cpp", '#include "b.h"\n#include "../model/b.h"\n')
        self.expect(layers.check(self.root), 'src/base/a.cpp:1: "b.h" must',
                    'src/base/a.cpp:2: "../model/b.h" must')

    def test_library_unknown_folder(self):
        self.expect_layers("src/misc/a.h", "", "src/misc/a.h:1: no layer is set for src/misc")

    def test_public_header_of_the_library(self):
        self.expect_layers("include/microgpt/a.h", '#include "base/json.h"',
                           "include/microgpt/a.h:1: a public header must")

    def test_public_header_of_another_library(self):
        self.expect_layers("include/microgpt/a.h", "#include <fmt/format.h>",
                           "include/microgpt/a.h:1: a public header must")

    def test_program_inside_the_library(self):
        self.expect_layers("apps/microgpt/a.cpp", '#include "base/json.h"',
                           "apps/microgpt/a.cpp:1: a program must")


class HeadersTest(CheckTest):
    def check(self):
        source = self.write("src/base/a.cpp", "")
        database = self.write("compile_commands.json", json.dumps([{
            "file": str(source),
            "command": f"{os.environ.get('CXX', 'c++')} -std=c++20 -I{self.root}/src "
                       f"-o a.o -c {source}"}]))
        return headers.check(self.root, database)

    def test_header_that_compiles_alone(self):
        self.write("src/base/a.h", "#pragma once\n#include <string>\nstd::string f();\n")
        self.expect(self.check())

    def test_header_that_does_not(self):
        self.write("src/base/a.h", "#pragma once\nstd::string f();\n")
        self.expect(self.check(), "src/base/a.h:1: ")


class KernelsTest(CheckTest):
    def check(self, source):
        path = self.write("CMakeFiles/a_kernels_avx2.dir/a.cpp", source)
        subprocess.run([os.environ.get("CXX", "c++"), "-std=c++20", "-c", path,
                        "-o", path.with_suffix(".o")], check=True)
        return kernels.check(self.root, self.root)

    def test_kernel(self):
        self.expect(self.check("namespace { int f() { return 1; } }\n"
                               "namespace a::avx2 { inline int g() { return f(); }\n"
                               "int h() { return g(); } }\n"))

    def test_function_outside(self):
        self.expect(self.check("int f() { return 1; }\n"),
                    "CMakeFiles/a_kernels_avx2.dir/a.o: defines f() for every machine")

    def test_inline_function_outside(self):
        self.expect(self.check("inline int f() { return 1; }\n"
                               "namespace a::avx2 { int g() { return f(); } }\n"),
                    "CMakeFiles/a_kernels_avx2.dir/a.o: defines f() for every machine")

    def test_no_kernels(self):
        (self.root / "CMakeFiles").mkdir()
        self.expect(kernels.check(self.root, self.root), f"{self.root}: no kernels are built here")


class FormattingTest(CheckTest):
    def check(self):
        program = formatting.find_clang_format()
        if program is None:
            self.skipTest(f"no clang-format {formatting.VERSION} here")
        self.write(".clang-format", "BasedOnStyle: Google\nColumnLimit: 100\n")
        return formatting.check(self.root, program)

    def test_formatted(self):
        self.write("src/base/a.h", "int f(int x);\n")
        self.expect(self.check())

    def test_not_formatted(self):
        self.write("src/base/a.h", "int e();\nint  f( int x );\nint  g();\n")
        self.write("apps/a.cpp", "int  f();\n")
        self.expect(self.check(), "apps/a.cpp:1: not as", "src/base/a.h:2: not as")


class SourcesTest(CheckTest):
    def test_good_header(self):
        self.write("src/base/a.h", "#pragma once\n")
        self.expect(sources.check(self.root))

    def test_header_without_guard(self):
        self.write("src/base/a.h", "int f();\n")
        self.expect(sources.check(self.root), "src/base/a.h:1: a header must")

    def test_folder_util(self):
        self.write("src/util/a.cpp", "")
        self.expect(sources.check(self.root), "src/util/a.cpp:1: `util`")

    def test_file_util(self):
        self.write("src/base/util.cpp", "")
        self.expect(sources.check(self.root), "src/base/util.cpp:1: `util`")

    def test_character_outside_ascii(self):
        self.write("src/base/a.cpp", "int a;\n// \u00e9\n")
        self.expect(sources.check(self.root), "src/base/a.cpp:2: sources are ASCII")

    def test_budget(self):
        self.write("src/base/a.cpp", "\n" * 60)
        self.write("src/cpu/kernels/a.cpp", "\n" * 41)
        self.write("apps/a.cpp", "\n" * 100)
        folders = ("src/base", "src/cpu")
        self.expect(sources.check(self.root, {"one": (101, folders), "two": (100, ("apps",))}))
        self.expect(sources.check(self.root, {"one": (100, folders)}), "one: 101 lines, expected")


class DocumentsTest(CheckTest):
    def setUp(self):
        super().setUp()
        self.write("Makefile", ".PHONY: run\nrun: build ## Train\n")
        self.write("src/base/json.h", "")
        self.program = self.write("program", '#!/bin/sh\ncase "$*" in\n'
                                             '--help) echo "  --version" ;;\n'
                                             '"train --help") echo "  -n,--num-steps INT" ;;\n'
                                             '*) exit 1 ;;\nesac\n')
        self.program.chmod(0o755)

    def expect_readme(self, text, *beginnings):
        self.write("README.md", text)
        self.expect(documents.check(self.root, self.program),
                    *(f"README.md:{beginning}" for beginning in beginnings))

    def expect_shell(self, text, *beginnings):
        self.expect_readme(f"```sh\n{text}\n```\n", *beginnings)

    def test_paths(self):
        self.expect_readme("`src/base/json.h` `src/base/` `base/json.h` `json.h` `src/*/json.h`\n"
                           "`build/release` `model.json` `n/a` `a < b`\n")

    def test_missing_path(self):
        self.expect_readme("\n`src/base/yaml.h`", "2: there is no src/base/yaml.h")

    def test_missing_path_from_the_root_of_includes(self):
        self.expect_readme("`base/yaml.h`", "1: there is no base/yaml.h")

    def test_missing_file_name(self):
        self.expect_readme("`yaml.h`", "1: there is no yaml.h")

    def test_links(self):
        self.write("docs/a.md", "# Two words, & more\n")
        self.expect_readme("[a](docs/a.md) [b](docs/a.md#two-words--more) [c](https://a.b/c)\n")

    def test_dead_link(self):
        self.expect_readme("[a](docs/b.md)", "1: the link to docs/b.md")

    def test_dead_anchor(self):
        self.write("docs/a.md", "# Title\n")
        self.expect_readme("[a](docs/a.md#name)", "1: a.md has no heading")

    def test_drawn_tree(self):
        self.expect_readme("```\nsrc/    the library\n  base/   no machine learning\n```\n")

    def test_drawn_tree_with_a_missing_folder(self):
        self.expect_readme("```\nsrc/\n  base/\n  chat/   talks\n```\n", "4: there is no src/chat/")

    def test_commands(self):
        self.expect_shell('make run ARGS="--num-steps 3" && sudo make\nmicrogpt --version\n'
                          "$ build/microgpt train \\\n  --num-steps=3 -n 3 | head  # --none\n"
                          "CXX=clang++ make run")

    def test_missing_target(self):
        self.expect_shell("make run\nmake cake", "3: make has no target cake")

    def test_missing_subcommand(self):
        self.expect_shell("cd a && microgpt fly", "2: microgpt fly --help fails")

    def test_missing_option(self):
        self.expect_shell("microgpt train --num-step 3",
                          "2: microgpt train has no option --num-step")


if __name__ == "__main__":
    unittest.main()
