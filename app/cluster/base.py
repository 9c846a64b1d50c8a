"""What equal servers share while they run: rooms to publish in, and a roster of who is connected.

Every adapter passes the same contract suite, `tests/cluster/`. Nothing here is durable: the cluster is a hint, the
store is the truth. A publication may be lost when the link to the others is interrupted; `Listener.resync` is called
once it is whole again, so that the servers can hand out from the store what was missed.

Every coroutine and every future may raise `Unavailable`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Protocol

__all__ = ["Cluster", "Listener"]


class Listener(Protocol):
    """What a server does with the news of the cluster. Both calls come from the event loop and must not block."""

    def deliver(self, room: str, payload: bytes) -> None:
        """Take a publication for a room that this server has subscribed to."""
        ...

    def resync(self) -> None:
        """Publications may have been missed since the last call of `deliver`; from now on they come again."""
        ...

    def departed(self, roster: str, user: str) -> None:
        """Hear that the sweep has removed the last socket that a dead server left of this user; one server hears it."""
        ...


class Cluster(Protocol):
    """One server's link to all servers, itself included."""

    async def open(self, listener: Listener) -> None:
        """Join the cluster. Publications and resyncs go to `listener` from now on."""
        ...

    async def close(self) -> None:
        """Leave the cluster; the sockets of this server linger until the others sweep them. May be called twice."""
        ...

    async def ping(self) -> None:
        """Return when the cluster has answered."""
        ...

    # rooms

    def subscribe(self, room: str) -> asyncio.Future[None]:
        """Subscribe, and return a future: from when it is done, everything published in the room reaches this server.

        Subscriptions and their ends take effect in the order of the calls, whether or not the futures are awaited.
        """
        ...

    def unsubscribe(self, room: str) -> asyncio.Future[None]:
        """End the subscription. What was under way may still be delivered."""
        ...

    def publish(self, room: str, payload: bytes) -> None:
        """Send to every server that has subscribed to the room, this one included.

        Publications of one server arrive everywhere in the order of their calls. Never blocks, never raises: a
        publication that cannot be sent is one that may be lost.
        """
        ...

    # rosters: which sockets of which users are connected, per roster (a contract), on all servers

    async def arrive(self, roster: str, user: str, socket: str) -> bool:
        """Add a socket. Return True if the user was absent. The oldest lingering socket, if any, is forgotten."""
        ...

    async def linger(self, roster: str, user: str, socket: str) -> None:
        """Count a socket that is gone as still there until it is removed or another of the user arrives."""
        ...

    async def leave(self, roster: str, user: str, socket: str) -> bool:
        """Remove a socket, lingering or not. Return True if it was there and the user is now absent."""
        ...

    async def present(self, roster: str, users: Iterable[str]) -> set[str]:
        """Return those of the users who are present: with a socket, lingering ones included."""
        ...
