"""What becomes of the sockets of a server that gives no sign of life."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from app.cluster.base import Listener
from app.cluster.redis_link import Link
from app.cluster.redis_scripts import SWEEP, microseconds
from app.cluster.redis_wire import decoded

__all__ = ["Sweeper"]

CHUNK = b"500"
"""How many sockets are removed at once."""

AFTERCARE = 120.0
"""Seconds for which a death is told of again and again.

A server that is cut off from Redis alone counts as dead, and goes on. What it stores from then on it cannot publish;
if it dies before it can say so, nobody else would know.
"""


class Sweeper:
    """Removes what dead servers left, and tells of the users who are absent by that.

    Of all servers one does it, and its listener alone hears of a user; should it end before it could, another's does.

    Args:
        link: the way to Redis.
        prefix: what all names in Redis begin with.
        server: the name of this server.
        timeout: seconds without a sign of life until a server counts as dead.
        died: called when this server is to tell that one died which did not take its leave; of all servers one is, now
            and for a while.

    """

    def __init__(self, link: Link, prefix: bytes, server: bytes, timeout: float, died: Callable[[], None]) -> None:
        self._link = link
        self._prefix = prefix
        self._server = server
        self._timeout = timeout
        self._died = died
        self._earliest = 0.0

    def wait(self) -> None:
        """Sweep nothing for a while: other servers may be on their way back too."""
        self._earliest = asyncio.get_running_loop().time() + self._timeout

    @property
    def waiting(self) -> bool:
        """Other servers may be late without being dead."""
        return asyncio.get_running_loop().time() < self._earliest

    async def sweep(self, listener: Listener) -> None:
        """Sweep after every server that is late. Raise `Unavailable`; what was done until then is told of."""
        late, often = microseconds(self._timeout), microseconds(1.25 * self._timeout)
        found = 1
        while found:
            words = self._prefix, self._server, late, CHUNK, microseconds(AFTERCARE), often
            found, death, *absent = await self._link.run(SWEEP, *words)
            if death:
                self._died()
            for roster, user in zip(absent[::2], absent[1::2], strict=True):
                listener.departed(decoded(roster), decoded(user))
            if absent:
                told = [b"%b\n%b" % pair for pair in zip(absent[::2], absent[1::2], strict=True)]
                await self._link.call("ZREM", self._prefix + b":departed", *told)
