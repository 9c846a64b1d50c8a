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
from typing import Any, Generic, Protocol, TypeVar

from app.domain.errors import Unavailable

__all__ = ["Doubts", "Identified"]

log = logging.getLogger("parley.mailbox")

INTERVAL = 1.0
"""Seconds between two looks."""

LOOKS = 10
"""How often a store that answers is asked for a message before it counts as not stored."""

MOST = 10_000
"""How many messages are looked for at a time; the oldest are given up first."""


class Identified(Protocol):
    """A message of any kind."""

    @property
    def id(self) -> str:
        """What belongs to it alone, and sorts in the order of sending."""
        ...


M = TypeVar("M", bound=Identified)


@dataclass(slots=True)
class _Doubt(Generic[M]):
    message: M
    looks: int = LOOKS


class Doubts(Generic[M]):
    """Looks for messages that may be stored.

    Args:
        stored: says whether a message is; may raise `Unavailable`.
        found: called with each message that is there, in the order of their ids; may raise `Unavailable`.
        sleep: waits for so many seconds.

    """

    def __init__(
        self,
        stored: Callable[[M], Awaitable[bool]],
        found: Callable[[M], Awaitable[None]],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._stored = stored
        self._found = found
        self._sleep = sleep
        self._doubts: dict[str, _Doubt[M]] = {}
        self._looking: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def left(self) -> int:
        """How many messages may be stored and were not found yet."""
        return len(self._doubts)

    def add(self, message: M) -> None:
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

    async def _look_for(self, doubt: _Doubt[M]) -> None:
        message = doubt.message
        if await self._stored(message):
            await self._found(message)
            self._doubts.pop(message.id, None)
            return
        doubt.looks -= 1
        if not doubt.looks:
            self._doubts.pop(message.id, None)


def _id(doubt: _Doubt[Any]) -> str:
    return doubt.message.id
