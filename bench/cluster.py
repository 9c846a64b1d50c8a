"""What a message costs each server of a cluster of three, one of which it does not concern.

    python -m bench.cluster --mongo mongodb://localhost --redis redis://localhost [--pairs 20] [--messages 3000]

Starts three servers on a database and a key prefix of their own. The third has as many connections as the first, whose
users nobody talks to. Pairs of friends talk as in `bench.messages`: first both of a pair on the first server, then the
second of each pair on the second server. The third is to be idle all the time: what each spends is shown beside what
it spends in as long a time in which nobody says anything.
"""

from __future__ import annotations

import argparse
import asyncio
import secrets
import time
from collections.abc import Sequence

import aiohttp
from pymongo import MongoClient
from websockets.asyncio.client import ClientConnection

from bench.messages import TIMEOUT, Server, pair, talk, usage

__all__ = ["main"]

Pair = tuple[ClientConnection, ClientConnection]


class Meter:
    """What each server has spent since the last reading."""

    def __init__(self, servers: Sequence[Server]) -> None:
        self._servers = servers
        self._known = self._now()

    def _now(self) -> list[float]:
        return [usage(server.process.pid).total for server in self._servers]

    def read(self) -> list[float]:
        """Return the seconds of CPU of each server."""
        before, self._known = self._known, self._now()
        return [now - then for now, then in zip(self._known, before, strict=True)]


async def phase(name: str, pairs: Sequence[Pair], messages: int, meter: Meter) -> None:
    """Have all pairs talk, and print what it cost each server; then what as long a silence costs."""
    share = messages // len(pairs)
    meter.read()
    began = time.perf_counter()
    async with asyncio.timeout(TIMEOUT):
        await asyncio.gather(*(talk(one, other, share) for one, other in pairs))
    seconds, busy = time.perf_counter() - began, meter.read()
    await asyncio.sleep(seconds)
    silent = meter.read()
    sent = share * len(pairs)
    print(f"{name}: {sent} messages in {seconds:.1f} s")
    for number, (cpu, idle) in enumerate(zip(busy, silent, strict=True), 1):
        print(
            f"  server {number}: {cpu / sent * 1e6:6.1f} us a message (silent for as long: {idle / sent * 1e6:.1f} us)"
        )


async def run(servers: Sequence[Server], pairs: int, messages: int) -> None:
    """Connect everybody and measure."""
    async with aiohttp.ClientSession() as http:
        for server in servers:
            await server.ready(http)
        first, second, third = servers
        near = [await pair(first, http) for _ in range(pairs)]
        far = [await pair(first, http, second) for _ in range(pairs)]
        idle = [await pair(third, http) for _ in range(pairs)]
        meter = Meter(servers)
        await phase("both on server 1", near, messages, meter)
        await phase("from server 1 to server 2", far, messages, meter)
        for connection in (end for both in (*near, *far, *idle) for end in both):
            await connection.close()


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mongo", required=True, metavar="URL")
    parser.add_argument("--redis", required=True, metavar="URL")
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--messages", type=int, default=3000)
    arguments = parser.parse_args()
    name = f"bench_{secrets.token_hex(4)}"
    settings = {
        "MONGO_URL": arguments.mongo,
        "DATABASE_DB": name,
        "REDIS_URL": arguments.redis,
        "REDIS_PREFIX": name,
        "JWT_SECRET": secrets.token_hex(32),
    }
    servers = [Server(settings) for _ in range(3)]
    try:
        asyncio.run(run(servers, arguments.pairs, arguments.messages))
    finally:
        for server in servers:
            server.stop()
        MongoClient(arguments.mongo).drop_database(name)


if __name__ == "__main__":
    main()
