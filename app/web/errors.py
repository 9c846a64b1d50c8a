"""Every error as an answer: the one place that knows statuses and headers. What it looks like, `envelopes` says."""

from __future__ import annotations

import json
from collections.abc import Iterable

import structlog
from quart import Quart, Response, request
from werkzeug.exceptions import HTTPException

from app.domain.clock import iso, now_ms
from app.domain.errors import Conflict, Forbidden, Invalid, NotFound, ParleyError, TooMany, Unauthorized, Unavailable
from app.web.envelopes import NAMES, Failure, Mode, envelope_of

__all__ = ["RETRY_AFTER", "install"]

RETRY_AFTER = 1
"""Seconds after which a client may try again what was `Unavailable`."""

STATUS: dict[type[ParleyError], int] = {
    Invalid: 400,
    Unauthorized: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    TooMany: 429,
    Unavailable: 503,
}

log = structlog.get_logger("parley.web")


def install(app: Quart, mode: Mode) -> None:
    """Answer every error of the application with the envelope of its path and of the mode.

    Nothing of the cause of a 500 is answered; it is logged with its traceback.
    """

    def answer(failure: Failure, headers: Iterable[tuple[str, str]] = ()) -> Response:
        envelope = envelope_of(failure.path, mode)
        response = Response(json.dumps(envelope.show(failure)), failure.status, mimetype="application/json")
        due = {401: [("WWW-Authenticate", envelope.challenge)], 503: [("Retry-After", str(RETRY_AFTER))]}
        for name, value in (*due.get(failure.status, ()), *headers):
            response.headers[name] = value
        return response

    @app.errorhandler(ParleyError)
    async def domain(error: ParleyError) -> Response:
        broken = error.broken if isinstance(error, Invalid) else ()
        headers = [("Retry-After", str(error.after))] if isinstance(error, TooMany) else []
        return answer(_failure(_status(error), error.text, error.code, broken), headers)

    @app.errorhandler(HTTPException)
    async def http(error: HTTPException) -> Response:
        status = error.code or 500
        headers = [(k, v) for k, v in error.get_headers() if k.lower() != "content-type"]
        return answer(_failure(status, _text(status)), headers)

    @app.errorhandler(Exception)
    async def unexpected(error: Exception) -> Response:
        log.error("request failed", method=request.method, path=request.path, exc_info=error)
        return answer(_failure(500, _text(500)))


def _failure(status: int, text: str, code: str = "", broken: tuple[str, ...] = ()) -> Failure:
    return Failure(status, text, request.method, request.path, iso(now_ms()), code, broken)


def _status(error: ParleyError) -> int:
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)


def _text(status: int) -> str:
    if status == 404:
        return f"Cannot {request.method} {request.path}"
    return NAMES[status][1] if status in NAMES else "Error"
