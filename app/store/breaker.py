"""A circuit breaker: an engine that is known not to answer keeps nobody waiting."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from app.domain.errors import NotSent

__all__ = ["Breaker"]

log = logging.getLogger("parley.store")

PATIENCE = 1.0
"""Seconds that an engine has to give a sign of life after a call has failed."""

INTERVAL = 0.25
"""Seconds between two attempts."""


class Breaker:
    """Refuses calls while the engine gives no sign of life.

    A call that failed says little: it may have been too much for the time it had. So it has the engine asked for a
    sign of life, and only when there is none calls are refused, until there is one.

    Args:
        ping: asks for a sign of life; raises if there is none.

    """

    def __init__(self, ping: Callable[[], Awaitable[None]]) -> None:
        self._ping = ping
        self._probing: asyncio.Task[None] | None = None
        self._closed = False
        self.refusing = False

    def check(self) -> None:
        """Raise `NotSent` while calls are refused."""
        if self.refusing:
            raise NotSent from ConnectionError("the engine gives no sign of life")

    def failed(self) -> None:
        """Hear that a call failed, which the engine did not answer."""
        if self._probing is None and not self._closed:
            self._probing = asyncio.create_task(self._probe())

    async def close(self) -> None:
        """Ask no more, whatever fails from now on."""
        self._closed = True
        if self._probing:
            self._probing.cancel()
            await asyncio.gather(self._probing, return_exceptions=True)
            self._probing = None

    async def _probe(self) -> None:
        while not await self._answers():
            if self._closed:
                return  # the driver may have swallowed that this was cancelled
            if not self.refusing:
                log.error("the engine gives no sign of life: calls are refused until it does")
                self.refusing = True
            await asyncio.sleep(INTERVAL)
        if self.refusing:
            log.info("the engine answers again")
            self.refusing = False
        self._probing = None

    async def _answers(self) -> bool:
        try:
            async with asyncio.timeout(PATIENCE):
                await self._ping()
        except Exception:
            return False
        return True
