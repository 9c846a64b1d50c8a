"""Shapes with a title are types: named once in a document, and referred to wherever they stand."""

from __future__ import annotations

from typing import Any

from app.contracts.shapes import Shape

__all__ = ["REF", "Types"]

REF = "#/components/schemas/"


class Types:
    """The types of a document.

    Attributes:
        found: by title, with references in them in the place of others.

    """

    def __init__(self) -> None:
        self.found: dict[str, Shape] = {}

    def refer(self, shape: Shape) -> Shape:
        """Return the shape with a reference in the place of every type, itself too, which is found from then on."""
        body: Shape = {key: self._within(value) for key, value in shape.items()}
        title = body.get("title")
        if not isinstance(title, str):
            return body
        if self.found.setdefault(title, body) != body:
            raise ValueError(f"there are two types {title}")
        return {"$ref": REF + title}

    def _within(self, value: Any) -> Any:
        if isinstance(value, dict):
            return self.refer(value)
        return [self._within(one) for one in value] if isinstance(value, list) else value
