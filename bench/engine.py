"""What a connection, a message and a disconnect cost `app.engine`, beside the stock classes of python-socketio.

    python -m bench.engine [--quick] [--only NAME...]

Both kinds of server run the same small application (`bench/servers`) with equal options, on Hypercorn with uvloop.
Each measurement has a fresh server; the kinds take turns, so that what else happens on the machine meets both. The
server has one core and the clients another where there are two.

CPU is the time of the server's process, user's and system's, from the kernel's accounting: from before the first
operation until the server is idle again, over the number of operations. Memory is resident memory after a garbage
collection, less that of the server without connections, over the number of connections.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import partial

import uvloop

from bench.crowd import Client, Crowd, event
from bench.target import Target

KINDS = ("stock", "own")
TIMEOUT = 60
"""Seconds that one measurement may take; beyond it, it is given up."""

WARM_UP = 0.3
"""Seconds."""

RESERVE = 200
"""Descriptors that a process needs beside those of its connections."""

PAIRS = 50
TEXT = "a message that is as long as most messages are"

Figures = AsyncIterator[tuple[str, float]]
"""Names of figures and their values, in microseconds of CPU or KB (1024 bytes)."""


@dataclass(frozen=True)
class Plan:
    """How much is measured.

    Attributes:
        repetitions: of each measurement.
        seconds: for which messages are exchanged.
        idle: numbers of connections, rising.
        deflate: number of connections.
        fans: numbers of recipients.
        leaves: numbers of connections and how often as many connect and leave.

    """

    repetitions: int
    seconds: float
    idle: tuple[int, ...]
    deflate: int
    fans: tuple[int, ...]
    leaves: tuple[tuple[int, int], ...]

    def most(self, connections: int) -> Plan:
        """Return a plan with no more connections than that."""
        idle = tuple(sorted({min(number, connections) for number in self.idle}))
        leaves = tuple((min(number, connections), rounds) for number, rounds in self.leaves)
        fans = tuple(min(number, connections) for number in self.fans)
        return Plan(self.repetitions, self.seconds, idle, min(self.deflate, connections), fans, leaves)


FULL = Plan(3, 1.2, (2000, 9000), 2000, (500, 2000), ((500, 4), (4000, 1)))
QUICK = Plan(1, 0.8, (500, 2000), 500, (500,), ((500, 2),))


async def idle(target: Target, sizes: tuple[int, ...], deflate: bool) -> Figures:
    """Measure the memory of connections that do nothing."""
    crowd = Crowd(target.port, deflate=deflate)
    await crowd.grow(20)
    crowd.close()
    await target.collect()
    empty = target.memory
    for size in sizes:
        await crowd.grow(size)
        await target.collect()
        offered = ", deflate offered" if deflate else ""
        yield f"KB of a connection, {size} idle{offered}", (target.memory - empty) / size / 1024


async def direct(target: Target, seconds: float) -> Figures:
    """Measure direct messages, each of a sender after the one before was acknowledged."""
    crowd = Crowd(target.port)
    await crowd.grow(2 * PAIRS)
    await _talk(crowd, WARM_UP)
    await target.settle()
    before = target.cpu
    sent = await _talk(crowd, seconds)
    await target.settle()
    yield f"us of a direct message with ack, {PAIRS} senders", (target.cpu - before) / sent * 1e6


async def _talk(crowd: Crowd, seconds: float) -> int:
    """Have the first half of the clients send to the second. Return how many messages were."""
    before, sent, talking = crowd.received, PAIRS, True

    def go_on(sender: Client, message: bytes, frames: int) -> None:
        nonlocal sent
        crowd.count(frames)
        if talking:
            sent += 1
            sender.write(message)

    for sender, receiver in zip(crowd.clients[:PAIRS], crowd.clients[PAIRS:], strict=True):
        message = event("direct", receiver.name, TEXT, acknowledged=True)
        sender.heard = partial(go_on, sender, message)
        sender.write(message)
    await asyncio.sleep(seconds)
    talking = False
    await crowd.hear(before + 2 * sent)
    return sent


async def fan(target: Target, size: int, seconds: float) -> Figures:
    """Measure a fan-out, each after the one before has arrived."""
    crowd = Crowd(target.port)
    await crowd.grow(size, ["all"])
    message = event("fan", TEXT)

    async def announce(seconds: float) -> int:
        end, before = time.perf_counter() + seconds, crowd.received
        while time.perf_counter() < end:
            crowd.clients[0].write(message)
            await crowd.hear(crowd.received + size)
        return crowd.received - before

    await announce(WARM_UP)
    await target.settle()
    before = target.cpu
    deliveries = await announce(seconds)
    await target.settle()
    yield f"us of a delivery of a fan-out to {size}", (target.cpu - before) / deliveries * 1e6


async def leave(target: Target, size: int, rounds: int) -> Figures:
    """Measure connecting, and hanging up of all at once."""
    crowd = Crowd(target.port)
    await crowd.grow(20)
    crowd.close()
    joining = leaving = 0.0
    for _ in range(rounds):
        await target.settle()
        before = target.cpu
        await crowd.grow(size)
        await target.settle()
        joined = target.cpu
        crowd.close()
        await target.settle()
        joining += joined - before
        leaving += target.cpu - joined
    yield f"us of a connect, {size} connections", joining / size / rounds * 1e6
    yield f"us of a disconnect, {size} connections", leaving / size / rounds * 1e6


def scenarios(plan: Plan) -> dict[str, Callable[[Target], Figures]]:
    """Return what is measured, by name."""
    return {
        "idle": partial(idle, sizes=plan.idle, deflate=False),
        "deflate": partial(idle, sizes=(plan.deflate,), deflate=True),
        "direct": partial(direct, seconds=plan.seconds),
        **{f"fan{size}": partial(fan, size=size, seconds=plan.seconds) for size in plan.fans},
        **{f"leave{size}": partial(leave, size=size, rounds=rounds) for size, rounds in plan.leaves},
    }


class Bench:
    """Runs scenarios and keeps their figures.

    Attributes:
        failures: what could not be measured, a line each.

    """

    def __init__(self, server_cores: list[int]) -> None:
        self.failures: list[str] = []
        self._cores = server_cores
        self._figures: dict[str, dict[str, list[float]]] = defaultdict(lambda: {kind: [] for kind in KINDS})

    async def run(self, name: str, scenario: Callable[[Target], Figures], repetitions: int) -> None:
        """Measure both kinds in turns, beginning with the other one each time."""
        for repetition in range(repetitions):
            for kind in KINDS if repetition % 2 == 0 else reversed(KINDS):
                print(f"{name}, {kind}, {repetition + 1} of {repetitions}", file=sys.stderr)
                try:
                    await self._measure(kind, scenario)
                except (AssertionError, OSError, RuntimeError) as error:
                    self.failures.append(f"{name}, {kind}: {str(error) or f'not done in {TIMEOUT} s'}")

    async def _measure(self, kind: str, scenario: Callable[[Target], Figures]) -> None:
        target = Target(kind, self._cores)
        try:
            async with asyncio.timeout(TIMEOUT):
                async for figure, value in scenario(target):
                    self._figures[figure][kind].append(value)
        finally:
            target.stop()

    def table(self) -> str:
        """Return the figures: median, smallest and largest of each kind, and how many times stock's is ours."""
        rows: list[tuple[str, ...]] = [("", *KINDS, "stock/own")]
        for figure, values in self._figures.items():
            ratio = "-"
            if all(values.values()):
                stock, own = (statistics.median(values[kind]) for kind in KINDS)
                ratio = f"{stock / own:.1f}"
            rows.append((figure, *(_spread(values[kind]) for kind in KINDS), ratio))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        return "\n".join(
            "  ".join(cell.rjust(width) if place else cell.ljust(width) for place, (cell, width) in enumerate(cells))
            for cells in (zip(row, widths, strict=True) for row in rows)
        )


