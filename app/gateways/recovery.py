"""Recovery: users, or rooms, are given what the cluster may have lost on its way to them.

The cluster is a hint and the store is the truth. After a gap everybody whom it may concern is looked up, many in
one request, until there was an answer for each; their sockets notice nothing but that messages come late.
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
"""How many are looked up by one request."""

AT_ONCE = 4
"""How many requests are under way at a time."""

RETRY = 0.5
"""Seconds until a store that did not answer is asked again."""


class Recovery:
    """Has everybody who is wanted recovered, one recovery of each at a time.

    Args:
        recover: recovers some, by name; raises `Unavailable` to be called again.
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

    def want(self, name: str) -> None:
        """Recover one from what is stored now; once more, if a recovery of theirs is running."""
        if self._closed:
            return
        if name in self._running:
            self._again.add(name)
            return
        self._waiting[name] = None
        if len(self._workers) < AT_ONCE:
            self._workers.add(asyncio.create_task(self._work()))

    def outdated(self, name: str) -> bool:
        """Whether a recovery that is running will be followed by another of the same."""
        return name in self._again

    async def close(self) -> None:
        """Recover nobody any more."""
        self._closed = True
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        self._workers.clear()

    async def _work(self) -> None:
        while names := list(islice(self._waiting, TOGETHER)):
            for name in names:
                del self._waiting[name]
            self._running.update(names)
            try:
                await self._recover(names)
            except Exception as error:
                if not isinstance(error, Unavailable):
                    log.exception("nobody could be recovered")
                self._again.update(names)
                await self._sleep(RETRY)
            self._running.difference_update(names)
            again = self._again.intersection(names)
            self._again -= again
            self._waiting.update(dict.fromkeys(again))
        # at once: until a task is done, another would not begin for who is wanted from now on
        self._workers.discard(cast("asyncio.Task[None]", asyncio.current_task()))
