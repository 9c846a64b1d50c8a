"""Recovery: users are given from the store what the cluster may have lost on its way to them.

The cluster is a hint and the store is the truth. After a gap every user whom it may concern is looked up, many in
one request, until the store has answered for each; their sockets notice nothing but that messages come late.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from itertools import islice
from typing import cast

from app.domain.errors import Unavailable

__all__ = ["Recovery"]

log = logging.getLogger("parley.gateway")

TOGETHER = 100
"""How many users are looked up by one request."""

AT_ONCE = 4
"""How many requests are under way at a time."""

RETRY = 0.5
"""Seconds until a store that did not answer is asked again."""


class Recovery:
    """Has each user who is wanted recovered, one recovery of a user at a time.

    Args:
        recover: recovers some users; raises `Unavailable` to be called again.
        sleep: waits for so many seconds.

    """

    def __init__(
        self,
        recover: Callable[[list[str]], Awaitable[None]],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._recover = recover
        self._sleep = sleep
        self._waiting: dict[str, None] = {}
        self._running: set[str] = set()
        self._again: set[str] = set()
        self._workers: set[asyncio.Task[None]] = set()
        self._closed = False

    def want(self, user: str) -> None:
        """Recover a user from what is stored now; once more, if a recovery of theirs is running."""
        if self._closed:
            return
        if user in self._running:
            self._again.add(user)
            return
        self._waiting[user] = None
        if len(self._workers) < AT_ONCE:
            self._workers.add(asyncio.create_task(self._work()))

    def outdated(self, user: str) -> bool:
        """Whether a recovery of the user that is running will be followed by another."""
        return user in self._again

    async def close(self) -> None:
        """Recover nobody any more."""
        self._closed = True
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        self._workers.clear()

    async def _work(self) -> None:
        while users := list(islice(self._waiting, TOGETHER)):
            for user in users:
                del self._waiting[user]
            self._running.update(users)
            try:
                await self._recover(users)
            except Exception as error:
                if not isinstance(error, Unavailable):
                    log.exception("users could not be recovered")
                self._again.update(users)
                await self._sleep(RETRY)
            self._running.difference_update(users)
            again = self._again.intersection(users)
            self._again -= again
            self._waiting.update(dict.fromkeys(again))
        # at once: until a task is done, another would not begin for who is wanted from now on
        self._workers.discard(cast("asyncio.Task[None]", asyncio.current_task()))
