"""From a file of names to numbers, and back."""

import random
from pathlib import Path


# region dataset
def load(path: Path) -> list[str]:
    lines = (line.strip() for line in path.read_text().splitlines())
    docs = [line for line in lines if line]
    random.shuffle(docs)
    return docs
# endregion


# region tokenizer
class Tokenizer:
    def __init__(self, docs: list[str]):
        self.letters = sorted(set("".join(docs)))
        self.bos = len(self.letters)
        self.vocab_size = len(self.letters) + 1

    def encode(self, doc: str) -> list[int]:
        ids = [self.letters.index(letter) for letter in doc]
        return [self.bos, *ids, self.bos]

    def decode(self, ids: list[int]) -> str:
        return "".join(self.letters[i] for i in ids if i != self.bos)
# endregion


def main() -> None:
    import string
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "names.txt"
        path.write_text("emma\n\n  olivia \nava\n")
        assert sorted(load(path)) == ["ava", "emma", "olivia"]

    tokenizer = Tokenizer(["emma", string.ascii_lowercase])
    print(tokenizer.encode("emma"))
    assert tokenizer.encode("emma") == [26, 4, 12, 12, 0, 26]
    assert tokenizer.decode(tokenizer.encode("emma")) == "emma"
    assert (tokenizer.encode("z")[1], tokenizer.bos, tokenizer.vocab_size) == (25, 26, 27)
    assert len(tokenizer.encode("alexander")) == 11


if __name__ == "__main__":
    main()
