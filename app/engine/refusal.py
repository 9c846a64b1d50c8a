"""A request that the engine refuses, with the codes and texts of Node's server."""

from __future__ import annotations

import orjson

__all__ = ["FORBIDDEN", "METHOD", "REQUEST", "SID", "TRANSPORT", "VERSION", "RefusedRequestError"]

TRANSPORT, SID, METHOD, REQUEST, FORBIDDEN, VERSION = range(6)
_TEXTS = (
    "Transport unknown",
    "Session ID unknown",
    "Bad handshake method",
    "Bad request",
    "Forbidden",
    "Unsupported protocol version",
)


class RefusedRequestError(Exception):
    """A request that is answered with an error.

    Attributes:
        status: of the answer.
        headers: that go with it.
        body: JSON, `{"code", "message"}`.

    """

    def __init__(self, code: int, status: int = 400, text: str = "", close: bool = False) -> None:
        super().__init__(code)
        self.status = status
        self.headers = [(b"retry-after", b"1")] if status in (429, 503) else []
        if close:
            self.headers.append((b"connection", b"close"))
        self.body = orjson.dumps({"code": code, "message": text or _TEXTS[code]})
