"""What an error looks like on the wire: a contract has an envelope, and the path says whose an error is.

That of friends, which is also for what no other contract has, tells what happened in `dev`, and little in `prod`.
That of notifications is what NestJS answers by itself. So is that of rooms, but for the errors that its document
names by a code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from app.domain.rooms import RoomConflict, RoomForbidden, RoomNotFound

__all__ = ["BY_PREFIX", "FRIENDS", "NAMES", "Envelope", "Failure", "Mode", "envelope_of"]

Mode = Literal["dev", "prod"]

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


@dataclass(frozen=True, slots=True)
class Failure:
    """An error that is to be answered.

    Attributes:
        status: of the answer.
        text: one sentence for the client.
        method: of the request.
        path: of the request, without its query, which can hold a token.
        timestamp: the instant, in ISO-8601.
        code: the error's, where it is the domain's (`ParleyError.code`).
        broken: a sentence for each rule that the fields of the request break.

    """

    status: int
    text: str
    method: str
    path: str
    timestamp: str
    code: str = ""
    broken: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Envelope:
    """What the errors of some paths look like.

    Attributes:
        schema: what it is called in the OpenAPI document.
        show: returns the body of an answer.
        challenge: the kind of credential that is asked for where there is none.

    """

    schema: str
    show: Callable[[Failure], dict[str, object]]
    challenge: str = "Bearer"


def _dev(failure: Failure) -> dict[str, object]:
    return {
        "httpStatus": failure.status,
        "timestamp": failure.timestamp,
        "path": failure.path,
        "method": failure.method,
        "errorName": NAMES[failure.status][0] if failure.status in NAMES else "HttpException",
        "message": failure.text,
    }


def _prod(failure: Failure) -> dict[str, object]:
    return {
        "statusCode": failure.status,
        "timestamp": failure.timestamp,
        "message": failure.text,
        "path": failure.path,
    }


def _notifications(failure: Failure) -> dict[str, object]:
    return {
        "message": list(failure.broken) or failure.text,
        "error": NAMES[failure.status][1] if failure.status in NAMES else "Error",
        "statusCode": failure.status,
    }


def _rooms(failure: Failure) -> dict[str, object]:
    if failure.code in _ROOMS_CODES:
        return {"code": failure.code, "message": failure.text}
    nest = _notifications(failure)
    return {key: nest[key] for key in ("statusCode", "message", "error")}


_ROOMS_CODES = {error.code for error in (RoomConflict, RoomForbidden, RoomNotFound)}

FRIENDS: Mapping[Mode, Envelope] = {"dev": Envelope("Error", _dev), "prod": Envelope("Error", _prod)}
"""The envelope of all paths that have no other."""

NOTIFICATIONS = Envelope("NotificationError", _notifications, challenge="X-API-Key")

ROOMS = Envelope("RoomError", _rooms)

BY_PREFIX: Mapping[str, Envelope] = {
    "/notification/": NOTIFICATIONS,
    "/api/notification/": NOTIFICATIONS,
    "/api/v1/rooms": ROOMS,
}
"""The envelopes of the paths that begin so."""


def envelope_of(path: str, mode: Mode) -> Envelope:
    """Return the envelope of the errors of a path."""
    return next((envelope for prefix, envelope in BY_PREFIX.items() if path.startswith(prefix)), FRIENDS[mode])
