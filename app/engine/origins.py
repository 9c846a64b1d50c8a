"""Which origins a browser may use an engine from: the CORS headers of long polling, and a check of every handshake.

A browser applies CORS to requests, not to websockets, so an origin that is not allowed is refused on both.

To be reached from this machine alone is no protection from a browser that runs on it, whatever page that shows. Nor
are origins, where a page has had its own name point to this machine: what it asks for has no origin then. So an engine
that is for this machine refuses the names of others.
"""

from __future__ import annotations

import ipaddress
from typing import Any
from urllib.parse import urlsplit

from app.engine.refusal import FORBIDDEN, RefusedRequestError

__all__ = ["Origins"]

Headers = list[tuple[bytes, bytes]]


class Origins:
    """Who may use an engine, as a browser says.

    Args:
        allowed: the origins that are; "*" among them allows all.
        local: whether it is for pages of this machine alone, and under its own names.

    """

    def __init__(self, allowed: tuple[str, ...], *, local: bool = False) -> None:
        self._all = "*" in allowed
        self._allowed = {origin.encode("latin-1", "replace") for origin in allowed}
        self._local = local

    def check(self, scope: Any) -> None:
        """Raise `RefusedRequestError` (403) if a request, by its origin or its host, may not use the engine."""
        headers = dict(scope["headers"])
        origin, host = headers.get(b"origin"), headers.get(b"host")
        if not (self._all or origin is None or origin in self._allowed):
            raise RefusedRequestError(FORBIDDEN, 403, "Origin not allowed")
        if self._local and not (
            (origin is None or _of_this_machine(origin)) and (host is None or _of_this_machine(b"//" + host))
        ):
            raise RefusedRequestError(FORBIDDEN, 403, "Only allowed as localhost, and to pages of localhost")

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


def _of_this_machine(url: bytes) -> bool:
    """Tell whether a URL names this machine, by a name or address that is of no other."""
    try:
        name = urlsplit(url.decode("latin-1")).hostname or ""
        return name == "localhost" or name.endswith(".localhost") or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
