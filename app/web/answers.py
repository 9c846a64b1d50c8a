"""Answers that are not errors."""

from __future__ import annotations

from pydantic import BaseModel
from quart import Response

__all__ = ["empty", "shown"]


def shown(view: BaseModel, status: int = 200) -> Response:
    """Return an answer that shows the view as JSON."""
    return Response(view.model_dump_json(), status, mimetype="application/json")


def empty(status: int = 204) -> Response:
    """Return an answer without a body, which has no type either."""
    response = Response(None if status == 204 else b"", status)  # 204 has no length either
    del response.headers["Content-Type"]
    return response
