"""Which requirements are meant by an id or a pattern. One that means none is refused, never passed over."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

__all__ = ["SelectionError", "matching", "selected"]


class SelectionError(Exception):
    """A pattern matches no requirement; the text says which, and what there is that is like it."""


def matching(pattern: str, ids: Iterable[str]) -> list[str]:
    """Return the ids that a pattern means: one id, or `*`, `?` and `[...]` as in a shell; case does not matter."""
    return [it for it in ids if fnmatchcase(it.upper(), pattern.upper())]


def selected(patterns: Sequence[str], ids: Sequence[str], *, where: str) -> list[str]:
    """Return the ids that any of the patterns means, in the order of `ids`; all of them without a pattern.

    Raises:
        SelectionError: for a pattern that means none.

    """
    found: set[str] = set()
    for pattern in patterns:
        meant = matching(pattern, ids)
        if not meant:
            raise SelectionError(f"{where}: {pattern!r} matches no requirement{_like(pattern, ids)}")
        found.update(meant)
    return [it for it in ids if it in found] if patterns else list(ids)


def _like(pattern: str, ids: Sequence[str]) -> str:
    near = difflib.get_close_matches(pattern.upper(), ids, n=3, cutoff=0.6)
    return f"; there is {', '.join(near)}" if near else f"; they look like {ids[0]}" if ids else ""
