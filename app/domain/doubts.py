"""Messages of which nobody knows whether they were stored, because the store went silent in the middle.

So it is with the end of a room that was to be closed, which is a message here like any other.

The sender was told that it failed. If it was stored all the same, its recipients must not have to wait for their next
connect: as soon as the store answers again it is looked for, and for a while longer, as a write that was under way may
still be carried out by a store that was frozen.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Generic, Protocol, TypeVar

from app.domain.errors import NotFound, Unavailable

__all__ = ["Doubts", "Identified"]

log = logging.getLogger("parley.mailbox")

INTERVAL = 1.0
"""Seconds between two looks."""

LOOKS = 10
"""How often a store that answers is asked for a message before it counts as not stored."""

TOGETHER = 500
"""How many messages are looked for by one request."""

MOST = 10_000
"""How many messages are looked for; those that come then are given up, as a store that is away was asked for the first
of them before that was known."""


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
        stored: returns the ids of those of the messages that are stored; may raise `Unavailable`.
        found: called with each message that is there, in the order of their ids; `Unavailable` has it called again.
        sleep: waits for so many seconds.

    """

    def __init__(
        self,
        stored: Callable[[Sequence[M]], Awaitable[Collection[str]]],
        found: Callable[[M], Awaitable[None]],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._stored = stored
        self._found = found
        self._sleep = sleep
        self._doubts: dict[str, _Doubt[M]] = {}
        self._looking: asyncio.Task[None] | None = None
        self._closed = False
        self._given_up = 0

    @property
    def left(self) -> int:
        """How many messages may be stored and were not found."""
        return len(self._doubts) + self._given_up

    def add(self, message: M) -> None:
        """Look for a message until it is found, or is known not to be stored."""
        if len(self._doubts) == MOST:
            self._given_up += 1
            log.error("a message is not looked for that may be stored: too many are")
            return
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
            ids = iter(sorted(self._doubts))
            try:
                while some := list(islice(ids, TOGETHER)):
                    await self._look_for(some)
            except Unavailable:
                continue
            except Exception:
                log.exception("messages that may be stored could not be looked for")
        self._looking = None

    async def _look_for(self, message_ids: list[str]) -> None:
        there = await self._stored([self._doubts[message_id].message for message_id in message_ids])
        for message_id in message_ids:
            doubt = self._doubts[message_id]
            doubt.looks -= 1
            if message_id in there:
                await self._find(doubt.message)
            if message_id in there or doubt.looks <= 0:
                del self._doubts[message_id]

    async def _find(self, message: M) -> None:
        try:
            await self._found(message)
        except Unavailable:
            raise
        except NotFound:
            pass  # its sender does not exist any more
        except Exception:
            log.exception("a message that turned out to be stored could not be delivered")
