"""Payloads as JSON Schemas (draft 7), in the few words that the contracts need.

A shape with a title is a type of its own: the generated documents and types name it once and refer to it.
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "BOOLEAN",
    "CHAT_ID",
    "INSTANT",
    "MESSAGE_ID",
    "TEXT",
    "Shape",
    "constant",
    "either",
    "listed",
    "mapped",
    "named",
    "nothing_or",
    "record",
    "text",
    "whole",
]

Shape = dict[str, Any]
"""A JSON Schema."""

TEXT: Shape = {"type": "string"}
BOOLEAN: Shape = {"type": "boolean"}

INSTANT: Shape = {
    "type": "string",
    "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$",
    "description": "ISO 8601 in UTC, with three fractional digits.",
}

CHAT_ID: Shape = {
    "type": "string",
    "pattern": "^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$",
    "description": "A UUID, of version 4 in form.",
}

MESSAGE_ID: Shape = {"type": "string", "minLength": 1, "description": "The same in every repeat, and in no other."}


def text(description: str = "", *, least: int | None = None, most: int | None = None) -> Shape:
    """Return a string of at least and at most so many characters."""
    return _without_nothing({"type": "string", "minLength": least, "maxLength": most, "description": description})


def whole(description: str = "", *, least: int | None = None, most: int | None = None) -> Shape:
    """Return a whole number."""
    return _without_nothing({"type": "integer", "minimum": least, "maximum": most, "description": description})


def constant(value: str | bool) -> Shape:
    """Return the one value that there is."""
    return {"type": "string" if isinstance(value, str) else "boolean", "const": value}


def listed(items: Shape, *, least: int | None = None, most: int | None = None) -> Shape:
    """Return an array."""
    return _without_nothing({"type": "array", "items": items, "minItems": least, "maxItems": most})


def mapped(values: Shape) -> Shape:
    """Return an object with any keys, and such values."""
    return {"type": "object", "additionalProperties": values}


def either(*shapes: Shape) -> Shape:
    """Return what is one of these."""
    return {"anyOf": list(shapes)}


def nothing_or(shape: Shape) -> Shape:
    """Return what may be left out, or null."""
    return either(shape, {"type": "null"})


def named(title: str, shape: Shape) -> Shape:
    """Return a type of its own."""
    return {"title": title, **shape}


def record(
    title: str, description: str = "", *, optional: dict[str, Shape] | None = None, more: bool = False, **keys: Shape
) -> Shape:
    """Return an object with these keys.

    Args:
        title: of the type.
        description: what it is, a sentence.
        optional: keys that may be missing.
        more: whether other keys are part of it, whatever they are; else a client passes over them.
        keys: that are there always.

    """
    found: Shape = {"title": title, "type": "object", "properties": {**keys, **(optional or {})}}
    if description:
        found["description"] = description
    if keys:
        found["required"] = list(keys)
    if more:
        found["additionalProperties"] = True
    return found


def _without_nothing(shape: Shape) -> Shape:
    return {key: value for key, value in shape.items() if value not in (None, "")}
