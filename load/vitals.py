"""Looks at the processes of a run, once a second: what each uses, and what servers tell of themselves."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from math import isfinite

import aiohttp

from load.fleet import Member
from load.processes import Usage, usage
from load.result import Sample, Series

__all__ = ["Vitals", "figures", "metrics"]

_EVERY = 1.0
_MOST = 2**20
"""Bytes that a server may tell."""

_PATIENCE = 0.8
"""Seconds in which a server must have told; one that is slower tells nothing this time."""


class Vitals:
    """Watches processes from `start` to `stop`.

    Args:
        members: what there is to watch, asked each time: a process that was started anew has another pid.

    """

    def __init__(self, members: Callable[[], Sequence[Member]]) -> None:
        self._members = members
        self._kinds: dict[str, str] = {}
        self._samples: defaultdict[str, list[Sample]] = defaultdict(list)
        self._told: dict[str, tuple[list[int], Mapping[str, float]]] = {}
        self._watching: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look."""
        self._watching = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        """Look no more."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.wait([self._watching])
            self._watching = None

    def series(self, began: float) -> list[Series]:
        """Return what was seen since a moment, seconds since 1970; a process of which nothing was seen has none."""
        found: list[Series] = []
        for name, kind in self._kinds.items():
            seen = [replace(it, at=round(it.at - began, 2)) for it in self._samples[name] if it.at >= began]
            if seen:
                found.append(Series(name, kind, seen))
        return found

    async def look(self, http: aiohttp.ClientSession) -> None:
        """Look at all of them once."""
        await asyncio.gather(*(self._look(http, member) for member in self._members()))

    async def _watch(self) -> None:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_PATIENCE)) as http:
            loop = asyncio.get_running_loop()
            due = loop.time()
            while True:
                await self.look(http)
                due = max(due + _EVERY, loop.time())
                await asyncio.sleep(due - loop.time())

    async def _look(self, http: aiohttp.ClientSession, member: Member) -> None:
        self._kinds.setdefault(member.name, member.kind)
        at, pids, used = time.time(), list(member.pids), usage(member.pids)
        told = await metrics(http, member.metrics) if member.metrics else {}
        if used is None and told:  # one of another machine says it itself
            used = Usage(told.get("process_cpu_seconds_total", 0.0), int(told.get("process_resident_memory_bytes", 0)))
        if used is None:
            return
        if told:
            self._told[member.name] = pids, told
        elif member.name in self._told and self._told[member.name][0] == pids:
            told = self._told[member.name][1]  # it is too busy to say it, and has not lost its connections
        self._samples[member.name].append(
            Sample(
                at,
                round(used.cpu, 2),
                used.rss,
                tasks=int(told.get("parley_tasks", 0)),
                queued=int(told.get("parley_queued_bytes", 0)),
                connections=int(told.get("parley_connections", 0)),
            )
        )


def figures(text: str) -> dict[str, float]:
    """Return the figures of a text of Prometheus by name, each the sum over its labels."""
    found: defaultdict[str, float] = defaultdict(float)
    for line in text.splitlines():
        name, _, value = line.rpartition(" ")
        if name and not line.startswith("#"):
            with suppress(ValueError):  # what is no figure
                number = float(value)
                if isfinite(number):
                    found[name.partition("{")[0]] += number
    return dict(found)


async def metrics(http: aiohttp.ClientSession, url: str) -> Mapping[str, float]:
    """Return the figures that a server tells of itself, none if it tells nothing, too late, or without an end."""
    told = b""
    try:
        async with http.get(f"{url}/metrics", allow_redirects=False) as answer:
            async for part in answer.content.iter_any():
                told += part
                if len(told) > _MOST:
                    return {}
            return figures(told.decode(errors="replace")) if answer.status == 200 else {}
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
        return {}
