"""Several servers of one cluster, each behind a network of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any
from urllib.parse import urlsplit

from redis.asyncio import Redis

from app.cluster.redis import RedisCluster
from e2e.harness.proxy import FaultProxy
from tests.cluster.heard import Heard
from tests.waiting import until

TIMEOUT = 0.5
"""Seconds that Redis has to answer, in tests of what happens when it does not."""

SERVER_TIMEOUT = 1.2
"""Seconds until a server counts as dead, in tests of what happens then."""


@dataclass
class Server:
    """A server's link, what it heard, and the network between it and Redis."""

    cluster: RedisCluster
    proxy: FaultProxy
    heard: Heard = field(default_factory=Heard)

    async def lose(self) -> None:
        """Cut the network, and return when both connections are lost."""
        self.proxy.cut()
        await until(lambda: self.down)

    @property
    def down(self) -> bool:
        """Both connections are lost."""
        return not self.cluster._link.up_now and self.cluster._subscriber._wire is None

    @property
    def whole(self) -> bool:
        """Both connections stand, and Redis knows what this server knows."""
        cluster = self.cluster
        subscriber = cluster._subscriber
        return (
            cluster._roster._settled
            and cluster._link.up_now
            and subscriber._wire is not None
            and not subscriber._missing
        )


class Servers:
    """The servers of one cluster: of one Redis and one prefix.

    Attributes:
        all: those that were started, in order.
        prefix: theirs.

    """

    def __init__(self, redis_url: str) -> None:
        self._url = urlsplit(redis_url)
        self.prefix = f"test{token_hex(8)}"
        self.all: list[Server] = []

    async def start(self, **options: Any) -> Server:
        """Return a new server of the cluster, with these arguments for its link."""
        assert self._url.hostname
        proxy = await FaultProxy.start(self._url.hostname, self._url.port or 6379)
        user, at, _ = self._url.netloc.rpartition("@")
        url = self._url._replace(netloc=f"{user}{at}127.0.0.1:{proxy.port}").geturl()
        server = Server(RedisCluster(url, self.prefix, **options), proxy)
        self.all.append(server)
        await server.cluster.open(server.heard)
        return server

    async def start_hasty(self, **options: Any) -> Server:
        """Return a new server of the cluster that waits for nobody for long."""
        return await self.start(**{"timeout": TIMEOUT, "server_timeout": SERVER_TIMEOUT, "grace": 0.2, **options})

    async def stop(self) -> None:
        """End all servers, and leave nothing of them in Redis."""
        for server in self.all:
            await server.cluster.close()
            await server.proxy.stop()
        await forget(self._url.geturl(), self.prefix)


@asynccontextmanager
async def servers_of(redis_url: str) -> AsyncIterator[Servers]:
    """Hold a cluster on this Redis, without servers yet; they end with it."""
    servers = Servers(redis_url)
    try:
        yield servers
    finally:
        await servers.stop()


async def forget(redis_url: str, prefix: str) -> None:
    """Delete all that has this prefix."""
    async with Redis.from_url(redis_url) as redis:
        names = [name async for name in redis.scan_iter(f"{prefix}:*", 1000)]
        if names:
            await redis.delete(*names)


async def reached(one: Server, others: list[Server], room: str, marker: bytes = b"marker") -> None:
    """Publish a marker in a room, and return when all others have heard it, and so what came before."""
    one.cluster.publish(room, marker)
    await until(lambda: all((room, marker) in other.heard.deliveries for other in others))
