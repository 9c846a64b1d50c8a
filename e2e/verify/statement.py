"""The statement of a test that stands on a line: what was checked, for who has not the file."""

from __future__ import annotations

import ast

__all__ = ["statement"]

_LONGEST = 400


def statement(source: str, line: int) -> str | None:
    """Return the statement that a line is part of, on one line; of one with a body, its head."""
    found = [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or node.lineno)
    ]
    if not found:
        return None
    node = max(found, key=lambda it: it.lineno)
    body: list[ast.stmt] = getattr(node, "body", [])
    last = body[0].lineno - 1 if body else node.end_lineno
    text = " ".join(it.strip() for it in source.splitlines()[node.lineno - 1 : last])
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
