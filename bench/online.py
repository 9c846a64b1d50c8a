"""What a list of those who are online costs, whether they are a thousand or a hundred thousand.

    python -m bench.online [--users 1000 100000] [--queries 200] [--mongo URL --redis URL]

Starts a server in whose roster so many users are online, in its own memory or, where both engines are named, in Redis,
under a prefix of its own; connects one more, who asks for each list again and again. While one client does, another
one has its pings answered: the slowest tells for how long the server did nothing else.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import secrets
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
from pymongo import MongoClient
from redis import Redis
from websockets.asyncio.client import ClientConnection, connect

from bench.target import Target

__all__ = ["main"]

TIMEOUT = 300
QUERIES = ("get_online_users", "get_all_online_users", "get_detailed_online_users")
HEAD = "| roster | online | query | listed | bytes | ms, median (slowest) | CPU ms | slowest ping meanwhile, ms |"


@dataclass(frozen=True)
class Device:
    """A connected client, who asks for one thing at a time."""

    websocket: ClientConnection

    async def ask(self, event: str, *args: Any) -> str:
        """Return the acknowledgement of an event, as it came."""
        await self.websocket.send("420" + json.dumps([event, *args]))
        while not (packet := str(await self.websocket.recv())).startswith("430"):
            if packet == "2":
                await self.websocket.send("3")
        return packet


@asynccontextmanager
async def device(target: Target, http: aiohttp.ClientSession) -> AsyncIterator[Device]:
    """Connect a new user."""
    body = {"email": f"{secrets.token_hex(8)}@mail.com", "password": "123456"}
    async with http.post(f"http://127.0.0.1:{target.port}/users", json=body) as answer:
        token = (await answer.json())["token"]
    url = f"ws://127.0.0.1:{target.port}/socket.io/?EIO=4&transport=websocket"
    async with connect(url, compression=None, max_size=None) as websocket:
        await websocket.recv()
        await websocket.send("40")
        await websocket.recv()
        made = Device(websocket)
        await made.ask("authenticate", {"token": token})
        yield made


async def pinging(one: Device, waits: list[float]) -> None:
    """Have pings answered until cancelled, and note how long each takes."""
    while True:
        began = time.perf_counter()
        await one.ask("ping")
        waits.append(time.perf_counter() - began)
        await asyncio.sleep(0.001)


async def measure(target: Target, roster: str, users: int, queries: int) -> None:
    """Print a row for each query."""
    async with aiohttp.ClientSession() as http, device(target, http) as asker, device(target, http) as other:
        for query in QUERIES:
            found = json.loads((await asker.ask(query))[3:])[0]
            await target.settle()
            took: list[float] = []
            spent, answer = target.cpu, ""
            for _ in range(queries):
                began = time.perf_counter()
                answer = await asker.ask(query)
                took.append(time.perf_counter() - began)
            spent = target.cpu - spent
            waits: list[float] = []
            pings = asyncio.create_task(pinging(other, waits))
            for _ in range(queries):
                await asker.ask(query)
            pings.cancel()
            assert found.get("total", users + 2) == users + 2, found["total"]
            print(
                f"| {roster} | {users + 2} | {query} | {len(found['users'])} | {len(answer)} "
                f"| {statistics.median(took) * 1e3:.1f} ({max(took) * 1e3:.1f}) | {spent / queries * 1e3:.1f} "
                f"| {max(waits) * 1e3:.1f} |",
                flush=True,
            )


def run(roster: str, users: int, queries: int) -> None:
    """Start a server with so many users, and measure it on another core."""
    os.environ["BENCH_USERS"] = str(users)
    cores = sorted(os.sched_getaffinity(0))
    target = Target("crowded", cores[:1])
    os.sched_setaffinity(0, cores[1:] or cores)
    try:
        asyncio.run(asyncio.wait_for(measure(target, roster, users, queries), TIMEOUT))
    finally:
        target.stop()
        os.sched_setaffinity(0, cores)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, nargs="+", default=[1000, 100_000])
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--mongo", metavar="URL")
    parser.add_argument("--redis", metavar="URL")
    arguments = parser.parse_args()
    os.environ |= {"PASSWORD_ROUNDS": "4", "LOG_LEVEL": "warning", "JWT_SECRET": secrets.token_hex(32)}
    print(HEAD, "|---|--:|---|--:|--:|--:|--:|--:|", sep="\n", flush=True)
    for users in arguments.users:
        os.environ["MEMORY"] = "true"
        run("memory", users, arguments.queries)
        del os.environ["MEMORY"]
        if not (arguments.mongo and arguments.redis):
            continue
        name = f"bench_{secrets.token_hex(4)}"
        engines = {"MONGO_URL": arguments.mongo, "REDIS_URL": arguments.redis}
        os.environ |= {**engines, "DATABASE_DB": name, "REDIS_PREFIX": name}
        try:
            run("Redis", users, arguments.queries)
        finally:
            for setting in engines:
                del os.environ[setting]
            MongoClient(arguments.mongo).drop_database(name)
            redis = Redis.from_url(arguments.redis)
            for key in redis.scan_iter(f"{name}:*", 1000):
                redis.delete(key)


if __name__ == "__main__":
    main()
