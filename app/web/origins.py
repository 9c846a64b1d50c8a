"""Which origins a browser may change something from.

CORS keeps a page of another origin from reading an answer, and asks before a request that no form could make. One that
a form could make, a POST of a form or of plain text, is sent unasked: so it is refused here.
"""

from __future__ import annotations

from collections.abc import Collection

from quart import Quart, request

from app.domain.errors import Forbidden

__all__ = ["install"]

_HARMLESS = frozenset(("GET", "HEAD", "OPTIONS"))


def install(app: Quart, allowed: Collection[str]) -> None:
    """Answer 403 to a request that may change something and comes from a page of an origin that is not allowed.

    A page of this very host is allowed, and so is what is no page's: it says no origin.
    """

    @app.before_request
    async def check() -> None:
        origin = request.headers.get("Origin")
        if request.method not in _HARMLESS and origin is not None and not (origin in allowed or _is_own(origin)):
            raise Forbidden("Origin not allowed")


def _is_own(origin: str) -> bool:
    """Return whether an origin is this host's. Its scheme is passed over: what terminates TLS need not say which."""
    return bool(request.host) and origin.partition("://")[2].lower() == request.host.lower()
