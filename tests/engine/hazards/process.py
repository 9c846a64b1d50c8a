"""A server in a process of its own, seen from outside."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.engine.hazards.setup import Setup
from tests.engine.hazards.wire import Wire, http
from tests.waiting import DEADLINE

__all__ = ["Process", "StartError"]

ROOT = Path(__file__).parents[3]
STOCK_PATIENCE = 0.7
"""Seconds that a test waits for what the stock classes never do."""


class StartError(Exception):
    """A server that did not start; no test can say anything about it."""


class Process:
    """A running server.

    Attributes:
        kind: `stock` or `own`.
        port: on 127.0.0.1.
        log: lines that it has logged.
        patience: seconds that a test waits for something of this server.

    """

    def __init__(self, kind: str, setup: Setup) -> None:
        self.kind = kind
        self.setup = setup
        self.patience = DEADLINE if kind == "own" else STOCK_PATIENCE
        self.log: list[str] = []
        self._marks = 0

    async def start(self) -> None:
        """Start it. Raise `StartError`."""
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.engine.hazards.program", self.kind, json.dumps(asdict(self.setup)),
            cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        self._reading = asyncio.create_task(self._read_log())
        assert self._process.stdout
        line = await self._process.stdout.readline()
        if not line:
            await self._reading
            raise StartError("\n".join(self.log))
        self.port = int(line)
        await self.stats()
        self._idle = (await self.stats())["tasks"], self.descriptors()
        for _ in range(5):  # the connections of these requests are closed a little later
            await self.logged()
            self._idle = self._idle[0], min(self._idle[1], self.descriptors())

    async def _read_log(self) -> None:
        assert self._process.stderr
        while line := await self._process.stderr.readline():
            self.log.append(line.decode().rstrip())

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.returncode is None

    def signal(self) -> None:
        """Send SIGTERM."""
        self._process.send_signal(signal.SIGTERM)

    async def exit(self, within: float) -> int:
        """Return its exit code. Raise `TimeoutError` if it does not end in time."""
        async with asyncio.timeout(within):
            code = await self._process.wait()
            await self._reading
            return code

    async def kill(self) -> None:
        """End it, if it has not ended."""
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        await self._reading

    # what can be seen

    @property
    def memory(self) -> int:
        """Bytes of resident memory."""
        pages = Path(f"/proc/{self._process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def descriptors(self) -> int:
        """Return how many files are open."""
        return len(os.listdir(f"/proc/{self._process.pid}/fd"))

    async def stats(self) -> dict[str, Any]:
        """Return what it knows about itself."""
        async with asyncio.timeout(4 * DEADLINE):
            return json.loads((await http(self, "GET", "/_stats")).body)

    async def until(self, condition: Callable[[dict[str, Any]], object], within: float = 0) -> dict[str, Any]:
        """Return its statistics once they meet a condition. Raise `TimeoutError`."""
        stats: dict[str, Any] = {}
        try:
            async with asyncio.timeout(within or self.patience):
                while not condition(stats := await self.stats()):  # noqa: ASYNC110  (another process sets no event)
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise TimeoutError(f"last seen: {stats}, {self.descriptors()} descriptors, idle {self._idle}") from None
        return stats

    async def logged(self) -> list[str]:
        """Return what it has logged since the last call."""
        self._marks += 1
        mark = f"mark-{self._marks}"
        await http(self, "GET", f"/_mark?{mark}")
        async with asyncio.timeout(DEADLINE):
            while not self.log or not self.log[-1].endswith(mark):  # noqa: ASYNC110  (as above)
                await asyncio.sleep(0.001)
        lines, self.log = self.log[:-1], []
        return lines

    async def nothing_left(self) -> None:
        """Return once it holds what it held before its first client: no session, task or descriptor more."""

        def as_before(stats: dict[str, Any]) -> bool:
            held = stats["sessions"] + stats["connections"] + stats["rooms"]
            return not held and stats["tasks"] <= self._idle[0]

        stats = await self.until(as_before)
        try:
            async with asyncio.timeout(self.patience):
                while self.descriptors() > self._idle[1]:  # noqa: ASYNC110  (as above)
                    await asyncio.sleep(0.001)
        except TimeoutError:
            raise TimeoutError(f"{self.descriptors()} descriptors, idle {self._idle}, {stats}") from None

    async def wire(self, local: str = "127.0.0.1") -> Wire:
        """Return a new TCP connection to it."""
        return await Wire.dial(self.port, self.patience, local)
