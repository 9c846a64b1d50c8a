"""Who is connected, as Redis has it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from app.cluster.redis_link import Link
from app.cluster.redis_scripts import CONNECTED, SOCKETS, Script
from app.cluster.redis_wire import decoded, encoded

__all__ = ["Census"]

CHUNK = 500
"""How many users one command is about."""

TOGETHER = 100
"""How many users' sockets are read by one script: Redis does nothing else meanwhile."""

LOOKED_AT = 32
"""How many sockets of a user are looked at to tell whether one of them is connected."""


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
        name = self._name(roster, b"online")
        answers: list[list[bytes | None]] = await asyncio.gather(
            *(self._link.call("ZMSCORE", name, *map(encoded, chunk)) for chunk in _chunks(asked, CHUNK))
        )
        scores = (score for answer in answers for score in answer)
        return {user for user, score in zip(asked, scores, strict=True) if score is not None}

    async def connected(self, roster: str, users: Iterable[str]) -> set[str]:
        """Return those of the users who have a socket that does not linger."""
        asked = list(dict.fromkeys(users))
        answers = await self._looked_at(CONNECTED, roster, asked, LOOKED_AT)
        return {user for user, connected in zip(asked, answers, strict=True) if connected}

    async def sockets(self, roster: str, users: Iterable[str], most: int) -> dict[str, tuple[int, list[str]]]:
        """Return how many sockets the users have who are present, and the data of at most `most` of each one's."""
        asked = list(dict.fromkeys(users))
        answers = await self._looked_at(SOCKETS, roster, asked, most)
        # a value is "<lingering since> <came first> <data>"
        found = ((count, [decoded(value.split(b" ", 2)[2]) for value in values]) for count, *values in answers)
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

    async def _looked_at(self, script: Script, roster: str, users: list[str], most: int) -> list[Any]:
        """Return what a script answers of each user, of whom it looks at so many sockets."""
        words = self._prefix, b"", encoded(roster), str(most)
        answers: list[list[Any]] = await asyncio.gather(
            *(self._link.run(script, *words, *map(encoded, chunk)) for chunk in _chunks(users, TOGETHER))
        )
        return [answer for chunk in answers for answer in chunk]

    def _name(self, roster: str, *more: bytes) -> bytes:
        return b":".join((self._prefix, b"roster", encoded(roster), *more))


def _chunks(users: list[str], size: int) -> list[list[str]]:
    return [users[start : start + size] for start in range(0, len(users), size)]
