"""Where faults are staged: two servers over engines of the run's own, with a proxy on each way between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from e2e.harness.cluster import Cluster, Route
from e2e.harness.engine import Engine
from e2e.harness.engine_kind import at
from e2e.harness.proxy import FaultProxy

__all__ = ["BOTH", "CLUSTER_TIMEOUT", "GRACE", "SERVER_TIMEOUT", "Dependency", "Stage"]

Dependency = Literal["redis", "mongo"]

BOTH = (0, 1)

SERVER_TIMEOUT = 3
CLUSTER_TIMEOUT = 1
GRACE = 1

SETTINGS = {
    "SERVER_TIMEOUT": str(SERVER_TIMEOUT),
    "CLUSTER_TIMEOUT": str(CLUSTER_TIMEOUT),
    "STORE_TIMEOUT": "2",
    "PRESENCE_GRACE": str(GRACE),
    "CONFIRM_INTERVAL": "0.2",
    "LOG_LEVEL": "warning",
}
"""Timeouts that a fault of a few seconds exceeds, and a log that has only what is odd."""


@dataclass(frozen=True, slots=True)
class Engines:
    """Engines that may be frozen and killed."""

    redis: Engine
    mongo: Engine

    def __str__(self) -> str:
        return f"{self.redis.description}, and {self.mongo.description}"

    async def mend(self) -> None:
        """Have both answer, whatever a test that failed left of them."""
        for engine in (self.redis, self.mongo):
            await engine.mend()


class Stage:
    """A cluster of two whose ways to Redis and MongoDB can fail, each by itself.

    Attributes:
        engines: what is behind the proxies.
        cluster: the servers.
        proxies: by engine, one for each server.

    """

    def __init__(self, engines: Engines, cluster: Cluster, proxies: Mapping[Dependency, Sequence[FaultProxy]]) -> None:
        self.engines = engines
        self.cluster = cluster
        self.proxies = proxies

    @classmethod
    async def set_up(cls, engines: Engines, directory: Path) -> Stage:
        """Return a stage whose servers are ready."""
        proxies: dict[Dependency, list[FaultProxy]] = {
            "redis": [await _before(engines.redis) for _ in BOTH],
            "mongo": [await _before(engines.mongo) for _ in BOTH],
        }
        routes = [
            Route(
                at(engines.redis.url, "127.0.0.1", proxies["redis"][server].port),
                at(engines.mongo.url, "127.0.0.1", proxies["mongo"][server].port),
            )
            for server in BOTH
        ]
        cluster = Cluster(directory, Route(engines.redis.url, engines.mongo.url), routes, SETTINGS)
        stage = cls(engines, cluster, proxies)
        await cluster.start()
        return stage

    def engine(self, dependency: Dependency) -> Engine:
        """Return one of the engines."""
        return self.engines.redis if dependency == "redis" else self.engines.mongo

    async def clear(self) -> None:
        """End everything but the engines. The servers must end with exit code 0."""
        for proxy in (*self.proxies["redis"], *self.proxies["mongo"]):
            proxy.heal()
        await self.engines.mend()
        try:
            await self.cluster.close()
        finally:
            for proxy in (*self.proxies["redis"], *self.proxies["mongo"]):
                await proxy.stop()


async def _before(engine: Engine) -> FaultProxy:
    where = urlsplit(engine.url)
    assert where.hostname is not None
    assert where.port is not None
    return await FaultProxy.start(where.hostname, where.port)
