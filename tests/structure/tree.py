"""What the checks share: the files of the tree, and how violations are told."""

import sys
from pathlib import Path

SKIPPED = 77  # ctest's SKIP_RETURN_CODE
SOURCE_FOLDERS = ("include", "src", "apps", "bindings", "tests", "fuzz", "bench", "ladder",
                  "examples")


def sources(root, *folders, suffixes=(".h", ".cpp")):
    """The source files below the given folders, in order."""
    return [path for folder in folders for path in sorted((root / folder).rglob("*"))
            if path.suffix in suffixes and path.is_file()]


def numbered_lines(path):
    return enumerate(path.read_text(encoding="utf-8").splitlines(), 1)


def run(check, *arguments):
    """Prints what check(root, *arguments) finds and exits with 1 if that is anything."""
    violations = check(Path(sys.argv[1]), *arguments)
    for violation in violations:
        print(violation)
    sys.exit(1 if violations else 0)
