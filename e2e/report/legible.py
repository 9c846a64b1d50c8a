"""Text that a server under test may have chosen, made safe to look at.

Neither a terminal nor a page may take orders from it: control characters, and those that reverse or hide text, are
shown as escapes. Markup is no matter of this module; the page escapes everything.
"""

from __future__ import annotations

import json
import unicodedata
from typing import Any

from e2e.verify.secrets import unsigned

__all__ = ["compact", "indented", "legible", "one_line", "shortened"]

_HARMLESS = frozenset("\n\t\u200d\ufe0f")
"""Lines, and what holds an emoji together."""
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def legible(text: str) -> str:
    """Return a text in which every character can be seen, and no token can be used."""
    text = unsigned(text)
    if text.isascii() and text.isprintable():
        return text
    return "".join(it if it in _HARMLESS or unicodedata.category(it) not in _UNSEEN else _escaped(it) for it in text)


def one_line(text: str) -> str:
    """Return a text without line breaks and runs of spaces."""
    return " ".join(legible(text).split())


def shortened(text: str, longest: int) -> str:
    """Return a text of at most so many characters."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def compact(value: Any) -> str:
    """Return a value as JSON on one line."""
    return legible(json.dumps(value, ensure_ascii=False, default=repr))


def indented(value: Any) -> str:
    """Return a value as JSON that is read with the eyes."""
    return legible(json.dumps(value, ensure_ascii=False, default=repr, indent=2))


def _escaped(character: str) -> str:
    number = ord(character)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
