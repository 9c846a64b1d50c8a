"""Who is connected: a user comes with the first socket and goes with the last, and a lost connection has a grace.

A client that says goodbye is gone at once. One whose transport closed or died counts as connected for a while, so
that a page reload announces nothing: the next socket of the user takes the place of the one that was lost.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any

from app.cluster.base import Cluster
from app.domain.errors import Unavailable

__all__ = ["Presence"]

log = logging.getLogger("parley.presence")

RETRY = 1.0
"""Seconds until a cluster that did not answer is asked again."""


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

    async def arrive(self, user: str, socket: str) -> bool:
        """Add a socket. Return True if the user was not connected."""
        return await self._cluster.arrive(self._roster, user, socket)

    async def goodbye(self, user: str, socket: str) -> None:
        """Remove a socket whose client took its leave; as soon as the cluster answers, if it does not now."""
        try:
            last = await self._cluster.leave(self._roster, user, socket)
        except Unavailable:
            self._later(self._remove(user, socket, RETRY))
        else:
            if last:
                await self._gone(user)

    async def lost(self, user: str, socket: str) -> None:
        """Remove a socket whose connection was lost, after the grace and unless the user has come back."""
        try:
            await self._cluster.linger(self._roster, user, socket)
        except Unavailable:
            log.warning("the cluster did not answer: a lost connection counts until the end of its grace")
        self._later(self._remove(user, socket, self._grace))

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._expiries.add(task)
        task.add_done_callback(self._expiries.discard)

    async def _remove(self, user: str, socket: str, delay: float) -> None:
        """Remove a socket after a delay, and again until the cluster answers."""
        await self._sleep(delay)
        while True:
            try:
                last = await self._cluster.leave(self._roster, user, socket)
            except Unavailable:
                await self._sleep(RETRY)
            else:
                break
        if last:
            await self._gone(user)

    async def present(self, users: Iterable[str]) -> set[str]:
        """Return those of the users who are connected, or were so within the grace."""
        return await self._cluster.present(self._roster, users)

    async def close(self) -> None:
        """Announce nothing more."""
        for expiry in self._expiries:
            expiry.cancel()
        await asyncio.gather(*self._expiries, return_exceptions=True)
