"""What a server process uses: descriptors, connections, processor time. A leak or a spin shows here."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from e2e.harness.process import ServerProcess

__all__ = ["Vitals", "busy", "vitals"]

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Vitals:
    """What a server has open.

    Attributes:
        pid: of the process; a server that was started again is another one.
        descriptors: open files and sockets.
        connections: Socket.IO connections, as `/metrics` has them.

    """

    pid: int
    descriptors: int
    connections: int


async def vitals(server: ServerProcess) -> Vitals:
    """Return what a server has open."""
    # a connection of its own: the descriptor that it costs is the same each time
    async with aiohttp.ClientSession() as http, http.get(f"{server.url}/metrics") as answer:
        lines = (await answer.text()).splitlines()
    (connections,) = [line for line in lines if line.startswith('parley_connections{contract="friends"}')]
    return Vitals(server.pid, _descriptors(server.pid), int(float(connections.split()[-1])))


async def busy(server: ServerProcess, seconds: float) -> float:
    """Return how much of the next so many seconds a server computes, from 0 to 1."""
    before = _processor_seconds(server.pid)
    await asyncio.sleep(seconds)
    return (_processor_seconds(server.pid) - before) / seconds


def _descriptors(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def _processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS
