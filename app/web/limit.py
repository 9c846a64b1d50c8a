"""A limit on how often a client may ask, whatever it asks for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from quart import Quart, request

__all__ = ["PROBES", "install"]

PROBES = frozenset(("/healthz", "/readyz", "/metrics"))
"""Paths that are not counted: who looks after the server asks for them from one address, again and again."""


def install(app: Quart, take: Callable[[str], Awaitable[None]]) -> None:
    """Have `take` called with the client's address at every request, but for probes and a browser's preflights.

    It raises `TooMany` for a request that is one too many, which is answered 429 with `Retry-After`.
    """

    @app.before_request
    async def count() -> None:
        if request.path not in PROBES and request.method != "OPTIONS":
            await take((request.scope.get("client") or ("",))[0])
