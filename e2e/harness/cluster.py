"""A deployment of equal servers over one database of MongoDB and one prefix of Redis, both made for it alone."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pymongo import AsyncMongoClient
from redis.asyncio import Redis

from e2e.harness.deployment import SECRET, Deployment
from e2e.harness.engine_kind import named
from e2e.harness.process import ServerProcess

__all__ = ["Cluster", "Route"]


@dataclass(frozen=True, slots=True)
class Route:
    """The URLs under which a server reaches the engines, which a proxy may stand before.

    Attributes:
        redis: of Redis.
        mongo: of MongoDB, without a database.

    """

    redis: str
    mongo: str


class Cluster(Deployment):
    """Servers that share everything, not started yet. At the end the database and all keys are dropped.

    Args:
        directory: of the run; each server gets a folder in it.
        engines: where the engines are.
        routes: how each server reaches them; there are as many servers.
        settings: of every server, beside what makes it one of this cluster.
        arguments: what follows `serve`.

    Attributes:
        database: of this one alone.

    """

    processes: Sequence[ServerProcess]

    def __init__(
        self,
        directory: Path,
        engines: Route,
        routes: Sequence[Route],
        settings: Mapping[str, str] | None = None,
        arguments: Sequence[str] = (),
    ) -> None:
        secret = (settings or {}).get("JWT_SECRET", SECRET)
        own = uuid.uuid4().hex[:12]
        self._engines = engines
        self._directory = directory
        self.database, self._prefix = f"parley_test_{own}", f"parley-test-{own}"
        self._seeded: list[Any] = []
        self.processes = [
            ServerProcess(
                directory / f"server-{number}",
                {
                    "JWT_SECRET": secret,
                    "PASSWORD_ROUNDS": "4",
                    "REDIS_URL": route.redis,
                    "REDIS_PREFIX": self._prefix,
                    "MONGO_URL": named(route.mongo, self.database),
                    "DATABASE_DB": self.database,
                    **(settings or {}),
                },
                arguments,
            )
            for number, route in enumerate(routes)
        ]
        super().__init__(self.processes, secret)

    async def start(self) -> None:
        """Start all servers at the same time: none may need another to be first."""
        started = await asyncio.gather(*(server.start() for server in self.processes), return_exceptions=True)
        _raise_the_first(started)

    async def seed(self) -> None:
        """Add the seeded users, as an operator does."""
        done = await self.processes[0].run_command("seed")
        assert done.code == 0, f"seed ended with exit code {done.code}:\n{done.output}\n{done.errors}"
        async with AsyncMongoClient[dict[str, Any]](self._engines.mongo) as mongo:
            self._seeded = await mongo[self.database]["users"].distinct("_id")

    async def forget(self) -> None:
        async with AsyncMongoClient[dict[str, Any]](self._engines.mongo) as mongo:
            for collection in await mongo[self.database].list_collection_names():
                await mongo[self.database][collection].delete_many({"_id": {"$nin": self._seeded}})

    async def close(self) -> None:
        """Stop every server that runs, and drop what they kept."""
        ended = await asyncio.gather(*(server.close() for server in self.processes), return_exceptions=True)
        await self._drop()
        _raise_the_first(ended)

    async def _drop(self) -> None:
        mongo: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(self._engines.mongo)
        await mongo.drop_database(self.database)
        await mongo.close()
        redis: Any = Redis.from_url(self._engines.redis)  # pyright: ignore[reportUnknownMemberType]  (redis-py's types are partial)
        async for key in redis.scan_iter(match=f"{self._prefix}*", count=1000):
            await redis.delete(key)
        await redis.aclose()


def _raise_the_first(results: Sequence[BaseException | None]) -> None:
    for result in results:
        if result is not None:
            raise result
