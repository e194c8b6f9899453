"""Checks what the documents say of the tree: usage: documents.py ROOT PROGRAM

Paths in `backticks` and in drawn trees exist, links between documents lead somewhere, and shell
examples call make targets, subcommands and options that there are.
"""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import tree

MADE = {".git", "build", "out"}  # folders that are not part of the tree
SHELLS = {"sh", "bash", "shell", "console"}
FENCE = re.compile(r"\s*```(\w*)")
CODE = re.compile(r"`([^`]+)`")
PATH = re.compile(r"[\w.*-]+(/[\w.*-]+)*/?")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
DRAWN = re.compile(r"(\s*)([\w.-]+(?:/[\w.-]+)*/)(\s|$)")


def documents(root):
    """Not those of packages, and not the lab's text: its words mean places of the page."""
    return [path for path in sorted(root.rglob("*.md"))
            if path.relative_to(root).parts[0] not in MADE
            and path.relative_to(root).parts[:2] not in (("lab", "node_modules"), ("lab", "content"))]


def split(path):
    """The prose of a document and its fenced blocks: [(line, text)], [(language, [(line, text)])]."""
    prose, blocks, inside = [], [], False
    for number, line in tree.numbered_lines(path):
        if fence := FENCE.match(line):
            inside = not inside
            if inside:
                blocks.append((fence[1], []))
        elif inside:
            blocks[-1][1].append((number, line))
        else:
            prose.append((number, line))
    return prose, blocks


def roots(root):
    """Where a path in a document may start, as those in #include do."""
    return root, root / "include", root / "src"


def is_path_of_tree(root, word):
    """Whether a word in backticks means a file or folder of the tree."""
    first = word.split("/")[0]
    if not PATH.fullmatch(word) or first in MADE:
        return False
    if "/" in word:
        return any((base / first).is_dir() for base in roots(root) if first not in ("", ".", ".."))
    return word.endswith((".h", ".cpp", ".md", ".cmake"))


def exists(root, document, word):
    if "/" not in word:
        return any(path.relative_to(root).parts[0] not in MADE for path in root.rglob(word))
    return any(any(base.glob(word.rstrip("/"))) for base in (*roots(root), document.parent))


def path_violations(root, document, prose):
    for number, line in prose:
        for word in CODE.findall(line):
            if is_path_of_tree(root, word) and not exists(root, document, word):
                yield number, f"there is no {word}"


def anchors(document):
    """The names under which a document's headings can be linked to, as GitHub makes them."""
    titles = (line.lstrip("#").strip().lower() for _, line in split(document)[0]
              if re.match(r"#+ ", line))
    return {re.sub(r"[^\w\- ]", "", title).replace(" ", "-") for title in titles}


def link_violations(document, prose):
    for number, line in prose:
        for target in LINK.findall(line):
            if re.match(r"[a-z]+:", target):
                continue
            name, _, anchor = target.partition("#")
            path = document.parent / name if name else document
            if not path.exists():
                yield number, f"the link to {target} leads nowhere"
            elif anchor and anchor not in anchors(path):
                yield number, f"{path.name} has no heading for the link to {target}"


def drawn_tree_violations(root, block):
    """A block draws the tree if it shows one of its folders, `src/`, at the start of a line."""
    if not any((match := DRAWN.match(line)) and not match[1] and (root / match[2]).is_dir()
               for _, line in block):
        return
    parents = []  # (indentation, path) of the folders that the line may be in
    for number, line in block:
        if not (match := DRAWN.match(line)):
            continue
        indentation = len(match[1])
        parents = [parent for parent in parents if parent[0] < indentation]
        path = (parents[-1][1] if parents else root) / match[2]
        parents.append((indentation, path))
        if not path.is_dir():
            yield number, f"there is no {path.relative_to(root)}/"


def commands(block):
    """(line, words) of each simple command of a shell example."""
    text = ""
    for number, line in block:
        text += line.strip().removeprefix("$ ")
        if text.endswith("\\"):
            text = text[:-1]
            continue
        lexer = shlex.shlex(text, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        words = []
        for word in [*lexer, ";"]:
            if set(word) <= set("();<>|&"):
                yield number, words
                words = []
            elif words or not re.match(r"\w+=|sudo$", word):
                words.append(word)
        text = ""


def make_targets(root):
    return set(re.findall(r"^([a-z-]+):", (root / "Makefile").read_text(), re.MULTILINE))


def make_violations(root, words):
    for word in words:
        if "=" not in word and not word.startswith("-") and word not in make_targets(root):
            yield f"make has no target {word}"


def program_violations(program, words):
    """Asks the program itself, by --help, for its subcommands and their options."""
    subcommand = [word for word in words[:1] if not word.startswith("-")]
    called = " ".join(["microgpt", *subcommand])
    result = subprocess.run([program, *subcommand, "--help"], stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True)
    if result.returncode:
        yield f"{called} --help fails"
        return
    options = set(re.findall(r"(?<!\S)--?[\w-]+", result.stdout.replace(",", " ")))
    for word in words:
        option = word.partition("=")[0]
        if re.match(r"--?[a-z]", option) and option not in options:
            yield f"{called} has no option {option}"


def command_violations(root, program, block):
    for number, words in commands(block):
        called = Path(words[0]).name if words else ""
        if called == "make":
            yield from ((number, what) for what in make_violations(root, words[1:]))
        elif called == "microgpt":
            yield from ((number, what) for what in program_violations(program, words[1:]))


def document_violations(root, program, document):
    prose, blocks = split(document)
    if document.name != "CHANGELOG.md":  # which speaks of what was
        yield from path_violations(root, document, prose)
    yield from link_violations(document, prose)
    for language, block in blocks:
        if language in SHELLS:
            yield from command_violations(root, program, block)
        elif language in ("", "text"):
            yield from drawn_tree_violations(root, block)


def check(root, program):
    return [f"{document.relative_to(root)}:{number}: {what}" for document in documents(root)
            for number, what in document_violations(root, program, document)]


if __name__ == "__main__":
    tree.run(check, sys.argv[2])
