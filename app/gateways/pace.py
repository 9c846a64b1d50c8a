"""News that may come as often as it likes, and is told no more often than clients can bear."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from app.domain.errors import Unavailable

__all__ = ["Pace"]

log = logging.getLogger("parley.gateway")


class Pace:
    """Has something done after each time that it was wanted: at once, but no more than once in an interval.

    What is wanted in between is done once, after the interval. What fails is done again then.

    Args:
        do: does it.
        interval: seconds.
        sleep: waits for so many seconds.

    """

    def __init__(
        self,
        do: Callable[[], Awaitable[None]],
        interval: float,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._do = do
        self._interval = interval
        self._sleep = sleep
        self._wanted = False
        self._closed = False
        self._task: asyncio.Task[None] | None = None

    def want(self) -> None:
        """Have it done."""
        if self._closed:
            return
        self._wanted = True
        if self._task is None:
            self._task = asyncio.create_task(self._work())

    async def close(self) -> None:
        """Do it no more."""
        self._closed = True
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _work(self) -> None:
        while self._wanted:
            self._wanted = False
            try:
                await self._do()
            except Exception as error:
                if not isinstance(error, Unavailable):
                    log.exception("news could not be told")
                self._wanted = True
            await self._sleep(self._interval)
        self._task = None
