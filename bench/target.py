"""A server that is measured, in a process of its own, and what the kernel knows of it."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

__all__ = ["Target"]

ROOT = Path(__file__).parent.parent

SETTLED = 0.01
"""Seconds of CPU time in a fifth of a second, below which a server is idle."""


class Target:
    """A running server.

    Args:
        kind: a module of `bench.servers`.
        cores: on which it may run.

    Attributes:
        port: on 127.0.0.1.

    """

    def __init__(self, kind: str, cores: list[int]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"bench.servers.{kind}"],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,  # it ends when that is closed, also where we are killed
            stdout=subprocess.PIPE,
            text=True,
        )
        os.sched_setaffinity(self._process.pid, cores)
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            self.stop()
            raise RuntimeError(f"the {kind} server did not start")
        self.port = int(line)

    @property
    def cpu(self) -> float:
        """Seconds of CPU time, user's and system's, to the nanosecond."""
        return time.clock_gettime(~self._process.pid << 3 | 2)  # what clock_getcpuclockid(3) gives on Linux

    @property
    def memory(self) -> int:
        """Bytes of resident memory."""
        mapped = Path(f"/proc/{self._process.pid}/smaps_rollup").read_text()
        return int(mapped.partition("Rss:")[2].split()[0]) * 1024

    async def settle(self) -> None:
        """Return when it has nothing more to do."""
        spent = -1.0
        while self.cpu - spent > SETTLED:
            spent = self.cpu
            await asyncio.sleep(0.2)

    async def collect(self) -> None:
        """Have it collect its garbage, and return when it has."""
        await self.settle()
        self._process.send_signal(signal.SIGUSR1)
        await asyncio.sleep(0.05)
        await self.settle()

    def stop(self) -> None:
        """End it; it keeps nothing."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream:
                stream.close()
