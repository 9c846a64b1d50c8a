"""Which origins a browser may use an engine from: the CORS headers of long polling, and a check of every handshake.

A browser applies CORS to requests, not to websockets, so an origin that is not allowed is refused on both.
"""

from __future__ import annotations

from typing import Any

from app.engine.refusal import FORBIDDEN, RefusedRequestError

__all__ = ["Origins"]

Headers = list[tuple[bytes, bytes]]


class Origins:
    """The origins that are allowed; "*" among them allows all."""

    def __init__(self, allowed: tuple[str, ...]) -> None:
        self._all = "*" in allowed
        self._allowed = {origin.encode("latin-1", "replace") for origin in allowed}

    def check(self, scope: Any) -> None:
        """Raise `RefusedRequestError` (403) if the origin of a request may not use the engine."""
        origin = dict(scope["headers"]).get(b"origin")
        if not (self._all or origin is None or origin in self._allowed):
            raise RefusedRequestError(FORBIDDEN, 403, "Origin not allowed")

    def headers(self, scope: Any) -> Headers:
        """Return the CORS headers of the answer to a request."""
        asked = dict(scope["headers"])
        origin = asked.get(b"origin")
        if self._all:
            cors = [(b"access-control-allow-origin", b"*")]
        elif origin in self._allowed:
            cors = [(b"access-control-allow-origin", origin), (b"vary", b"Origin")]
        else:
            return [(b"vary", b"Origin")]
        if scope["method"] == "OPTIONS":
            cors.append((b"access-control-allow-methods", b"GET, POST, OPTIONS"))
            if wanted := asked.get(b"access-control-request-headers"):
                cors.append((b"access-control-allow-headers", wanted))
        return cors
