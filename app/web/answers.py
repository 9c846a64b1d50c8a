"""Answers that are not errors."""

from __future__ import annotations

from pydantic import BaseModel
from quart import Response

__all__ = ["empty", "shown"]


def shown(view: BaseModel, status: int = 200) -> Response:
    """Return an answer that shows the view as JSON."""
    return Response(view.model_dump_json(), status, mimetype="application/json")


def empty() -> Response:
    """Return 204, which has no body and so no type of one."""
    response = Response(status=204)
    del response.headers["Content-Type"]
    return response
