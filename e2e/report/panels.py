"""Expected beside got: both in the notation of the wire, on lines of their own, with what differs marked."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from e2e.report.legible import compact, legible

__all__ = ["Line", "panels"]

_SUBJECT = re.compile(r"\s*(?:(?:in|not) |\S+ (?:is|are) )?")
"""What a line says before a value."""

_WIDTH = 72
_MOST_LINES = 200


@dataclass(frozen=True, slots=True)
class Line:
    """A line, and whether the other side has another in its place."""

    text: str
    differs: bool = False


def panels(expected: str | None, got: str | None) -> tuple[list[Line], list[Line]]:
    """Return the lines of both sides; lines are marked only where both sides are lists of values or objects."""
    left, right = _lines(expected), _lines(got)
    if len(left) < 3 or len(right) < 3:
        return [Line(text) for text in left], [Line(text) for text in right]
    first: list[Line] = []
    second: list[Line] = []
    for same, start, end, other_start, other_end in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        first += [Line(text, same != "equal") for text in left[start:end]]
        second += [Line(text, same != "equal") for text in right[other_start:other_end]]
    return first, second


def _lines(text: str | None) -> list[str]:
    found = [line for told in (text or "").splitlines() for line in _line(legible(told))]
    return found if len(found) <= _MOST_LINES else [*found[:_MOST_LINES], f"… ({len(found)} lines)"]


def _line(text: str) -> Sequence[str]:
    """Return a line with the value at its end as JSON, on several lines where it is long."""
    subject = _SUBJECT.match(text)
    for start in ((subject.end() if subject else 0), 0):
        value, is_one = _value(text[start:])
        if is_one:
            short = f"{text[:start]}{compact(value)}"
            return [short] if len(short) <= _WIDTH else f"{text[:start]}{_spread(value)}".splitlines()
    return [text]


def _spread(value: Any, indent: str = "") -> str:
    """Return a value as JSON, with a line for each part that fits on one."""
    if len(indent) + len(compact(value)) <= _WIDTH or not isinstance(value, dict | list | tuple):
        return compact(value)
    inner = f"{indent}  "
    if isinstance(value, dict):
        parts = [f"{inner}{compact(str(key))}: {_spread(part, inner)}" for key, part in value.items()]
    else:
        parts = [f"{inner}{_spread(part, inner)}" for part in value]
    start, end = "{}" if isinstance(value, dict) else "[]"
    return "\n".join([start, ",\n".join(parts), f"{indent}{end}"])


def _value(text: str) -> tuple[Any, bool]:
    """Return the value that Python writes so, and whether it is one that JSON has, too."""
    try:
        with warnings.catch_warnings(action="ignore"):  # of escapes that Python does not know
            value = ast.literal_eval(text)
        compact(value)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None, False
    return value, not isinstance(value, bytes | set | complex)
