"""What is done to the servers and engines of a run while it runs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from e2e.harness.engine import Engine
from e2e.harness.process import ServerProcess
from load.own_fleet import OwnFleet

__all__ = ["Acts"]


class Acts:
    """Does to a fleet what phases say.

    Attributes:
        failures: what did not go as it should, a sentence each.

    """

    def __init__(self, fleet: OwnFleet) -> None:
        self._fleet = fleet
        self._under_way: set[asyncio.Task[None]] = set()
        self.failures: list[str] = []

    def begin(self, action: str, seconds: float) -> None:
        """Begin what a server action of a phase is; others are not done here. It takes as long as the phase."""
        match action:
            case "restart":
                self._start(action, self._each(ServerProcess.stop, seconds))
            case "kill":
                self._start(action, self._each(ServerProcess.kill, seconds))
            case "pause-redis":
                self._start(action, _pause(self._fleet.redis, seconds / 2))
            case "pause-mongo":
                self._start(action, _pause(self._fleet.mongo, seconds / 2))
            case _:
                pass

    async def finish(self) -> None:
        """Return once nothing is under way any more."""
        if self._under_way:
            await asyncio.wait(self._under_way)

    async def cancel(self) -> None:
        """Break off what is under way; an engine that stands still goes on."""
        for task in self._under_way:
            task.cancel()
        await self.finish()

    def _start(self, action: str, doing: Awaitable[None]) -> None:
        async def do() -> None:
            try:
                await doing
            except (AssertionError, OSError) as error:
                self.failures.append(f"{action}: {_line(error)}")

        task = asyncio.create_task(do())
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _each(self, end: Callable[[ServerProcess], Awaitable[None]], seconds: float) -> None:
        """End every server and start it again, one after the other, over these seconds if they are enough."""
        fleet, loop = self._fleet, asyncio.get_running_loop()
        began = loop.time()
        for number, server in enumerate(fleet.servers):
            await asyncio.sleep(began + number * seconds / len(fleet.servers) - loop.time())
            fleet.asked.add(number)
            try:
                await end(server)
            except AssertionError as error:  # it has not ended well, but the next one has its turn
                self.failures.append(f"server {number + 1}: {_line(error)}")
            if not server.running:
                await server.start()
            fleet.asked.discard(number)
            fleet.guard()


def _line(error: BaseException) -> str:
    """Return the sentence of an error, without the log that may follow."""
    return str(error).partition("\n")[0].rstrip(":")


async def _pause(engine: Engine | None, seconds: float) -> None:
    assert engine is not None, "a plan that pauses an engine has it"
    pausing = asyncio.ensure_future(engine.pause())
    try:
        await asyncio.shield(pausing)
        await asyncio.sleep(seconds)
    finally:
        await pausing  # who is broken off in the middle of it has it paused a moment later
        await engine.resume()
