"""Checks that kernels define nothing outside their instruction set's namespace:
usage: kernels.py ROOT BUILD

A function that several objects define, such as an inline one, is linked from one of them: if that
is one for AVX-512, the program dies on a machine without it."""

import re
import subprocess
import sys
from pathlib import Path

import tree

FOLDER = re.compile(r"_kernels_(plain|neon|avx2|avx512)\.dir$")


def shared_symbols(path):
    """The symbols that the linker sees others by: all defined ones but the local."""
    lines = subprocess.run(["nm", "-C", "--defined-only", path], check=True, text=True,
                           stdout=subprocess.PIPE).stdout.splitlines()
    for line in lines:
        kind, _, name = line[17:].partition(" ")
        if not kind.islower() or kind in "uvw":
            yield name


def check(_root, build):
    folders = [(folder, match[1]) for folder in sorted((build / "CMakeFiles").iterdir())
               if (match := FOLDER.search(folder.name))]
    if not folders:
        return [f"{build}: no kernels are built here"]
    return [f"{path.relative_to(build)}: defines {name} for every machine"
            for folder, isa in folders for path in sorted(folder.rglob("*.o"))
            for name in shared_symbols(path) if f"::{isa}::" not in name]


if __name__ == "__main__":
    tree.run(check, Path(sys.argv[2]))
