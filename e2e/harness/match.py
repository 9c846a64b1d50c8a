"""Matchers: each looks at a payload and returns what is wrong with it, None if nothing is.

They fail no test, so that a check can be made again and again until it succeeds: `Inbox.expect` does. `must` makes
one of a value that has to be right at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, cast

__all__ = ["Check", "equals", "has", "instant", "keys", "lacks", "must", "names", "present", "says", "texts"]

Check = Callable[[Any], str | None]

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def must(value: Any, *checks: Check) -> Any:
    """Return the value. Raise `AssertionError` with every objection that a check has to it."""
    __tracebackhide__ = True
    problems = [problem for check in checks if (problem := check(value)) is not None]
    assert not problems, f"{'; '.join(problems)} in {_shown(value)}"
    return value


def equals(wanted: Any) -> Check:
    """Check that the payload is exactly this."""

    def check(payload: Any) -> str | None:
        same = type(payload) is type(wanted) and payload == wanted
        return None if same else f"got {_shown(payload)}, want {_shown(wanted)}"

    return check


def has(**wanted: Any) -> Check:
    """Check that the payload is an object with these values among its own."""

    def check(payload: Any) -> str | None:
        if not isinstance(payload, dict):
            return f"got {_shown(payload)}, want an object"
        found = cast("dict[str, Any]", payload)
        wrong = [
            f"{key} is {_shown(found[key]) if key in found else 'missing'}, want {_shown(value)}"
            for key, value in wanted.items()
            if key not in found or found[key] != value
        ]
        return "; ".join(wrong) or None

    return check


def says(text: str) -> Check:
    """Check that the payload is a message with this text."""
    return has(message=text)


def keys(*wanted: str) -> Check:
    """Check that the payload is an object with at least these keys: what is documented may carry more."""

    def check(payload: Any) -> str | None:
        found: list[str] = sorted(cast("dict[str, Any]", payload)) if isinstance(payload, dict) else []
        return None if set(found) >= set(wanted) else f"keys are {found}, want {sorted(wanted)}"

    return check


def lacks(*unwanted: str) -> Check:
    """Check that the payload is an object without any of these keys."""

    def check(payload: Any) -> str | None:
        if not isinstance(payload, dict):
            return f"got {_shown(payload)}, want an object"
        found = sorted(set(cast("dict[str, Any]", payload)) & set(unwanted))
        return f"keys are among it that must not be: {', '.join(found)}" if found else None

    return check


def present(*wanted: str) -> Check:
    """Check that the payload is an object in which each of these keys has a value."""

    def check(payload: Any) -> str | None:
        found = cast("dict[str, Any]", payload) if isinstance(payload, dict) else {}
        missing = [key for key in wanted if found.get(key) is None]
        return f"missing: {', '.join(missing)}" if missing else None

    return check


def names(*fields: str, under: str = "message") -> Check:
    """Check that the payload says what is wrong, in a text or a list of texts, and names each of these fields there."""

    def check(payload: Any) -> str | None:
        found = cast("dict[str, Any]", payload).get(under) if isinstance(payload, dict) else None
        said = cast("list[Any]", found) if isinstance(found, list) else [found]
        if not said or not all(isinstance(text, str) and text for text in said):
            return f"{under} is {_shown(found)}, want what is wrong"
        words = set(re.findall(r"\w+", " ".join(cast("list[str]", said))))
        missing = [field for field in fields if field not in words]
        return f"{under} is {_shown(found)}, which does not name {', '.join(missing)}" if missing else None

    return check


def instant(key: str) -> Check:
    """Check that the payload has ISO-8601 UTC with three fractional digits and `Z` under this key."""

    def check(payload: Any) -> str | None:
        found = cast("dict[str, Any]", payload).get(key) if isinstance(payload, dict) else None
        if isinstance(found, str) and _INSTANT.fullmatch(found):
            return None
        return f"{key} is {_shown(found)}, want an instant such as 2022-04-03T21:23:31.964Z"

    return check


def texts(messages: Iterable[Any]) -> list[str]:
    """Return the texts of some messages, in their order."""
    return [message["message"] for message in messages]


def _shown(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 200 else f"{shown[:200]}... ({len(shown)} characters)"
