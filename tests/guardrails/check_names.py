"""Judges names by a policy, sharing no code with what makes them: check_names.py POLICY < NAMES

Prints each name that holds a banned word, with that word, and exits with 1 if there is one. It
follows docs/guardrails.md letter by letter: it tries every word at every place in every reading. That
is slow, and short enough to be believed.
"""

import json
import sys
import unicodedata

NORMAL_FORMS = ("case", "accents", "repeats", "digits", "lookalikes", "separators")
DIGITS = {"0": "o", "1": "il", "2": "z", "3": "e", "4": "a", "5": "s", "6": "bg", "7": "t",
          "8": "b", "9": "g"}
# By the letter, so that the table can be read: all that looks like it.
LIKE = {
    "a": "@\u0251\u03b1\u0430", "b": "\u03b2\u0432", "c": "(<\u00a2\u0441", "d": "\u0111\u0501",
    "e": "\u20ac\u03b5\u0435", "g": "\u0261", "h": "\u043d\u04bb\u0570\u0397",
    "i": "!|\u00a1\u0131\u0269\u03b9\u0456", "j": "\u0458", "k": "\u03ba\u043a",
    "l": "!|I\u00a3\u0142\u04cf", "m": "\u043c\u039c\u03bc", "n": "\u03b7\u0578\u039d",
    "o": "\u00f8\u03bf\u043e\u0585", "p": "\u03c1\u0440", "q": "\u051b", "s": "$\u0455\u054f", "t": "+\u03c4\u0442",
    "u": "\u03c5\u057d\u054d\u03bc", "v": "\u03bd", "w": "\u051d", "x": "\u03c7\u0445", "y": "\u03c5\u0443\u04af", "z": "\u0396",
}


FILLERS = "\u115f\u1160\u3164\uffa0\u0640"  # letters that nobody sees


def is_separator(c):
    return unicodedata.category(c)[0] not in "LNM" or c in FILLERS


def is_mark(c):
    return unicodedata.category(c)[0] == "M"


def is_format(c):
    return unicodedata.category(c) == "Cf" or c in FILLERS


def fold(text, forms):
    """A text in the forms "case" and "accents"."""
    before = None
    while text != before:  # what a compatibility form stands for may be a capital again
        before = text
        if "accents" in forms:
            text = unicodedata.normalize("NFKD", text)
            text = "".join(c for c in text if not is_mark(c))
        if "case" in forms:
            text = text.casefold()
    return text


def letters_of(word, forms):
    letters = fold(word, forms)
    if "separators" in forms:
        return "".join(c for c in letters if not is_separator(c))
    return "".join(c for c in letters if not ("accents" in forms and is_format(c)))


class Policy:
    def __init__(self, text):
        if not text.lstrip("\ufeff \t\r\n").startswith("{"):
            lines = [line.strip() for line in text.splitlines()]
            text = json.dumps({"words": [line for line in lines if line and line[0] != "#"]})
        policy = json.loads(text)
        self.forms = set(policy.get("normal_forms", NORMAL_FORMS))
        match = policy.get("match", "substring")
        words = policy["words"]
        if isinstance(words, dict):
            words = [word for language, of_language in words.items() for word in of_language
                     if language in policy.get("languages", words)]
        entries = [word if isinstance(word, dict) else {"word": word} for word in words]
        self.words = [(entry["word"], entry.get("match", match)) for entry in entries]
        self.letters = [letters_of(word, self.forms) for word, _ in self.words]
        self.allow = {letters_of(word, self.forms) for word in policy.get("allow", [])}


def likenesses(c, forms):
    """The letters that one character looks like."""
    letters = set()
    if "digits" in forms:
        letters |= set(DIGITS.get(c, ""))
    if "lookalikes" in forms:
        letters |= {letter for letter, signs in LIKE.items() if c in signs}
    return letters


class Character:
    """What one character of a text can be."""

    def __init__(self, c, forms):
        folded = fold(c, forms)
        self.plain = folded
        if "separators" in forms or not is_separator(c):
            self.plain = "".join(each for each in folded if not is_separator(each))
        self.readings = {self.plain} | likenesses(c, forms)
        if len(folded) == 1:
            self.readings |= likenesses(folded, forms)
        self.readings.discard("")
        self.ignored = "accents" in forms and (is_mark(c) or is_format(c))
        self.ignored |= not self.readings and not is_separator(c)
        if self.ignored:
            self.plain, self.readings = "", set()
        self.separator = is_separator(c) and not self.ignored
        self.passed = self.ignored or self.separator and "separators" in forms


def at_word_begin(text, at):
    while at > 0 and text[at - 1].ignored:
        at -= 1
    return at == 0 or text[at - 1].separator


def at_word_end(text, at):
    while at < len(text) and text[at].ignored:
        at += 1
    return at == len(text) or text[at].separator


def places_after(letters, place, letter, repeats):
    """Where in a word one is after one more letter; place: how many letters were read."""
    if place < len(letters) and letters[place] == letter:
        yield place + 1
    if repeats and place > 0 and letters[place - 1] == letter:
        yield place


def ends(policy, index, text, begin, offset):
    """(at, whole): a way to read a word from inside text[begin] on ends in text[at], and whether
    all that text[at] was read as belongs to it."""
    letters = policy.letters[index]
    repeats = "repeats" in policy.forms
    may_go_on = policy.words[index][1] == "word"  # else a repeated last letter adds nothing
    found = set()
    seen = set()
    todo = [(begin, offset, 0)]
    while todo:
        at, skip, place = todo.pop()
        if at == len(text) or (at, skip, place) in seen:
            continue
        seen.add((at, skip, place))
        if text[at].passed and at > begin:
            todo.append((at + 1, 0, place))
        for reading in text[at].readings:
            places = {place} if skip < len(reading) else set()
            for i in range(skip, len(reading)):
                places = {after for before in places
                          for after in places_after(letters, before, reading[i], repeats)}
                if len(letters) in places:
                    found.add((at, i == len(reading) - 1))
                    if not may_go_on:
                        places.remove(len(letters))
            todo += [(at + 1, 0, after) for after in places]
    return found


def word_around(text, at):
    """The whole word of the text that text[at] stands in, as the allow list spells words."""
    if text[at].separator:
        return None
    begin, end = at, at + 1
    while begin > 0 and not text[begin - 1].separator:
        begin -= 1
    while end < len(text) and not text[end].separator:
        end += 1
    return "".join(character.plain for character in text[begin:end])


def holds(policy, index, text):
    match = policy.words[index][1]
    readable = "".join(reading for character in text for reading in character.readings)
    if not set(policy.letters[index]) <= set(readable):
        return False  # the answer is the same without this, but it takes ten times as long
    for begin in range(len(text)):
        if match != "substring" and not at_word_begin(text, begin):
            continue
        longest = max(map(len, text[begin].readings), default=0)
        for offset in range(longest if match == "substring" else 1):
            for at, whole in ends(policy, index, text, begin, offset):
                if match == "word" and not (whole and at_word_end(text, at + 1)):
                    continue
                if word_around(text, at) not in policy.allow:
                    return True
    return False


def banned_words(policy, name):
    """Indices of all the banned words that a name holds."""
    text = [Character(c, policy.forms) for c in name]
    return [index for index in range(len(policy.words)) if holds(policy, index, text)]


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        policy = Policy(file.read())
    bad = 0
    for line in sys.stdin:
        name = line.rstrip("\n")
        if found := banned_words(policy, name):
            print(f"{name}: {policy.words[found[0]][0]}")
            bad += 1
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
