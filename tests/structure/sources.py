"""Checks the names, characters and number of lines of the sources: usage: sources.py ROOT"""

import sys
from pathlib import Path

import tree

BUDGET_FOLDERS = ("include", "src", "apps", "bindings")
BUDGET = 14000  # lines that a newcomer may be asked to read


def count_lines(root):
    return sum(len(path.read_bytes().splitlines()) for path in tree.sources(root, *BUDGET_FOLDERS))


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


def check(root, budget=BUDGET):
    violations = [violation for path in tree.sources(root, *tree.SOURCE_FOLDERS)
                  for violation in file_violations(root, path)]
    lines = count_lines(root)
    if lines > budget:
        violations.append(f"{lines} lines are over the budget: take something out")
    return violations


if __name__ == "__main__":
    print(f"{count_lines(Path(sys.argv[1]))} of {BUDGET} lines in {', '.join(BUDGET_FOLDERS)}")
    tree.run(check)
