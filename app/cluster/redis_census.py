"""Who is connected, as Redis has it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from app.cluster.redis_link import Link
from app.cluster.redis_scripts import SOCKETS
from app.cluster.redis_wire import decoded, encoded

__all__ = ["Census"]

CHUNK = 500
"""How many users one command is about."""

TOGETHER = 100
"""How many users' sockets are read by one script: Redis does nothing else meanwhile."""


class Census:
    """Reads what the scripts have written of the sockets of all servers. Everything raises `Unavailable`.

    Args:
        link: the way to Redis.
        prefix: what all names in Redis begin with.

    """

    def __init__(self, link: Link, prefix: bytes) -> None:
        self._link = link
        self._prefix = prefix

    async def present(self, roster: str, users: Iterable[str]) -> set[str]:
        """Return those of the users who are present."""
        asked = list(dict.fromkeys(users))
        chunks = [asked[start : start + CHUNK] for start in range(0, len(asked), CHUNK)]
        name = self._name(roster, b"online")
        answers: list[list[bytes | None]] = await asyncio.gather(
            *(self._link.call("ZMSCORE", name, *map(encoded, chunk)) for chunk in chunks)
        )
        scores = (score for answer in answers for score in answer)
        return {user for user, score in zip(asked, scores, strict=True) if score is not None}

    async def sockets(self, roster: str, users: Iterable[str], most: int) -> dict[str, tuple[int, list[str]]]:
        """Return how many sockets the users have who are present, and the data of at most `most` of each one's."""
        asked = list(dict.fromkeys(users))
        chunks = [asked[start : start + TOGETHER] for start in range(0, len(asked), TOGETHER)]
        words = self._prefix, b"", encoded(roster), str(most)
        answers: list[list[list[Any]]] = await asyncio.gather(
            *(self._link.run(SOCKETS, *words, *map(encoded, chunk)) for chunk in chunks)
        )
        # a value is "<lingering since> <came first> <data>"
        found = (
            (count, [decoded(value.split(b" ", 2)[2]) for value in values])
            for answer in answers
            for count, *values in answer
        )
        return {user: held for user, held in zip(asked, found, strict=True) if held[0]}

    async def count(self, roster: str) -> int:
        """Return how many users are present."""
        return await self._link.call("ZCARD", self._name(roster, b"online"))

    async def page(self, roster: str, offset: int, limit: int) -> list[str]:
        """Return a page of the users who are present, those who came first first."""
        if limit <= 0:
            return []
        name, span = self._name(roster, b"online"), (str(offset), str(offset + limit - 1))
        users: list[bytes] = await self._link.call("ZRANGE", name, *span)
        return [decoded(user) for user in users]

    def _name(self, roster: str, *more: bytes) -> bytes:
        return b":".join((self._prefix, b"roster", encoded(roster), *more))
