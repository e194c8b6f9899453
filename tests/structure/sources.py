"""Checks the names, characters and number of lines of the sources: usage: sources.py ROOT"""

import sys
from pathlib import Path

import tree

# Lines that a newcomer may be asked to read, by what for: docs/decisions/0007-size.md. What stands
# below a folder, or is named itself; a header that is named belongs to no folder's budget.
BUDGETS = {
    "the core": (6400, ("include", "src/base", "src/random", "src/data", "src/model",
                        "src/checkpoint", "src/reference", "src/engine", "src/train",
                        "src/generate")),
    "the fast engines": (7000, ("src/exact", "src/cpu")),
    "the glass box": (6000, ("src/graph", "src/trace", "src/book", "src/c_api",
                             "include/microgpt/graph.h", "include/microgpt/expression.h",
                             "include/microgpt/graph_picture.h", "include/microgpt/trace.h",
                             "include/microgpt/book.h", "include/microgpt/c_api.h",
                             "include/microgpt/numerical_gradient.h")),
    "the judge of ports": (4000, ("src/conform", "src/diff", "include/microgpt/conform.h",
                                  "include/microgpt/diff.h", "include/microgpt/loss_log.h")),
    "the study": (600, ("src/ablate", "src/base/statistics.cpp", "src/data/split.cpp",
                        "include/microgpt/ablate.h", "include/microgpt/statistics.h")),
    "the guardrails": (4000, ("src/guardrails", "src/generate/constraint.cpp",
                              "include/microgpt/constraint.h", "include/microgpt/policy.h",
                              "include/microgpt/bot.h", "include/microgpt/audit.h",
                              "include/microgpt/grader.h")),
    "the fit": (600, ("src/fit", "include/microgpt/fit.h", "include/microgpt/ngram.h",
                      "include/microgpt/novelty.h")),
    "the check of lists": (2900, ("src/check", "include/microgpt/check.h")),
    "the exports": (1100, ("src/export", "include/microgpt/export.h",
                           "src/checkpoint/model_safetensors.cpp")),
    "the ladder": (2000, ("ladder",)),
    "the program": (13500, ("apps",)),
    "the bindings": (2000, ("bindings",)),
}
SUFFIXES = (".h", ".cpp", ".py", ".ts", ".mjs")


def count_lines(root, places, budgets=BUDGETS):
    named = {root / place for _, others in budgets.values() for place in others}
    paths = [path for path in tree.sources(root, *places, suffixes=SUFFIXES) if path not in named]
    paths += [root / place for place in places if (root / place).is_file()]
    return sum(len(path.read_bytes().splitlines()) for path in paths)


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
    for name, (budget, places) in budgets.items():
        lines = count_lines(root, places, budgets)
        if lines > budget:
            violations.append(f"{name}: {lines} lines, expected at most {budget}: "
                              "take something out")
    return violations


if __name__ == "__main__":
    for title, (most, where) in BUDGETS.items():
        print(f"{title}: {count_lines(Path(sys.argv[1]), where)} of {most} lines")
    tree.run(check)
