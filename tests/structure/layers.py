"""Checks that every #include follows the layers: usage: layers.py ROOT"""

import re
from pathlib import Path

import tree

# A folder of src/ may include itself, public headers, and what stands here.
ALLOWED = {
    "base": "",
    "random": "base",
    "data": "base random",
    "model": "base random",
    "checkpoint": "base model data",
    "export": "base model checkpoint",
    "reference": "base random model",
    "exact": "base random model",
    "cpu": "base random model",
    "engine": "base model reference exact cpu",
    "train": "base random data model checkpoint",
    "generate": "base random data model",
    "graph": "reference",
    "trace": "base model reference graph",
    "book": "base",
    "conform": "base random",
    "diff": "reference train trace conform",
    "ablate": "base",
    "guardrails": "base random data model generate",
    "check": "base",
    "fit": "base",
    "c_api": "",
}

C_HEADERS = ("stddef.h", "stdint.h")  # what a header for C may include

INCLUDE = re.compile(r'\s*#\s*include\s*([<"])([^>"]+)[>"]')


def includes(path):
    """(line, quoted, name) of each #include of a file."""
    for number, line in tree.numbered_lines(path):
        if match := INCLUDE.match(line):
            yield number, match[1] == '"', match[2]


def public_error(path, quoted, name):
    if name.startswith("microgpt/"):
        return None if quoted else f'<{name}> must be written "{name}"'
    if path.name == "c_api.h" and name in C_HEADERS:
        return None
    if quoted or "/" in name or "." in name:
        return f"a public header must include only public and standard headers, not {name}"
    return None


def library_error(path, quoted, name):
    folder, _, rest = name.partition("/")
    if not quoted:
        return f'<{name}> must be written "{name}"' if folder in (*ALLOWED, "microgpt") else None
    if not rest or folder == "..":
        return f'"{name}" must be written from the root of src/ or include/'
    if folder == "microgpt" or folder == path.parts[1]:
        return None
    if folder not in ALLOWED[path.parts[1]].split():
        return f"{path.parts[1]} must not include {folder}"
    return None


def program_error(path, quoted, name):
    folder = name.partition("/")[0]
    own = "/" not in name
    if not own and (quoted and folder != "microgpt" or folder in ALLOWED):
        return f"a program must include only public headers and its own, not {name}"
    return None


def binding_error(path, quoted, name):
    """What stands in for a source of the library, below stand_ins/, may include what that may."""
    if len(path.parts) > 4 and path.parts[2] == "stand_ins":
        if path.parts[3] not in ALLOWED:
            return f"no layer is set for src/{path.parts[3]}"
        return library_error(Path("src", *path.parts[3:]), quoted, name)
    folder = name.partition("/")[0]
    if quoted and "/" in name and name != "microgpt/c_api.h" or not quoted and folder in ALLOWED:
        return f"a binding must include only microgpt/c_api.h and its own, not {name}"
    return None


def check(root):
    violations = []
    for top, error_of in (("include", public_error), ("src", library_error),
                          ("apps", program_error), ("bindings", binding_error)):
        for file in tree.sources(root, top):
            path = file.relative_to(root)
            if top == "src" and path.parts[1] not in ALLOWED:
                violations.append(f"{path}:1: no layer is set for src/{path.parts[1]}")
                continue
            violations += [f"{path}:{number}: {error}" for number, quoted, name in includes(file)
                           if (error := error_of(path, quoted, name))]
    return violations


if __name__ == "__main__":
    tree.run(check)
