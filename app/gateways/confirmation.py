"""The confirmation of what was delivered, without help from the client's code."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from app.domain.errors import Unavailable
from app.domain.feed import Feed
from app.engine.base import Connection

__all__ = ["Confirmation"]

log = logging.getLogger("parley.gateway")


class Confirmation:
    """Has a client's PONGs confirm what its feed was given.

    After something was given, the connection is probed: at most once in `interval` seconds and one probe at a time.
    What a probe proves to have arrived is confirmed in the store; if the store does not answer, the next one does it.

    Args:
        connection: whose PONGs they are.
        feed: what it was given.
        confirm: records ids as confirmed by the user.
        interval: seconds.

    """

    def __init__(
        self,
        connection: Connection,
        feed: Feed[Any],
        confirm: Callable[[list[str]], Awaitable[None]],
        interval: float,
    ) -> None:
        self._connection = connection
        self._feed = feed
        self._confirm = confirm
        self._interval = interval
        self._loop = asyncio.get_running_loop()
        self._earliest = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._recording: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """Hear that the feed was given something."""
        if self._timer is not None or not self._feed.due:
            return
        wait = self._earliest - self._loop.time()
        if wait > 0:
            self._timer = self._loop.call_later(wait, self._probe)
        else:
            self._probe()

    def stop(self) -> None:
        """Probe no more: the connection has ended."""
        if self._timer is not None:
            self._timer.cancel()

    def _probe(self) -> None:
        self._timer = None
        self._earliest = self._loop.time() + self._interval
        self._feed.begin()
        self._connection.probe(self._arrived)

    def _arrived(self) -> None:
        self._recording = asyncio.create_task(self._record())

    async def _record(self) -> None:
        try:
            await self._confirm(self._feed.end())
        except Unavailable:
            self._feed.again()
        except Exception:
            log.exception("what arrived could not be confirmed")
            self._feed.again()
        else:
            self._feed.recorded()
        if self._connection.open:
            self.wake()
