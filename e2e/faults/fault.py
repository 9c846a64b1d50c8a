"""Faults: what begins each, what ends it, and whose clients it may cost their connection."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from e2e.faults.stage import BOTH, Dependency, Stage
from e2e.harness.transport import TransportRefusedError

__all__ = [
    "CALM",
    "GONE",
    "FaultKind",
    "frozen",
    "network",
    "restarted",
    "server_frozen",
    "server_killed",
    "server_replaced",
    "server_stopped",
    "together",
]

CALM = 1.0
"""Seconds of talk before a fault, and after it."""

GONE = (AssertionError, OSError, TimeoutError, TransportRefusedError)
"""What a client raises whose server does not answer, or is not there."""

Act = Callable[[Stage], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class FaultKind:
    """A fault.

    Attributes:
        name: as a report says it.
        begin: makes it.
        end: ends it: from when this has returned on, all must be well within the bound.
        moves: the servers whose clients it may disconnect; those of others must notice nothing.

    """

    name: str
    begin: Act
    end: Act
    moves: frozenset[int] = frozenset()

    async def strike(self, stage: Stage, seconds: float) -> None:
        """Begin it, and end it so many seconds later."""
        await self.begin(stage)
        await asyncio.sleep(seconds)
        await self.end(stage)


def network(dependency: Dependency, how: str, servers: Sequence[int] = BOTH) -> FaultKind:
    """Return the fault of a network between servers and an engine, which is `cut` or `black-holed`."""

    async def begin(stage: Stage) -> None:
        for server in servers:
            proxy = stage.proxies[dependency][server]
            (proxy.cut if how == "cut" else proxy.blackhole)()

    async def end(stage: Stage) -> None:
        for server in servers:
            stage.proxies[dependency][server].heal()

    concerned = "" if len(servers) > 1 else f" for server {servers[0]} alone"
    return FaultKind(f"{dependency} {how}{concerned}", begin, end)


def frozen(dependency: Dependency) -> FaultKind:
    """Return the fault of an engine that stands still."""
    return FaultKind(
        f"{dependency} frozen",
        lambda stage: stage.engine(dependency).pause(),
        lambda stage: stage.engine(dependency).resume(),
    )


def restarted(dependency: Dependency, *, empty: bool) -> FaultKind:
    """Return the fault of an engine that is killed, and comes back with its data or with none."""
    return FaultKind(
        f"{dependency} killed, restarted {'empty' if empty else 'with its data'}",
        lambda stage: stage.engine(dependency).kill(),
        lambda stage: stage.engine(dependency).restart(empty=empty),
    )


def server_killed(server: int) -> FaultKind:
    """Return the fault of a server that ends without a chance to do anything, and is started again at the end."""
    return FaultKind(
        f"server {server} killed",
        lambda stage: stage.cluster.kill(server),
        lambda stage: stage.cluster.servers[server].start(),
        frozenset({server}),
    )


def server_stopped(server: int) -> FaultKind:
    """Return the fault of a server that is told to end, and is started again at the end."""
    return FaultKind(
        f"server {server} stopped",
        lambda stage: stage.cluster.stop(server),
        lambda stage: stage.cluster.servers[server].start(),
        frozenset({server}),
    )


def server_frozen(server: int) -> FaultKind:
    """Return the fault of a server that stands still, for longer than the other believes it to be alive or not."""
    return FaultKind(
        f"server {server} frozen",
        lambda stage: stage.cluster.pause(server),
        lambda stage: stage.cluster.resume(server),
    )


def server_replaced(pause: float) -> FaultKind:
    """Return a rolling restart: each server in turn is told to end and is started again, so many seconds apart."""

    async def begin(stage: Stage) -> None:
        for server in BOTH:
            await stage.cluster.restart(server)
            await asyncio.sleep(pause)

    async def end(stage: Stage) -> None:
        assert all(server.running for server in stage.cluster.processes)

    return FaultKind("servers replaced one after the other", begin, end, frozenset(BOTH))


def together(*kinds: FaultKind) -> FaultKind:
    """Return several faults at the same time, begun one after the other and ended in that order too.

    A server that was killed or stopped needs the engines to start: it is to be the last.
    """

    async def begin(stage: Stage) -> None:
        for kind in kinds:
            await kind.begin(stage)

    async def end(stage: Stage) -> None:
        for kind in kinds:
            await kind.end(stage)

    moves = frozenset[int]().union(*(kind.moves for kind in kinds))
    return FaultKind(" + ".join(kind.name for kind in kinds), begin, end, moves)
