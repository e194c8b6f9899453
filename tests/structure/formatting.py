"""Checks that clang-format would change nothing: usage: formatting.py ROOT"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import tree

VERSION = "14"  # each version formats a little differently: this one decides


def find_clang_format():
    for name in (f"clang-format-{VERSION}", "clang-format"):
        if program := shutil.which(name):
            text = subprocess.run([program, "--version"], stdout=subprocess.PIPE, text=True).stdout
            if re.search(rf"version {VERSION}\.", text):
                return program
    return None


def check(root, program):
    files = tree.sources(root, *tree.SOURCE_FOLDERS)
    if not files:
        return []
    result = subprocess.run([program, "--dry-run", "-Werror", "--style=file", *files],
                            stderr=subprocess.PIPE, text=True)
    lines = re.findall(r"^(.+):(\d+):\d+: error:", result.stderr, re.MULTILINE)
    first = {path: line for path, line in reversed(lines)}
    if result.returncode and not first:
        sys.exit(result.stderr)
    return [f"{Path(path).relative_to(root)}:{line}: not as clang-format writes it (make format)"
            for path, line in sorted(first.items())]


if __name__ == "__main__":
    clang_format = find_clang_format()
    if clang_format is None:
        print(f"skipped: no clang-format of version {VERSION} here")
        sys.exit(tree.SKIPPED)
    tree.run(check, clang_format)
