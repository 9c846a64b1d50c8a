"""Messages of which nobody knows whether they were stored, because the store went silent in the middle.

The sender was told that it failed. If it was stored all the same, its recipients must not have to wait for their next
connect: as soon as the store answers again it is looked for, and for a while longer, as a write that was under way may
still be carried out by a store that was frozen.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from app.domain.errors import Unavailable
from app.store.base import NewMessage, Store

__all__ = ["Doubts"]

log = logging.getLogger("parley.mailbox")

INTERVAL = 1.0
"""Seconds between two looks."""

LOOKS = 10
"""How often a store that answers is asked for a message before it counts as not stored."""

MOST = 10_000
"""How many messages are looked for at a time; the oldest are given up first."""


@dataclass(slots=True)
class _Doubt:
    message: NewMessage
    looks: int = LOOKS


class Doubts:
    """Looks for messages that may be stored.

    Args:
        store: where they would be.
        found: called with each message that is there, in the order of their ids; may raise `Unavailable`.
        sleep: waits for so many seconds.

    """

    def __init__(
        self,
        store: Store,
        found: Callable[[NewMessage], Awaitable[None]],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._store = store
        self._found = found
        self._sleep = sleep
        self._doubts: dict[str, _Doubt] = {}
        self._looking: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def left(self) -> int:
        """How many messages may be stored and were not found yet."""
        return len(self._doubts)

    def add(self, message: NewMessage) -> None:
        """Look for a message until it is found, or is known not to be stored."""
        if len(self._doubts) == MOST:
            del self._doubts[next(iter(self._doubts))]
        self._doubts[message.id] = _Doubt(message)
        if self._looking is None and not self._closed:
            self._looking = asyncio.create_task(self._look())

    async def close(self) -> None:
        """Look no more."""
        self._closed = True
        if self._looking:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)

    async def _look(self) -> None:
        while self._doubts:
            await self._sleep(INTERVAL)
            try:
                for doubt in sorted(self._doubts.values(), key=_id):
                    await self._look_for(doubt)
            except Unavailable:
                continue
            except Exception:
                log.exception("messages that may be stored could not be looked for")
        self._looking = None

    async def _look_for(self, doubt: _Doubt) -> None:
        message = doubt.message
        if await self._store.stored(message.id):
            await self._found(message)
            self._doubts.pop(message.id, None)
            return
        doubt.looks -= 1
        if not doubt.looks:
            self._doubts.pop(message.id, None)


def _id(doubt: _Doubt) -> str:
    return doubt.message.id
