"""Who is online: lists of all servers' users, bounded in time and size, with an exact total.

What is known of a session is kept with its socket in the roster, so a list of users asks nothing of the store.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson

from app.cluster.base import Cluster

__all__ = ["SESSIONS_READ", "OnlineUser", "OnlineUsers", "SessionRecord"]

SESSIONS_READ = 8
"""How many sessions of a user are looked at to tell when they were last seen. All are counted."""


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """What the roster keeps with a socket.

    Attributes:
        email: of its user.
        connected_at: when the user was authenticated on it, in milliseconds since the epoch.
        last_activity: when it last asked for something, likewise; it may have been a while later.
        device_info: what it says it is.
        ip_address: where it comes from.

    """

    email: str
    connected_at: int
    last_activity: int
    device_info: str = ""
    ip_address: str = ""

    def encode(self) -> str:
        """Return it as the roster keeps it: JSON."""
        return orjson.dumps(
            {
                "email": self.email,
                "connectedAt": self.connected_at,
                "lastActivity": self.last_activity,
                "deviceInfo": self.device_info,
                "ipAddress": self.ip_address,
            }
        ).decode()

    @classmethod
    def decode(cls, text: str) -> SessionRecord:
        """Return what `encode` made a text of."""
        kept: dict[str, Any] = orjson.loads(text)
        return cls(kept["email"], kept["connectedAt"], kept["lastActivity"], kept["deviceInfo"], kept["ipAddress"])


@dataclass(frozen=True, slots=True)
class OnlineUser:
    """A user with at least one session.

    Attributes:
        last_seen: when one of their sessions last asked for something, in milliseconds since the epoch.
        sessions: how many there are on all servers.

    """

    user_id: str
    email: str
    last_seen: int
    sessions: int


class OnlineUsers:
    """The users who are in the roster of a contract. Everything raises `Unavailable`.

    Args:
        roster: the contract's name.
        cluster: where the roster is kept; its data are `SessionRecord`s.
        limit: of a list.

    """

    def __init__(self, roster: str, cluster: Cluster, limit: int) -> None:
        self._roster = roster
        self._cluster = cluster
        self._limit = limit

    async def among(self, users: Iterable[str]) -> list[OnlineUser]:
        """Return those of the users who are online, in their order, no more than the limit."""
        asked = list(users)
        present = await self._cluster.present(self._roster, asked)
        return await self._described([user for user in asked if user in present][: self._limit])

    async def all(self, asker: str) -> tuple[list[OnlineUser], int]:
        """Return who is online and how many there are.

        Of more than the limit the list has those who have been online for longest, and the asker in any case.
        """
        total, users = await asyncio.gather(
            self._cluster.count(self._roster), self._cluster.page(self._roster, 0, self._limit)
        )
        if asker not in users:
            users = [*users[: self._limit - 1], asker]
        return await self._described(users), total

    async def _described(self, users: list[str]) -> list[OnlineUser]:
        found = await self._cluster.sockets(self._roster, users, SESSIONS_READ)
        return [_described(user, *found[user]) for user in users if user in found]


def _described(user: str, sessions: int, data: list[str]) -> OnlineUser:
    latest = max(map(SessionRecord.decode, data), key=lambda session: session.last_activity)
    return OnlineUser(user, latest.email, latest.last_activity, sessions)
