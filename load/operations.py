"""What the engines of a run do in its measured phases, as they count it themselves, or else as the servers do."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Mapping
from typing import Any

import aiohttp
from pymongo import AsyncMongoClient
from pymongo.errors import PyMongoError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from load.own_fleet import OwnFleet
from load.vitals import figures

__all__ = ["Operations"]

_PATIENCE = 2.0
"""Seconds in which an engine must have told; one that stands still tells nothing."""

_OURS = "info"
"""The command of Redis that asks how often each was called."""

_REQUESTS = "parley_store_requests_total"

_OPCOUNTERS = ("insert", "query", "update", "delete", "getmore", "command")


class Operations:
    """Counts over the phases for which it is told to. An engine that cannot tell is left out.

    Attributes:
        counted: how often what was done, by names such as `redis publish` and `mongo insert`; each counts once.

    """

    def __init__(self, fleet: OwnFleet) -> None:
        self._fleet = fleet
        self._before: Mapping[str, float] | None = None
        self.counted: Counter[str] = Counter()

    async def phase(self, *, measured: bool) -> None:
        """Hear that a phase begins, and that the one before has ended."""
        if not measured and self._before is None:
            return
        now = await self._now()
        if self._before is not None:
            done = {key: value - self._before.get(key, 0) for key, value in now.items()}
            # an engine that was started anew has begun to count anew
            self.counted.update({key: round(value) for key, value in done.items() if value > 0})
        self._before = now if measured else None

    async def _now(self) -> Mapping[str, float]:
        both = await asyncio.gather(self._redis(), self._mongo(), return_exceptions=True)
        return {key: value for found in both if not isinstance(found, BaseException) for key, value in found.items()}

    async def _redis(self) -> Mapping[str, float]:
        if self._fleet.redis is None:
            return {}
        url = self._fleet.redis.url
        client: Any = Redis.from_url(url, socket_timeout=_PATIENCE, socket_connect_timeout=_PATIENCE)
        try:
            each = await client.info("commandstats")
        except (RedisError, OSError):
            return {}
        finally:
            await client.aclose()
        return {
            f"redis {name}": float(it["calls"])
            for command, it in each.items()
            if (name := command.removeprefix("cmdstat_")) != _OURS
        }

    async def _mongo(self) -> Mapping[str, float]:
        if self._fleet.mongo is None:
            return {}
        patience = int(_PATIENCE * 1000)
        client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(
            self._fleet.mongo.url, serverSelectionTimeoutMS=patience, socketTimeoutMS=patience
        )
        try:
            counters = (await client.admin.command("serverStatus")).get("opcounters", {})
        except PyMongoError:
            return {}
        finally:
            await client.close()
        told = {f"mongo {name}": float(counters[name]) for name in _OPCOUNTERS if name in counters}
        return told or await self._requests()

    async def _requests(self) -> Mapping[str, float]:
        """Return what the servers say that they asked of a MongoDB that does not count, as FerretDB does not."""
        urls = [member.metrics for member in self._fleet.members() if member.metrics is not None]
        counted: list[float] = []
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_PATIENCE)) as http:
            for url in urls:
                with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError):
                    async with http.get(f"{url}/metrics") as answer:
                        told = figures(await answer.text())
                    if _REQUESTS in told:
                        counted.append(told[_REQUESTS])
        return {"mongo requests": sum(counted)} if urls and len(counted) == len(urls) else {}
