"""What could not be done because the store or the cluster did not answer, and is done late rather than never."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from itertools import islice

from app.domain.errors import Unavailable

__all__ = ["Arrears"]

log = logging.getLogger("parley.gateway")

TOGETHER = 100
"""How many are done at a time."""

MOST = 10_000
"""How many are kept; what comes then is given up."""

RETRY = 0.5
"""Seconds until what was not answered is tried again."""


class Arrears:
    """Does again what raised `Unavailable`, until it does not.

    Args:
        sleep: waits for so many seconds.

    """

    def __init__(self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._sleep = sleep
        self._due: dict[str, Callable[[], Awaitable[None]]] = {}
        self._paying: asyncio.Task[None] | None = None
        self._closed = False

    async def do(self, key: str, now: Callable[[], Awaitable[None]], later: Callable[[], Awaitable[None]]) -> None:
        """Do something now, or as soon as that can be, in the place of what is due under the same key.

        Args:
            key: what it is about.
            now: does it.
            later: does it, when something else may have happened since.

        """
        self._due.pop(key, None)
        try:
            await now()
        except Unavailable:
            if self._closed or len(self._due) >= MOST:
                log.warning("given up, as nothing answers: %s", key)
                return
            self._due[key] = later
            if self._paying is None:
                self._paying = asyncio.create_task(self._pay())

    async def close(self) -> None:
        """Do nothing any more."""
        self._closed = True
        if self._paying:
            self._paying.cancel()
            await asyncio.gather(self._paying, return_exceptions=True)

    async def _pay(self) -> None:
        while self._due:
            await self._sleep(RETRY)
            while some := dict(islice(self._due.items(), TOGETHER)):
                if not all(await asyncio.gather(*(self._done(key, chore) for key, chore in some.items()))):
                    break
        self._paying = None

    async def _done(self, key: str, chore: Callable[[], Awaitable[None]]) -> bool:
        """Return whether something that was due is not any more."""
        try:
            await chore()
        except Unavailable:
            return False
        except Exception:
            log.exception("%s could not be done", key)
        if self._due.get(key) is chore:
            del self._due[key]
        return True
