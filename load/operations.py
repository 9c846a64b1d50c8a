"""What the engines of a run do in its measured phases, as they count it themselves, or else as the servers do."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from typing import Any

import aiohttp
from pymongo import AsyncMongoClient
from pymongo.errors import PyMongoError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from load.own_fleet import OwnFleet
from load.vitals import metrics

__all__ = ["Operations"]

_PATIENCE = 2.0
"""Seconds in which an engine must have told; one that stands still tells nothing."""

_OURS = "info"
"""The command of Redis that asks how often each was called."""

_Told = Mapping[str, float] | None
"""What an engine says that it has done, None where it says nothing."""

_REQUESTS = "parley_store_requests_total"

_OPCOUNTERS = ("insert", "query", "update", "delete", "getmore", "command")


class Operations:
    """Counts over the phases for which it is told to. An engine that once could not tell is left out."""

    def __init__(self, fleet: OwnFleet) -> None:
        self._fleet = fleet
        self._before: Mapping[str, _Told] = {}
        self._counted: Mapping[str, Counter[str]] = {"redis": Counter(), "mongo": Counter()}
        self._silent: set[str] = set()

    @property
    def counted(self) -> dict[str, int]:
        """How often what was done, by names such as `redis publish` and `mongo insert`; each counts once."""
        return {
            f"{engine} {name}": count
            for engine, counts in self._counted.items()
            if engine not in self._silent
            for name, count in counts.items()
        }

    async def phase(self, *, measured: bool) -> None:
        """Hear that a phase begins, and that the one before has ended."""
        if not measured and not self._before:
            return
        now = await self._now()
        for engine, before in self._before.items():
            after = now[engine]
            if before is None or after is None:
                self._silent.add(engine)
                continue
            done = {key: value - before.get(key, 0) for key, value in after.items()}
            # an engine that was started anew has begun to count anew
            self._counted[engine].update({key: round(value) for key, value in done.items() if value >= 0})
        self._before = now if measured else {}

    async def _now(self) -> Mapping[str, _Told]:
        both = await asyncio.gather(self._redis(), self._mongo(), return_exceptions=True)
        told = (None if isinstance(it, BaseException) else it for it in both)
        return dict(zip(("redis", "mongo"), told, strict=True))

    async def _redis(self) -> _Told:
        if self._fleet.redis is None:
            return None
        url = self._fleet.redis.url
        client: Any = Redis.from_url(url, socket_timeout=_PATIENCE, socket_connect_timeout=_PATIENCE)
        try:
            each = await client.info("commandstats")
        except (RedisError, OSError):
            return None
        finally:
            await client.aclose()
        return {
            name: float(it["calls"])
            for command, it in each.items()
            if (name := command.removeprefix("cmdstat_")) != _OURS
        }

    async def _mongo(self) -> _Told:
        if self._fleet.mongo is None:
            return None
        patience = int(_PATIENCE * 1000)
        client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(
            self._fleet.mongo.url, serverSelectionTimeoutMS=patience, socketTimeoutMS=patience
        )
        try:
            counters = (await client.admin.command("serverStatus")).get("opcounters", {})
        except PyMongoError:
            return None
        finally:
            await client.close()
        return {name: float(counters[name]) for name in _OPCOUNTERS if name in counters} or await self._requests()

    async def _requests(self) -> _Told:
        """Return what the servers say that they asked of a MongoDB that does not count, as FerretDB does not."""
        urls = [member.metrics for member in self._fleet.members() if member.metrics is not None]
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_PATIENCE)) as http:
            told = await asyncio.gather(*(metrics(http, url) for url in urls))
        counted = [it[_REQUESTS] for it in told if _REQUESTS in it]
        return {"requests": sum(counted)} if counted and len(counted) == len(urls) else None
