"""Membership of rooms over all servers: names with connections in them, wherever those are."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from app.cluster.base import Cluster
from app.engine.base import Connection, Engine

__all__ = ["Membership"]


class Membership:
    """Who of this server is in which room: a server is subscribed to a room while a connection of its own is in it.

    A connection is in a room, or out of it, when the call returns; the subscription follows.
    """

    def __init__(self, engine: Engine, cluster: Cluster) -> None:
        self._engine = engine
        self._cluster = cluster
        self._subscriptions: dict[str, asyncio.Future[None]] = {}

    def join(self, connection: Connection, room: str) -> asyncio.Future[None]:
        """Put a connection in a room; once the result is done, everything published there reaches it.

        Raise `Unavailable` from the result. The connection is in the room then too, and the next to join tries again.
        """
        self._engine.join(connection, room)
        subscription = self._subscriptions.get(room)  # none, if it is the first there
        if subscription is None or _failed(subscription):
            subscription = self._subscriptions[room] = self._cluster.subscribe(room)
            subscription.add_done_callback(_failed)
        return asyncio.shield(subscription)

    def leave(self, connection: Connection, room: str) -> None:
        """Take a connection out of a room."""
        if self._engine.leave(connection, room):
            self._subscriptions.pop(room, None)
            self._cluster.unsubscribe(room).add_done_callback(_failed)

    @property
    def names(self) -> Collection[str]:
        """The rooms that this server is subscribed to."""
        return self._subscriptions.keys()

    def leave_all(self, connection: Connection) -> None:
        """Take a connection out of every room."""
        for room in self._engine.rooms(connection):
            self.leave(connection, room)


def _failed(future: asyncio.Future[None]) -> bool:
    """Tell whether a future has failed. As a callback it only asks, where perhaps nobody else does any more."""
    return future.done() and (future.cancelled() or future.exception() is not None)
