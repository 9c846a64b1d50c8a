"""The cluster of servers that share a Redis, version 6.2 or later."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterable
from typing import Any

from app.cluster.base import Cluster, Listener
from app.cluster.guarded import Guarded
from app.cluster.redis_address import Address
from app.cluster.redis_link import Link
from app.cluster.redis_list_scripts import ENLIST, LISTED, UNLIST
from app.cluster.redis_publisher import ORIGIN, Channels, Publisher
from app.cluster.redis_roster import Roster
from app.cluster.redis_scripts import REMEMBER, TALLY
from app.cluster.redis_subscriber import Subscriber
from app.cluster.redis_wire import decoded, encoded, packed
from app.domain.errors import Unavailable

__all__ = ["RedisCluster"]


class RedisCluster(Cluster):
    """A `Cluster` of the servers that use one database of a Redis and one prefix.

    Two connections are held: one for subscriptions, one for all else. Each is made again by itself.

    Args:
        url: where Redis is; redis://, rediss:// (TLS) or unix://. Raise `ClusterUnusableError` if it cannot be used.
        prefix: what all names in Redis begin with, so that others may use it too.
        timeout: seconds that Redis may take to answer, until it counts as gone.
        server_timeout: seconds that a server may give no sign of life, until its sockets are removed; more than twice
            `timeout` is wise, so that a pause of Redis looks like nobody's death.
        grace: seconds that the clients of a server that was closed have to come back elsewhere unannounced.

    """

    def __init__(
        self, url: str, prefix: str = "parley", *, timeout: float = 2.0, server_timeout: float = 6.0, grace: float = 2.0
    ) -> None:
        address = Address(url)
        name = secrets.token_bytes(ORIGIN)
        self._prefix = encoded(prefix)
        self._timeout = timeout
        self._channels = channels = Channels(self._prefix, address.database)
        # who may not publish would learn it from what is lost
        self._link = Link(address, timeout, self, [packed("PUBLISH", channels.gap, name + b"[]")])
        self._subscriber = Subscriber(address, timeout, channels, name)
        self._publisher = Publisher(self._link, channels, name)
        self._roster = Roster(self._link, self._prefix, name.hex().encode(), server_timeout, grace, self._died)
        self._listener: Listener | None = None
        self._open = False

    async def open(self, listener: Listener) -> None:
        self._listener = listener = Guarded(listener)
        try:
            await self._link.open()
            await self._subscriber.open(listener)
            await self._roster.open(listener)
        except BaseException:
            await self._end()
            raise
        self._open = True

    async def close(self, *, owing: bool = False) -> None:
        self._open = False
        try:
            async with asyncio.timeout(self._timeout):
                await self._roster.close(owing=owing)
        except TimeoutError:
            pass  # the connection says so too, a little later
        await self._end()

    async def _end(self) -> None:
        await self._subscriber.close()
        await self._link.close()

    async def ping(self) -> None:
        self._ensure_open()
        await asyncio.gather(self._link.call("PING"), self._subscriber.check())

    # how the link fares

    def linked(self) -> None:
        """Send what was lost, and what is true, before anything else."""
        self._publisher.linked()
        self._roster.linked()

    def unlinked(self, unanswered: list[Any]) -> None:
        """Keep what is to be sent then."""
        self._publisher.unlinked(unanswered)
        self._roster.unlinked()

    def _died(self) -> None:
        """Make up for what a dead server had still to publish: nobody knows what it was."""
        self._publisher.lost_elsewhere()
        if self._listener:
            self._listener.resync(None)

    # rooms

    def subscribe(self, room: str) -> asyncio.Future[None]:
        return self._subscriber.subscribe(room) if self._open else _refused()

    def unsubscribe(self, room: str) -> asyncio.Future[None]:
        return self._subscriber.unsubscribe(room) if self._open else _refused()

    def publish(self, room: str, payload: bytes, *, retry: bool = False) -> None:
        if self._open:
            channel = self._channels.of(room)
            self._subscriber.deliver(channel, payload)
            self._publisher.publish(room, channel, payload, retry)

    # rosters

    async def arrive(self, roster: str, user: str, socket: str, data: str = "") -> bool:
        self._ensure_open()
        return await self._roster.arrive(roster, user, socket, data)

    async def update(self, roster: str, user: str, socket: str, data: str) -> None:
        self._ensure_open()
        await self._roster.update(roster, user, socket, data)

    async def linger(self, roster: str, user: str, socket: str) -> None:
        self._ensure_open()
        await self._roster.linger(roster, user, socket)

    async def leave(self, roster: str, user: str, socket: str) -> bool:
        self._ensure_open()
        return await self._roster.leave(roster, user, socket)

    async def present(self, roster: str, users: Iterable[str]) -> set[str]:
        self._ensure_open()
        return await self._roster.census.present(roster, users)

    async def connected(self, roster: str, users: Iterable[str]) -> set[str]:
        self._ensure_open()
        return await self._roster.census.connected(roster, users)

    async def sockets(self, roster: str, users: Iterable[str], most: int) -> dict[str, tuple[int, list[str]]]:
        self._ensure_open()
        return await self._roster.census.sockets(roster, users, most)

    async def count(self, roster: str) -> int:
        self._ensure_open()
        return await self._roster.census.count(roster)

    async def page(self, roster: str, offset: int, limit: int) -> list[str]:
        self._ensure_open()
        return await self._roster.census.page(roster, offset, limit)

    # sessions

    async def remember(self, name: str, value: str, seconds: float) -> str:
        self._ensure_open()
        words = self._session(name), encoded(value), _milliseconds(seconds)
        return decoded(await self._link.run(REMEMBER, self._prefix, b"", *words))

    async def recall(self, name: str) -> str | None:
        self._ensure_open()
        value: bytes | None = await self._link.call("GET", self._session(name))
        return None if value is None else decoded(value)

    def _session(self, name: str) -> bytes:
        return self._prefix + b":session:" + encoded(name)

    # lists

    async def enlist(self, name: str, member: str, value: str, limit: int, seconds: float) -> None:
        self._ensure_open()
        words = encoded(name), encoded(member), encoded(value), str(limit), _milliseconds(seconds)
        await self._link.run(ENLIST, self._prefix, b"", *words)

    async def listed(self, name: str, limit: int) -> dict[str, str]:
        self._ensure_open()
        if limit < 1:
            return {}
        found = await self._link.run(LISTED, self._prefix, b"", encoded(name), str(limit))
        return {decoded(member): decoded(value) for member, value in zip(found[::2], found[1::2], strict=True)}

    async def unlist(self, name: str) -> None:
        self._ensure_open()
        await self._link.run(UNLIST, self._prefix, b"", encoded(name))

    # rate counters

    async def tally(self, name: str, window: float) -> tuple[int, float]:
        self._ensure_open()
        words = self._prefix, b"", encoded(name), _milliseconds(window)
        count, left = await self._link.run(TALLY, *words)
        return count, left / 1000

    def _ensure_open(self) -> None:
        if not self._open:
            raise Unavailable


def _refused() -> asyncio.Future[None]:
    """Return a future that has failed."""
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    future.set_exception(Unavailable())
    return future


def _milliseconds(seconds: float) -> str:
    return str(max(1, round(seconds * 1000)))
