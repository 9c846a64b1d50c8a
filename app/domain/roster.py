"""Who is connected: a user comes with the first socket and goes with the last, and a lost connection has a grace.

A client that says goodbye is gone at once. One whose transport closed or died counts as connected for a while, so
that a page reload announces nothing: the next socket of the user takes the place of the one that was lost.

A cluster that does not answer keeps nobody waiting; it tells later, through its listener, who has come and gone.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable

from app.cluster.base import Cluster
from app.domain.errors import Unavailable

__all__ = ["Presence"]


class Presence:
    """The presence of users in one contract, over all servers.

    Args:
        roster: the contract's name.
        cluster: where the roster is kept.
        grace: seconds that a lost connection may take to come back unannounced.
        gone: called when a user's last socket is gone, grace included.
        sleep: waits for so many seconds.

    """

    def __init__(
        self,
        roster: str,
        cluster: Cluster,
        grace: float,
        gone: Callable[[str], Awaitable[None]],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._roster = roster
        self._cluster = cluster
        self._grace = grace
        self._gone = gone
        self._sleep = sleep
        self._expiries: set[asyncio.Task[None]] = set()

    async def arrive(self, user: str, socket: str, data: str = "") -> bool:
        """Add a socket. Return True if the user was not connected, as far as the cluster can tell now."""
        return await self._cluster.arrive(self._roster, user, socket, data)

    async def update(self, user: str, socket: str, data: str) -> None:
        """Keep other data with a socket."""
        await self._cluster.update(self._roster, user, socket, data)

    async def goodbye(self, user: str, socket: str) -> None:
        """Remove a socket whose client took its leave."""
        if await self._cluster.leave(self._roster, user, socket):
            await self._gone(user)

    async def lost(self, user: str, socket: str) -> asyncio.Task[None]:
        """Remove a socket whose connection was lost, after the grace and unless the user has come back.

        Return what ends when that was done.
        """
        await self._cluster.linger(self._roster, user, socket)
        expiry = asyncio.create_task(self._expire(user, socket))
        self._expiries.add(expiry)
        expiry.add_done_callback(self._expiries.discard)
        return expiry

    async def _expire(self, user: str, socket: str) -> None:
        await self._sleep(self._grace)
        with contextlib.suppress(Unavailable):  # the server is closing: its sockets are for the others to remove
            await self.goodbye(user, socket)

    async def present(self, users: Iterable[str]) -> set[str]:
        """Return those of the users who are connected, or were so within the grace."""
        return await self._cluster.present(self._roster, users)

    async def close(self) -> None:
        """Announce nothing more."""
        for expiry in self._expiries:
            expiry.cancel()
        await asyncio.gather(*self._expiries, return_exceptions=True)
