"""A first attempt at the bot's two hooks, and the letters that may follow. Runs by itself."""

from __future__ import annotations

LETTERS = "abcdefghijklmnopqrstuvwxyz"

# region hooks
BLOCKED_PREFIX_PATTERNS = ["pear", "fig"]
BLOCKED_OUTPUT_PATTERNS = ["pear", "fig"]


def is_safe_request(prefixes: list[str]) -> str | None:
    """Before anything is made up: None, or one sentence that tells why not."""
    for prefix in prefixes:
        for word in BLOCKED_PREFIX_PATTERNS:
            if prefix.startswith(word):
                return "No name may begin with a fruit."
    return None


def is_safe_name(name: str) -> bool:
    """After a name is made up: may it be said?"""
    return not any(word in name for word in BLOCKED_OUTPUT_PATTERNS)
# endregion


# region allowed
def allowed_letters(name: str) -> list[str]:
    """The letters after which a name that holds no banned word still holds none."""
    return [letter for letter in LETTERS if is_safe_name(name + letter)]
# endregion


if __name__ == "__main__":
    assert is_safe_request([""]) is None
    assert is_safe_request(["j", "a"]) is None
    assert is_safe_request(["a", "pearl"]) is not None
    assert is_safe_request(["spear"]) is None  # what the first attempt overlooks
    assert is_safe_name("kamon")
    assert not is_safe_name("spear")
    assert "r" not in allowed_letters("pea") and len(allowed_letters("pea")) == 25
    assert len(allowed_letters("pe")) == 26
