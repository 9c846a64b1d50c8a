"""The cluster of one: what a server that is alone shares with itself, in its own memory."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from itertools import chain, islice

from app.cluster.base import Cluster, Listener
from app.cluster.expiring import Expiring
from app.domain.errors import Unavailable

__all__ = ["LocalCluster"]


class _Sockets:
    """The sockets of one user in one roster with their data; those that linger are the oldest first."""

    __slots__ = ("connected", "lingering")

    def __init__(self) -> None:
        self.connected: dict[str, str] = {}
        self.lingering: dict[str, str] = {}

    def some(self, most: int) -> tuple[int, list[str]]:
        """Return how many there are, and the data of at most so many of them."""
        data = chain(self.connected.values(), self.lingering.values())
        return len(self.connected) + len(self.lingering), list(islice(data, most))


class LocalCluster(Cluster):
    """A `Cluster` without other servers: never interrupted, and publications are delivered before `publish` returns.

    Args:
        clock: returns seconds that never go back.

    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._listener: Listener | None = None
        self._rooms: set[str] = set()
        self._rosters: dict[str, dict[str, _Sockets]] = {}  # users in the order in which they came
        self._sessions: Expiring[str] = Expiring(clock)
        self._lists: Expiring[dict[str, str]] = Expiring(clock)  # the newest member last
        self._tallies: Expiring[int] = Expiring(clock)

    async def open(self, listener: Listener) -> None:
        self._listener = listener

    async def close(self, *, owing: bool = False) -> None:
        self._listener = None
        self._rooms.clear()
        self._rosters.clear()
        self._sessions.clear()
        self._lists.clear()
        self._tallies.clear()

    async def ping(self) -> None:
        self._ensure_open()

    # rooms

    def subscribe(self, room: str) -> asyncio.Future[None]:
        self._rooms.add(room)
        return self._done()

    def unsubscribe(self, room: str) -> asyncio.Future[None]:
        self._rooms.discard(room)
        return self._done()

    def publish(self, room: str, payload: bytes, *, retry: bool = False) -> None:
        if self._listener and room in self._rooms:
            self._listener.deliver(room, payload)

    # rosters

    async def arrive(self, roster: str, user: str, socket: str, data: str = "") -> bool:
        self._ensure_open()
        users = self._rosters.setdefault(roster, {})
        first = user not in users
        sockets = users.setdefault(user, _Sockets())
        sockets.lingering.pop(next(iter(sockets.lingering), ""), None)
        sockets.connected[socket] = data
        return first

    async def update(self, roster: str, user: str, socket: str, data: str) -> None:
        self._ensure_open()
        if sockets := self._rosters.get(roster, {}).get(user):
            for kind in (sockets.connected, sockets.lingering):
                if socket in kind:
                    kind[socket] = data

    async def linger(self, roster: str, user: str, socket: str) -> None:
        self._ensure_open()
        sockets = self._rosters.get(roster, {}).get(user)
        if sockets and socket in sockets.connected:
            sockets.lingering[socket] = sockets.connected.pop(socket)

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
        there = self._rosters.get(roster, {})
        return {user for user in users if user in there}

    async def connected(self, roster: str, users: Iterable[str]) -> set[str]:
        self._ensure_open()
        there = self._rosters.get(roster, {})
        return {user for user in users if user in there and there[user].connected}

    async def sockets(self, roster: str, users: Iterable[str], most: int) -> dict[str, tuple[int, list[str]]]:
        self._ensure_open()
        there = self._rosters.get(roster, {})
        return {user: there[user].some(most) for user in users if user in there}

    async def count(self, roster: str) -> int:
        self._ensure_open()
        return len(self._rosters.get(roster, {}))

    async def page(self, roster: str, offset: int, limit: int) -> list[str]:
        self._ensure_open()
        return list(islice(self._rosters.get(roster, {}), offset, offset + limit))

    # sessions

    async def remember(self, name: str, value: str, seconds: float) -> str:
        self._ensure_open()
        kept, _ = self._sessions.get(name) or (value, seconds)
        self._sessions.put(name, kept, seconds)
        return kept

    async def recall(self, name: str) -> str | None:
        self._ensure_open()
        found = self._sessions.get(name)
        return found[0] if found else None

    # lists

    async def enlist(self, name: str, member: str, value: str, limit: int, seconds: float) -> None:
        self._ensure_open()
        members = self._list(name)
        members.pop(member, None)
        members[member] = value
        for oldest in list(islice(members, max(0, len(members) - limit))):
            del members[oldest]
        self._lists.put(name, members, seconds)

    async def listed(self, name: str, limit: int) -> dict[str, str]:
        self._ensure_open()
        return dict(islice(reversed(self._list(name).items()), limit))

    async def unlist(self, name: str) -> None:
        self._ensure_open()
        self._lists.drop(name)

    def _list(self, name: str) -> dict[str, str]:
        found = self._lists.get(name)
        return found[0] if found else {}

    # rate counters

    async def tally(self, name: str, window: float) -> tuple[int, float]:
        self._ensure_open()
        count, left = self._tallies.get(name) or (0, window)
        self._tallies.put(name, count + 1, left)
        return count + 1, left

    def _ensure_open(self) -> None:
        if self._listener is None:
            raise Unavailable

    def _done(self) -> asyncio.Future[None]:
        """Return a future that is done, and has failed if the cluster is closed."""
        done = asyncio.get_running_loop().create_future()
        if self._listener is None:
            self._rooms.clear()
            done.set_exception(Unavailable())
        else:
            done.set_result(None)
        return done
