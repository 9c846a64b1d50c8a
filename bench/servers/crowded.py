"""A server of the presence contract in whose roster many users are online, without a connection of theirs.

`BENCH_USERS` says how many. It prints its port, and ends when there is something to read on its standard input, or
whoever started it has ended. Its settings are those of the environment.
"""

from __future__ import annotations

import asyncio
import os
import sys

import uvloop

from app.config import load
from app.domain.online import SessionRecord
from app.listeners import listen
from app.server import Server

__all__ = ["main"]

TOGETHER = 1000
"""How many users come at a time."""

DEVICE = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36"


async def _fill(server: Server, users: int) -> None:
    for first in range(0, users, TOGETHER):
        await asyncio.gather(*(_come(server, number) for number in range(first, min(first + TOGETHER, users))))


async def _come(server: Server, number: int) -> None:
    email = f"somebody.of.the.crowd.{number}@example.com"
    record = SessionRecord(email, 1_764_320_000_000, 1_764_320_000_000 + number, DEVICE, "127.0.0.1")
    await server.cluster.arrive("presence", f"{number:024x}", f"socket-{number:013}", record.encode())


async def _serve() -> None:
    asyncio.get_running_loop().add_reader(sys.stdin, os._exit, 0)
    settings = load(contracts=("presence",), presence_port=0, internal_port=0)
    server = Server(settings)
    await server.open()
    await _fill(server, int(os.environ["BENCH_USERS"]))
    listeners = listen(settings)
    print(listeners[0].port, flush=True)
    await server.serve(listeners, asyncio.Event())


def main() -> None:
    """Serve until the process is ended."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve())


if __name__ == "__main__":
    main()
