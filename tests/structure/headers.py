"""Checks that every header compiles alone: usage: headers.py ROOT COMPILE_COMMANDS_JSON"""

import json
import os
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import tree


def compile_command(root, database):
    """The command that compiles the library's sources, less its source and its output."""
    for entry in json.loads(database.read_text()):
        if (root / "src") in Path(entry["file"]).parents:
            words = shlex.split(entry["command"])
            return words[:words.index("-o")]
    sys.exit(f"{database}: no file of {root / 'src'} is compiled here")


def check(root, database):
    command = compile_command(root, database) + ["-fsyntax-only", "-x", "c++", "-"]

    def error(path):
        # Included rather than compiled, because `#pragma once` means nothing in a main file.
        result = subprocess.run(command, input=f'#include "{path}"\n', stdout=subprocess.DEVNULL,
                                stderr=subprocess.PIPE, text=True)
        return None if result.returncode == 0 else f"{path.relative_to(root)}:1: {result.stderr}"

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(filter(None, pool.map(error, tree.sources(root, "include", "src",
                                                              suffixes=(".h",)))))


if __name__ == "__main__":
    tree.run(check, Path(sys.argv[2]))
