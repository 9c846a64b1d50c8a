"""What a server knows of its own sockets, and what of that Redis may not know."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from app.cluster.redis_wire import decoded, encoded

__all__ = ["Key", "Left", "Socket", "Sockets"]


class Key(NamedTuple):
    """The name of a socket."""

    roster: str
    user: str
    socket: str

    @property
    def owner(self) -> tuple[str, str]:
        """Roster and user."""
        return self.roster, self.user

    @property
    def words(self) -> tuple[bytes, bytes, bytes]:
        """The name as the scripts take it."""
        return encoded(self.roster), encoded(self.user), encoded(self.socket)

    @property
    def member(self) -> bytes:
        """The name as the set of a server's sockets has it."""
        return encoded(f"{self.roster}\n{self.socket}\n{self.user}")

    @classmethod
    def of(cls, member: bytes) -> Key:
        """Return the name that a set has."""
        roster, socket, user = decoded(member).split("\n", 2)
        return cls(roster, user, socket)


class Socket:
    """A socket of this server.

    Attributes:
        data: what is kept with it.
        lingering: microseconds of the epoch, since when it is gone; 0 if it is connected.
        doubt: it is not known whether its user came with it.
        sent: Redis was told of it, and may have heard.

    """

    __slots__ = ("data", "doubt", "lingering", "sent")

    def __init__(self, data: str, sent: bool) -> None:
        self.data = data
        self.lingering = 0
        self.doubt = True
        self.sent = sent


class Left(NamedTuple):
    """A socket that left, and Redis has not said so.

    Attributes:
        socket: what it was.
        told: Redis was told so, and may have heard.

    """

    socket: Socket
    told: bool


class Sockets:
    """The sockets of this server: the truth, whatever Redis says.

    Attributes:
        changed: those that Redis is to be told of: they are held or not, and Redis may know otherwise.

    """

    def __init__(self) -> None:
        self._held: dict[tuple[str, str], dict[str, Socket]] = {}
        self._left: dict[tuple[str, str], dict[str, Left]] = {}
        self.changed: dict[Key, None] = {}

    def __iter__(self) -> Iterator[tuple[Key, Socket]]:
        for (roster, user), sockets in self._held.items():
            for name, socket in sockets.items():
                yield Key(roster, user, name), socket

    def get(self, key: Key) -> Socket | None:
        """Return a socket, None if it is not held."""
        return self._held.get(key.owner, {}).get(key.socket)

    def add(self, key: Key, socket: Socket) -> None:
        """Hold a socket."""
        self._held.setdefault(key.owner, {})[key.socket] = socket
        self.forget_leaving(key)

    def pop(self, key: Key) -> Socket | None:
        """Return a socket, and hold it no longer; None if it is not held."""
        sockets = self._held.get(key.owner, {})
        socket = sockets.pop(key.socket, None)
        if socket and not sockets:
            del self._held[key.owner]
        return socket

    def clear(self) -> None:
        """Hold nothing, and know nothing."""
        self._held.clear()
        self._left.clear()
        self.changed.clear()

    # those that left, and Redis has not said so

    def leaving(self, key: Key, socket: Socket, told: bool) -> None:
        """Note that a socket left; Redis was told so and may have heard, or was not."""
        if self.get(key) is None:
            self._left.setdefault(key.owner, {})[key.socket] = Left(socket, told)

    def leaving_told(self, key: Key) -> None:
        """Note that Redis may have heard of a socket that left."""
        if left := self.left(key):
            self._left[key.owner][key.socket] = Left(left.socket, told=True)

    def left(self, key: Key) -> Left | None:
        """Return what is known of a socket that left, None if it is not one of these."""
        return self._left.get(key.owner, {}).get(key.socket)

    def forget_leaving(self, key: Key) -> None:
        """Note that Redis knows."""
        sockets = self._left.get(key.owner, {})
        sockets.pop(key.socket, None)
        if not sockets:
            self._left.pop(key.owner, None)

    def forget_all_leaving(self) -> None:
        """Note that what left has been told of by another."""
        self._left.clear()

    def presence_known(self, key: Key) -> bool:
        """Tell whether the user of a socket is known to have been present through another one of this server."""
        others = (socket for name, socket in self._held.get(key.owner, {}).items() if name != key.socket)
        left = (left.socket for left in self._left.get(key.owner, {}).values())
        return any(not socket.doubt for socket in (*others, *left))
