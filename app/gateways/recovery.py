"""Recovery: users, or rooms, are given what the cluster may have lost on its way to them.

The cluster is a hint and the store is the truth. After a gap everybody whom it may concern is looked up, many in
one request, until there was an answer for each; their sockets notice nothing but that messages come late.

Where many cannot be recovered together each is tried alone, so that one for whom it fails, whatever is stored about
them, costs the others little; who fails alone rests for longer each time, and keeps nobody else waiting.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from itertools import islice, takewhile
from typing import cast

from app.domain.errors import Unavailable

__all__ = ["Recovery"]

log = logging.getLogger("parley.gateway")

TOGETHER = 100
"""How many are looked up by one request."""

AT_ONCE = 4
"""How many requests are under way at a time."""

RETRY = 0.5
"""Seconds until who could not be recovered is tried again; twice as long each time that it fails for one alone."""

LONGEST_RETRY = 4.0
"""The longest of them: so late may somebody be recovered after the store has come back."""


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
        self._failures: dict[str, int] = {}  # of who is tried alone, how often that failed
        self._workers: set[asyncio.Task[None]] = set()
        self._resting: dict[str, asyncio.Task[None]] = {}
        self._closed = False

    def want(self, name: str) -> None:
        """Recover one from what is stored now; once more, if a recovery of theirs is running."""
        if self._closed or name in self._resting:
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
        tasks = *self._workers, *self._resting.values()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._workers.clear()
        self._resting.clear()

    async def _work(self) -> None:
        while names := self._next():
            for name in names:
                del self._waiting[name]
            self._running.update(names)
            failed = not await self._try(names)
            self._running.difference_update(names)
            again = self._again.intersection(names)
            self._again -= again
            if failed:
                self._fail(names)
            else:
                for name in names:
                    self._failures.pop(name, None)
                self._waiting.update(dict.fromkeys(again))
        # at once: until a task is done, another would not begin for who is wanted from now on
        self._workers.discard(cast("asyncio.Task[None]", asyncio.current_task()))

    def _next(self) -> list[str]:
        """Return who is recovered next: one who is tried alone, or as many as are not."""
        first = list(islice(self._waiting, 1))
        if first and first[0] in self._failures:
            return first
        return list(islice(takewhile(lambda name: name not in self._failures, self._waiting), TOGETHER))

    async def _try(self, names: list[str]) -> bool:
        try:
            await self._recover(names)
        except Exception as error:
            # once for each: it is tried again and again
            if not isinstance(error, Unavailable) and len(names) == 1 and self._failures.get(names[0], 0) <= 1:
                log.exception("%r could not be recovered", names[0])
            return False
        return True

    def _fail(self, names: list[str]) -> None:
        """Try each of these alone; who was, after a rest."""
        if len(names) > 1:
            for name in names:
                self._failures[name] = 0
                self._waiting[name] = None
            return
        name = names[0]
        failures = self._failures.get(name, 0)
        self._failures[name] = failures + 1
        self._resting[name] = asyncio.create_task(self._rest(name, min(RETRY * 2 ** min(failures, 16), LONGEST_RETRY)))

    async def _rest(self, name: str, seconds: float) -> None:
        await self._sleep(seconds)
        del self._resting[name]
        self.want(name)
