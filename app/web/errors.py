"""Every error as the wire shows it: the one place that knows statuses, names and envelopes.

The shapes are those of the friends contract, REST: `dev` tells what happened, `prod` says little.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Literal

import structlog
from quart import Quart, Response, request
from werkzeug.exceptions import HTTPException

from app.domain.clock import iso, now_ms
from app.domain.errors import Conflict, Forbidden, Invalid, NotFound, ParleyError, TooMany, Unauthorized, Unavailable

__all__ = ["NAMES", "RETRY_AFTER", "envelope", "install"]

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

NAMES = {
    400: ("BadRequestException", "Bad Request"),
    401: ("UnauthorizedException", "Unauthorized"),
    403: ("ForbiddenException", "Forbidden"),
    404: ("NotFoundException", "Not Found"),
    405: ("MethodNotAllowedException", "Method Not Allowed"),
    408: ("RequestTimeoutException", "Request Timeout"),
    409: ("ConflictException", "Conflict"),
    413: ("PayloadTooLargeException", "Payload Too Large"),
    415: ("UnsupportedMediaTypeException", "Unsupported Media Type"),
    429: ("TooManyRequestsException", "Too Many Requests"),
    500: ("InternalServerErrorException", "Internal server error"),
    503: ("ServiceUnavailableException", "Service Unavailable"),
}
"""Name and text of each status, as NestJS has them."""

_EXTRA_HEADERS = {401: [("WWW-Authenticate", "Bearer")], 503: [("Retry-After", str(RETRY_AFTER))]}

log = structlog.get_logger("parley.web")


def install(app: Quart, mode: Literal["dev", "prod"]) -> None:
    """Answer every error of the application with the envelope of the mode.

    Nothing of the cause of a 500 is answered; it is logged with its traceback.
    """

    def answer(status: int, text: str, headers: Iterable[tuple[str, str]] = ()) -> Response:
        shown = envelope(mode, status, text, request.method, request.path, iso(now_ms()))
        response = Response(json.dumps(shown), status, mimetype="application/json")
        for name, value in (*_EXTRA_HEADERS.get(status, ()), *headers):
            response.headers[name] = value
        return response

    @app.errorhandler(ParleyError)
    async def domain(error: ParleyError) -> Response:
        headers = [("Retry-After", str(error.after))] if isinstance(error, TooMany) else []
        return answer(_status(error), error.text, headers)

    @app.errorhandler(HTTPException)
    async def http(error: HTTPException) -> Response:
        status = error.code or 500
        headers = [(k, v) for k, v in error.get_headers() if k.lower() != "content-type"]
        return answer(status, _text(status), headers)

    @app.errorhandler(Exception)
    async def unexpected(error: Exception) -> Response:
        log.error("request failed", method=request.method, path=request.path, exc_info=error)
        return answer(500, _text(500))


def _status(error: ParleyError) -> int:
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)


def _text(status: int) -> str:
    if status == 404:
        return f"Cannot {request.method} {request.path}"
    return NAMES[status][1] if status in NAMES else "Error"


def envelope(
    mode: Literal["dev", "prod"], status: int, text: str, method: str, path: str, timestamp: str
) -> dict[str, object]:
    """Return the body of an error."""
    if mode == "prod":
        return {"statusCode": status, "timestamp": timestamp, "message": text, "path": path}
    return {
        "httpStatus": status,
        "timestamp": timestamp,
        "path": path,
        "method": method,
        "errorName": NAMES[status][0] if status in NAMES else "HttpException",
        "message": text,
    }
