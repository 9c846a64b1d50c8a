"""One Redis or MongoDB: where it is, what it is, and what may be done to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from e2e.harness.deadline import SECOND
from e2e.harness.engine_kind import Identity, Kind

__all__ = ["Engine", "EngineNotOursError", "EngineRefusedError", "GivenEngine", "until_it_answers"]

_START = 30 * SECOND
_PAUSE = 0.02
_KNOCK = 1 * SECOND


class EngineNotOursError(Exception):
    """Somebody else started the engine; the text says what was asked of it."""


class EngineRefusedError(AssertionError):
    """An engine did not answer in time, or ended; the text has its log, as far as it can be had."""


class Engine(Protocol):
    """An engine. A restart keeps the URL."""

    @property
    def url(self) -> str:
        """Its URL, without a database."""
        ...

    @property
    def description(self) -> str:
        """What it is and where it came from, as a run reports it."""
        ...

    @property
    def pid(self) -> int | None:
        """Its process, if it runs on this machine and can be seen from here."""
        ...

    @property
    def ours(self) -> bool:
        """Whether the verbs below are to be had; they raise `EngineNotOursError` otherwise."""
        ...

    async def start(self) -> None:
        """Start it over the data that it has, and return when it answers."""
        ...

    async def pause(self) -> None:
        """Freeze it: its connections stand and nothing answers."""
        ...

    async def resume(self) -> None:
        """Thaw it."""
        ...

    async def kill(self) -> None:
        """End it without a chance to do anything. It may be frozen."""
        ...

    async def mend(self) -> None:
        """Have it run and answer, whatever was done to it."""
        ...

    async def restart(self, *, empty: bool) -> None:
        """End it, unless it was killed, and start it again: over the data that it had, or as one that never had any."""
        ...

    async def close(self) -> None:
        """End it if it runs, and delete its data, at the end of the run."""
        ...


@dataclass(frozen=True, slots=True)
class GivenEngine:
    """An engine that runs already and is not ours: a URL."""

    url: str
    description: str
    ours: bool = False
    pid: int | None = None

    async def start(self) -> None:
        raise EngineNotOursError(f"{self.description} cannot be started from here")

    async def pause(self) -> None:
        raise EngineNotOursError(f"{self.description} cannot be paused from here")

    async def resume(self) -> None:
        raise EngineNotOursError(f"{self.description} cannot be resumed from here")

    async def kill(self) -> None:
        raise EngineNotOursError(f"{self.description} cannot be killed from here")

    async def restart(self, *, empty: bool) -> None:
        raise EngineNotOursError(f"{self.description} cannot be restarted from here")

    async def mend(self) -> None:
        """Do nothing: nothing was done to it from here."""

    async def close(self) -> None:
        """Do nothing: it goes on running."""


async def until_it_answers(kind: Kind, url: str, objection: Callable[[], str | None]) -> Identity:
    """Return what the engine at a URL is, once it answers.

    Raises:
        EngineRefusedError: at a deadline, or as soon as there is an objection, such as that it has ended.

    """
    loop = asyncio.get_running_loop()
    until = loop.time() + _START
    while not await _answers(kind, url):
        if (why := objection()) or loop.time() > until:
            raise EngineRefusedError(f"{kind.name} does not answer at {url}: {why or f'not within {_START:g} s'}")
        await asyncio.sleep(_PAUSE)
    identity = await kind.ask(url)
    if identity is None:
        raise EngineRefusedError(f"something answers at {url}, but not as {kind.name} does")
    return identity


async def _answers(kind: Kind, url: str) -> bool:
    # not through the kind's own library: that takes half a second to look again
    where = urlsplit(url)
    try:
        async with asyncio.timeout(_KNOCK):
            reader, writer = await asyncio.open_connection(where.hostname, where.port)
            try:
                writer.write(kind.knock)
                return await reader.read(1) != b""
            finally:
                writer.transport.abort()
    except (OSError, TimeoutError):
        return False
