"""Checks the names, characters and number of lines of the sources: usage: sources.py ROOT"""

import sys
from pathlib import Path

import tree

# Lines that a newcomer may be asked to read, by what for: docs/decisions/0007-size.md.
BUDGETS = {
    "the core": (6000, ("include", "src/base", "src/random", "src/data", "src/model",
                        "src/checkpoint", "src/reference", "src/engine", "src/train",
                        "src/generate")),
    "the fast engines": (7000, ("src/exact", "src/cpu")),
    "the program": (4500, ("apps", "bindings")),
}


def count_lines(root, folders):
    return sum(len(path.read_bytes().splitlines()) for path in tree.sources(root, *folders))


def file_violations(root, path):
    where = path.relative_to(root)
    text = path.read_bytes()
    if {"util", "utils"} & {*where.parts[:-1], where.stem}:
        yield f"{where}:1: `util` names nothing: say what is in it"
    if path.suffix == ".h" and b"#pragma once" not in text:
        yield f"{where}:1: a header must say #pragma once"
    for number, line in enumerate(text.split(b"\n"), 1):
        if not line.isascii():
            yield f"{where}:{number}: sources are ASCII: write other characters as escapes"


def check(root, budgets=BUDGETS):
    violations = [violation for path in tree.sources(root, *tree.SOURCE_FOLDERS)
                  for violation in file_violations(root, path)]
    for name, (budget, folders) in budgets.items():
        lines = count_lines(root, folders)
        if lines > budget:
            violations.append(f"{name}: {lines} lines, expected at most {budget}: "
                              "take something out")
    return violations


if __name__ == "__main__":
    for title, (most, where) in BUDGETS.items():
        print(f"{title}: {count_lines(Path(sys.argv[1]), where)} of {most} lines")
    tree.run(check)
