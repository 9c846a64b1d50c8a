"""A connection to Redis that is made again whenever it was lost."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Sequence
from typing import Any, Protocol

from app.cluster.base import ClusterUnusableError
from app.cluster.redis_address import Address
from app.cluster.redis_wire import Wire
from app.domain.errors import Unavailable

__all__ = ["Lifeline", "Owner"]

log = logging.getLogger("parley.cluster")

FIRST, LONGEST = 0.05, 1.0
"""Seconds that are waited before the first and any further attempt, the wait being doubled each time."""


class Owner(Protocol):
    """Whose connection it is. Nothing of this may raise."""

    def up(self, wire: Wire) -> None:
        """Take a connection that was just made; called before anything is heard over it."""
        ...

    def down(self) -> None:
        """Hear that the connection was lost."""
        ...

    def take(self, replies: list[Any]) -> None:
        """Take some replies, in their order."""
        ...

    def owed(self) -> bool:
        """Tell whether an answer is awaited."""
        ...

    def ping(self) -> None:
        """Ask for a sign of life."""
        ...


class Lifeline:
    """Keeps one connection to a Redis from `open` to `close`; after that nothing of it is left.

    Args:
        name: what the connection is for, in logs.
        address: where Redis is.
        timeout: seconds for the making, and for an answer.
        owner: whose connection it is.
        greeting: commands without which a connection is of no use.

    """

    def __init__(
        self, name: str, address: Address, timeout: float, owner: Owner, greeting: Sequence[bytes] = ()
    ) -> None:
        self._name = name
        self._address = address
        self._timeout = timeout
        self._owner = owner
        self._greeting = greeting
        self._wire: Wire | None = None
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Make the connection. Raise `Unavailable`, `ClusterUnusableError`."""
        wire = await self._address.dial(self._timeout, self._greeting)
        self._serve(wire)
        self._task = asyncio.create_task(self._keep(wire))

    async def close(self) -> None:
        """End the connection."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        if self._wire:
            await self._wire.close()
            self._wire = None
            self._owner.down()

    def _serve(self, wire: Wire) -> None:
        self._wire = wire
        wire.serve(self._owner.take, self._owner.owed, self._owner.ping)
        self._owner.up(wire)

    async def _keep(self, wire: Wire) -> None:
        """Replace a connection that was lost, for ever."""
        loop = asyncio.get_running_loop()
        wait = FIRST
        while True:
            began = loop.time()
            await asyncio.shield(wire.lost)
            self._wire = None
            self._owner.down()
            log.warning("the connection to Redis at %s for %s was lost", self._address, self._name)
            if loop.time() - began > LONGEST:
                wait = FIRST
            found: Wire | None = None
            while found is None:
                # no two servers at the same moment
                await asyncio.sleep(wait * random.uniform(0.5, 1))
                wait = min(2 * wait, LONGEST)
                found = await self._attempt()
            wire = found
            self._serve(wire)
            log.info("the connection to Redis at %s for %s was made again", self._address, self._name)

    async def _attempt(self) -> Wire | None:
        try:
            return await self._address.dial(self._timeout, self._greeting)
        except Unavailable:
            return None
        except ClusterUnusableError as error:
            log.error("%s", error)
            return None
        except Exception:
            log.exception("no connection to Redis at %s could be made", self._address)
            return None
