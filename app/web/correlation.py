"""Request ids: one name for a request in the client, in our answer and in every line of the log."""

from __future__ import annotations

import re
from uuid import uuid4

import structlog
from quart import Quart, Response, g, request

__all__ = ["HEADER", "install"]

HEADER = "X-Request-ID"
_ACCEPTED = re.compile(r"[A-Za-z0-9._-]{1,128}")


def install(app: Quart) -> None:
    """Give every request an id: the client's, if it is 1 to 128 of `[A-Za-z0-9._-]`, else a new one.

    The id is answered in `X-Request-ID` and bound to structlog's context as `request_id`.
    """

    @app.before_request
    async def identify() -> None:
        given = request.headers.get(HEADER, "")
        g.request_id = given if _ACCEPTED.fullmatch(given) else uuid4().hex
        structlog.contextvars.bind_contextvars(request_id=g.request_id)

    @app.after_request
    async def answer(response: Response) -> Response:
        response.headers[HEADER] = g.request_id
        return response
