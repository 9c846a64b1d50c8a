"""What both servers do with events, and what they remember of it."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import Any, Protocol

__all__ = ["Client", "Echo"]


class Client(Protocol):
    """The sender of an event, whichever engine it is connected to."""

    address: str

    async def emit(self, event: str, *args: Any) -> None:
        """Send it an event."""
        ...

    async def join(self, room: str) -> None:
        """Put it in a room."""
        ...

    async def announce(self, room: str, event: str, *args: Any) -> None:
        """Send an event to everyone in a room."""
        ...


class Echo:
    """Sends events back and acknowledges them with their arguments; some names ask for more.

    Attributes:
        told: how often each event was handled, `connect` and `disconnect` among them.
        counted: how many `count` events have been handled.
        in_order: whether they were done in the order of their numbers.
        together: how many of them ran at the same time at most.
        flooded: whether a `flood` is over.

    """

    def __init__(self) -> None:
        self.told: Counter[str] = Counter()
        self.counted = self.together = 0
        self.in_order = True
        self.flooded = False
        self._running = 0
        self._gate = asyncio.Event()

    def counts(self) -> dict[str, Any]:
        """Return what is remembered, by name."""
        names = ("told", "counted", "in_order", "together", "flooded")
        return {name: getattr(self, name) for name in names}

    async def take(self, client: Client, event: str, args: list[Any]) -> Any:
        """Handle an event and return its acknowledgement."""
        self.told[event] += 1
        handler = getattr(self, f"_{event}", None) if event.isidentifier() and event.islower() else None
        if handler is not None and asyncio.iscoroutinefunction(handler):
            return await handler(client, *args)
        await client.emit(event, *args)
        return tuple(args)

    async def _address(self, client: Client) -> str:
        return client.address

    async def _beside(self, client: Client, thing: Any) -> None:
        """Send a client's own data back beside bytes."""
        await client.emit("beside", thing, b"bytes")

    async def _count(self, client: Client, number: int, *padding: Any) -> None:
        """Wait for the gate, then take the longer the less the number is divisible by three."""
        self._running += 1
        self.together = max(self.together, self._running)
        await self._gate.wait()
        for _ in range(number % 3):
            await asyncio.sleep(0)
        self.in_order &= number == self.counted
        self.counted += 1
        self._running -= 1

    async def _wait(self, client: Client, *_: Any) -> str:
        await self._gate.wait()
        return "waited"

    async def _open(self, client: Client) -> None:
        """Let those go on that wait."""
        self._gate.set()

    async def _sleep(self, client: Client, seconds: float) -> str:
        await client.emit("asleep")
        await asyncio.sleep(seconds)
        return "slept"

    async def _compute(self, client: Client, seconds: float) -> None:
        """Let nobody else have the loop."""
        until = time.process_time() + seconds
        while time.process_time() < until:
            pass

    async def _flood(self, client: Client, number: int, size: int) -> None:
        for _ in range(number):
            await client.emit("flood", "x" * size)
            await asyncio.sleep(0)
        self.flooded = True

    async def _join(self, client: Client, prefix: str, number: int) -> None:
        for room in range(number):
            await client.join(f"{prefix}{room}")

    async def _announce(self, client: Client, room: str) -> None:
        await client.announce(room, "news")