def _spread(values: list[float]) -> str:
    if not values:
        return "-"
    return f"{statistics.median(values):.1f} ({min(values):.1f}-{max(values):.1f})"


def connections() -> int:
    """Allow as many open files as may be, here and in servers started from now on, and return how many connections."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return sys.maxsize if hard == resource.RLIM_INFINITY else hard - RESERVE


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="once, with fewer connections: a check, not a measurement")
    parser.add_argument("--only", nargs="+", metavar="NAME", help=f"of {', '.join(scenarios(FULL))}")
    arguments = parser.parse_args()
    plan, possible = QUICK if arguments.quick else FULL, connections()
    if plan.most(possible) != plan:
        print(f"only {possible} connections: the limit on open files (ulimit -Hn) allows no more")
        plan = plan.most(possible)
    chosen = {name: scenario for name, scenario in scenarios(plan).items() if name in (arguments.only or [name])}
    if unknown := set(arguments.only or ()) - chosen.keys():
        parser.error(f"not measured: {', '.join(sorted(unknown))}")

    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, cores[1:] or cores)
    if len(cores) == 1:
        print("only one core: servers and clients take turns on it")
    bench = Bench(cores[:1])

    async def run() -> None:
        for name, scenario in chosen.items():
            await bench.run(name, scenario, plan.repetitions)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())
    print(bench.table())
    for failure in bench.failures:
        print("not measured:", failure)
    return bool(bench.failures)


if __name__ == "__main__":
    sys.exit(main())
