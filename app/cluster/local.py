"""The cluster of one: what a server that is alone shares with itself, in its own memory."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from app.cluster.base import Cluster, Listener
from app.domain.errors import Unavailable

__all__ = ["LocalCluster"]


class _Sockets:
    """The sockets of one user in one roster, oldest first."""

    __slots__ = ("connected", "lingering")

    def __init__(self) -> None:
        self.connected: dict[str, None] = {}
        self.lingering: dict[str, None] = {}


class LocalCluster(Cluster):
    """A `Cluster` without other servers: publications are delivered before `publish` returns."""

    def __init__(self) -> None:
        self._listener: Listener | None = None
        self._rooms: set[str] = set()
        self._rosters: dict[str, dict[str, _Sockets]] = {}

    async def open(self, listener: Listener) -> None:
        self._listener = listener

    async def close(self) -> None:
        self._listener = None
        self._rooms.clear()
        self._rosters.clear()

    async def ping(self) -> None:
        self._ensure_open()

    def subscribe(self, room: str) -> asyncio.Future[None]:
        done = asyncio.get_running_loop().create_future()
        if self._listener is None:
            done.set_exception(Unavailable())
        else:
            self._rooms.add(room)
            done.set_result(None)
        return done

    def unsubscribe(self, room: str) -> asyncio.Future[None]:
        self._rooms.discard(room)
        done = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done

    def publish(self, room: str, payload: bytes) -> None:
        if self._listener and room in self._rooms:
            self._listener.deliver(room, payload)

    async def arrive(self, roster: str, user: str, socket: str) -> bool:
        self._ensure_open()
        users = self._rosters.setdefault(roster, {})
        first = user not in users
        sockets = users.setdefault(user, _Sockets())
        sockets.lingering.pop(next(iter(sockets.lingering), ""), None)
        sockets.connected[socket] = None
        return first

    async def linger(self, roster: str, user: str, socket: str) -> None:
        self._ensure_open()
        sockets = self._rosters.get(roster, {}).get(user)
        if sockets and socket in sockets.connected:
            del sockets.connected[socket]
            sockets.lingering[socket] = None

    async def leave(self, roster: str, user: str, socket: str) -> bool:
        self._ensure_open()
        users = self._rosters.get(roster, {})
        sockets = users.get(user)
        if sockets is None or not (socket in sockets.connected or socket in sockets.lingering):
            return False
        sockets.connected.pop(socket, None)
        sockets.lingering.pop(socket, None)
        if sockets.connected or sockets.lingering:
            return False
        del users[user]
        return True

    async def present(self, roster: str, users: Iterable[str]) -> set[str]:
        self._ensure_open()
        return set(users) & self._rosters.get(roster, {}).keys()

    def _ensure_open(self) -> None:
        if self._listener is None:
            raise Unavailable
