"""What equal servers share while they run: rooms to publish in, a roster of who is connected, sessions and the like.

Every adapter passes the same contract suite, `tests/cluster/`. Nothing here is durable: the cluster is a hint, the
store is the truth. The link to the other servers may be interrupted at any time; a server goes on without it:

- a publication may be lost; `Listener.resync` says for which rooms, once the link is whole, so that the servers hand
  out from the store what was missed. One made with `retry` is kept and sent then, perhaps for the second time;
- a subscription counts from then on;
- what a server says of its own sockets is kept, and the roster learns it then: `Listener.arrived` and `departed`
  tell of the users for whom that made a difference.

Coroutines and futures raise `Unavailable` where they say so, and all of them after `close`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable
from typing import Protocol

__all__ = ["Cluster", "ClusterUnusableError", "Listener"]


class ClusterUnusableError(Exception):
    """The cluster cannot be joined, and trying again will not help; the text says what to change."""


class Listener(Protocol):
    """What a server does with the news of the cluster. All calls come from the event loop and must not block."""

    def deliver(self, room: str, payload: bytes) -> None:
        """Take a publication for a room that this server has subscribed to."""
        ...

    def resync(self, rooms: Collection[str] | None) -> None:
        """Publications for these rooms may have been missed; None stands for every room of this server.

        What is published from now on comes after this call.
        """
        ...

    def arrived(self, roster: str, user: str) -> None:
        """Hear that a user was absent and is present now, through a socket that `arrive` could not tell of."""
        ...

    def departed(self, roster: str, user: str) -> None:
        """Hear that a user is absent now: a dead server left the last socket, or `leave` could not tell.

        One server of all hears it; where that one is cut off meanwhile, perhaps two, and of somebody twice.
        """
        ...


class Cluster(Protocol):
    """One server's link to all servers, itself included."""

    async def open(self, listener: Listener) -> None:
        """Join the cluster, and tell `listener` its news from now on. Raise `ClusterUnusableError`, `Unavailable`."""
        ...

    async def close(self, *, owing: bool = False) -> None:
        """Leave the cluster; what sockets of this server are left linger for a while. May be called twice.

        Args:
            owing: publications may be lacking that nobody else can make: to the others it is as if this server had
                died, and every room may have missed something, now and for a while.

        """
        ...

    async def ping(self) -> None:
        """Return when the cluster has answered, over every connection to it. Raise `Unavailable`."""
        ...

    # rooms

    def subscribe(self, room: str) -> asyncio.Future[None]:
        """Subscribe, and return a future: once it is done, what is published in the room reaches this server.

        Subscriptions and their ends take effect in the order of the calls, whether or not the futures are awaited.
        During an interruption the future is done at once, as a `resync` of the room will follow.
        """
        ...

    def unsubscribe(self, room: str) -> asyncio.Future[None]:
        """End the subscription. What was under way may still be delivered."""
        ...

    def publish(self, room: str, payload: bytes, *, retry: bool = False) -> None:
        """Send to every server that has subscribed to the room.

        This server's own subscription is served before the call returns. Publications of one server arrive
        everywhere in the order of their calls, but for one that is sent again. Never blocks, never raises.

        Args:
            room: its name, any text.
            payload: any bytes.
            retry: keep it during an interruption and send it after that, perhaps twice; of many, the latest.

        """
        ...

    # rosters: which sockets of which users are connected, per roster (a contract), on all servers; names of rosters
    # and of sockets have no line break

    async def arrive(self, roster: str, user: str, socket: str, data: str = "") -> bool:
        """Add a socket. Return True if the user was absent. The oldest lingering socket, if any, is forgotten.

        False during an interruption: `Listener.arrived` makes up for it.
        """
        ...

    async def update(self, roster: str, user: str, socket: str, data: str) -> None:
        """Keep other data with a socket; nothing happens if it is not there."""
        ...

    async def linger(self, roster: str, user: str, socket: str) -> None:
        """Count a socket that is gone as still there until it is removed or another of the user arrives."""
        ...

    async def leave(self, roster: str, user: str, socket: str) -> bool:
        """Remove a socket, lingering or not. Return True if it was there and the user is now absent.

        False during an interruption: `Listener.departed` makes up for it.
        """
        ...

    async def present(self, roster: str, users: Iterable[str]) -> set[str]:
        """Return those of the users who are present: with a socket, lingering ones included. Raise `Unavailable`."""
        ...

    async def connected(self, roster: str, users: Iterable[str]) -> set[str]:
        """Return those of the users who have a socket that does not linger. Raise `Unavailable`.

        Of a user with very many sockets it may be said though all of them linger.
        """
        ...

    async def sockets(self, roster: str, users: Iterable[str], most: int) -> dict[str, tuple[int, list[str]]]:
        """Return how many sockets the users have who are present, and the data of at most `most` of each one's.

        Lingering ones included. Raise `Unavailable`.
        """
        ...

    async def count(self, roster: str) -> int:
        """Return how many users are present. Raise `Unavailable`."""
        ...

    async def page(self, roster: str, offset: int, limit: int) -> list[str]:
        """Return a page of the users who are present, those who have been for longest first. Raise `Unavailable`."""
        ...

    # sessions: values that any server can read, until they have not been used for a while

    async def remember(self, name: str, value: str, seconds: float) -> str:
        """Keep a value under a name that has none, and return the one that it has. Raise `Unavailable`.

        Either way that is kept for so many seconds from now.
        """
        ...

    async def recall(self, name: str) -> str | None:
        """Return the value of a name, None if there is none or its time has passed. Raise `Unavailable`."""
        ...

    # lists: members with a value each, bounded, until nothing has changed for a while; all of them may be any text

    async def enlist(self, name: str, member: str, value: str, limit: int, seconds: float) -> None:
        """Make a member, which may be there already, the newest of a list. Raise `Unavailable`.

        Args:
            name: the list's; it is made if there is none.
            member: who or what it is about.
            value: takes the place of the one that the member had.
            limit: how many members are kept: the newest.
            seconds: for how long the list is kept from now.

        """
        ...

    async def listed(self, name: str, limit: int) -> dict[str, str]:
        """Return so many members of a list with their values, the newest first. Raise `Unavailable`."""
        ...

    async def unlist(self, name: str) -> None:
        """Keep a list no longer. Raise `Unavailable`."""
        ...

    # rate counters

    async def tally(self, name: str, window: float) -> tuple[int, float]:
        """Count an event, and return how many there were in the window, this one included, and its seconds left.

        The first event of a name begins a window of so many seconds. Raise `Unavailable`.
        """
        ...
