"""What the gateways share: rooms over all servers, envelopes, and the confirmation of what was delivered.

A publication is an envelope with a finished packet in it: encoded once by the sender's server, handed out as it is by
every server that has a member of the room.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

from app.cluster.base import Cluster, Listener
from app.domain.errors import Unavailable
from app.domain.mailbox import Feed
from app.engine.base import Application, Connection, Engine, Handshake

__all__ = ["Confirmation", "Envelope", "Gateway", "Hub", "Rooms", "credential"]

log = logging.getLogger("parley.gateway")


@dataclass(frozen=True, slots=True)
class Envelope:
    """What is published in a room.

    Attributes:
        packet: a finished Engine.IO packet, b"" if the note is all there is.
        message: id of the stored message in the packet, "" for what is in no mailbox.
        note: what the servers tell each other, "" for a packet that goes to the members as it is.

    """

    packet: bytes = b""
    message: str = ""
    note: str = ""

    def encode(self) -> bytes:
        """Return the envelope as a publication's payload."""
        return f"{self.message}\n{self.note}\n".encode() + self.packet

    @classmethod
    def decode(cls, payload: bytes) -> Envelope:
        """Return the envelope of a payload."""
        message, note, packet = payload.split(b"\n", 2)
        return cls(packet, message.decode(), note.decode())


class Gateway(Application, Protocol):
    """A contract's application."""

    contract: str

    def bind(self, engine: Engine) -> None:
        """Take the engine that this gateway is served by; called once, before the first connection."""
        ...

    def deliver(self, room: str, envelope: Envelope) -> None:
        """Take a publication for a room of this contract."""
        ...

    def friendship(self, user: str, friend: str, began: bool) -> None:
        """Hear that this server made two users friends, or ended it."""
        ...

    async def close(self) -> None:
        """Announce nothing more: the server is going away."""
        ...


class Hub(Listener):
    """Hands the cluster's news to the gateways. A room's name begins with its contract and a colon."""

    def __init__(self) -> None:
        self._gateways: dict[str, Gateway] = {}

    def add(self, gateway: Gateway) -> None:
        """Have a gateway told of what concerns it."""
        self._gateways[gateway.contract] = gateway

    def deliver(self, room: str, payload: bytes) -> None:
        if gateway := self._gateways.get(room.partition(":")[0]):
            gateway.deliver(room, Envelope.decode(payload))

    def resync(self) -> None:
        """Nothing is ever missed between the servers of a cluster of one."""

    def departed(self, roster: str, user: str) -> None:
        """No other server can die in a cluster of one."""

    def friendship(self, user: str, friend: str, began: bool) -> None:
        """Tell every gateway of a friendship that began or ended."""
        for gateway in self._gateways.values():
            gateway.friendship(user, friend, began)


class Rooms:
    """Rooms over all servers: a server is subscribed to a room while a connection of its own is in it.

    A connection is in a room, or out of it, when the call returns; the subscription follows.
    """

    def __init__(self, engine: Engine, cluster: Cluster) -> None:
        self._engine = engine
        self._cluster = cluster
        self._subscriptions: dict[str, asyncio.Future[None]] = {}

    def join(self, connection: Connection, room: str) -> Awaitable[None]:
        """Put a connection in a room; once the result is done, everything published there reaches it.

        Raise `Unavailable` from the result. The connection is in the room then too, and the next to join tries again.
        """
        first = self._engine.join(connection, room)
        subscription = self._subscriptions.get(room)
        if first or subscription is None or _failed(subscription):
            subscription = self._subscriptions[room] = self._cluster.subscribe(room)
            subscription.add_done_callback(_failed)
        return asyncio.shield(subscription)

    def leave(self, connection: Connection, room: str) -> None:
        """Take a connection out of a room."""
        if self._engine.leave(connection, room):
            self._subscriptions.pop(room, None)
            self._cluster.unsubscribe(room).add_done_callback(_failed)

    def leave_all(self, connection: Connection) -> None:
        """Take a connection out of every room."""
        for room in self._engine.rooms(connection):
            self.leave(connection, room)


def _failed(future: asyncio.Future[None]) -> bool:
    """Tell whether a future has failed. As a callback it only asks, where perhaps nobody else does any more."""
    return future.done() and (future.cancelled() or future.exception() is not None)


class Confirmation:
    """Has a client's PONGs confirm what its feed was given.

    After something was given, the connection is probed: at most once in `interval` seconds and one probe at a time.
    What a probe proves to have arrived is confirmed in the store; if the store does not answer, the next one does it.

    Args:
        connection: whose PONGs they are.
        feed: what it was given.
        confirm: records ids as confirmed by the user.
        interval: seconds.

    """

    def __init__(
        self,
        connection: Connection,
        feed: Feed[Any],
        confirm: Callable[[list[str]], Awaitable[None]],
        interval: float,
    ) -> None:
        self._connection = connection
        self._feed = feed
        self._confirm = confirm
        self._interval = interval
        self._loop = asyncio.get_running_loop()
        self._earliest = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._recording: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """Hear that the feed was given something."""
        if self._timer is not None or not self._feed.due:
            return
        wait = self._earliest - self._loop.time()
        if wait > 0:
            self._timer = self._loop.call_later(wait, self._probe)
        else:
            self._probe()

    def stop(self) -> None:
        """Probe no more: the connection has ended."""
        if self._timer is not None:
            self._timer.cancel()

    def _probe(self) -> None:
        self._timer = None
        self._earliest = self._loop.time() + self._interval
        self._feed.begin()
        self._connection.probe(self._arrived)

    def _arrived(self) -> None:
        self._recording = asyncio.create_task(self._record())

    async def _record(self) -> None:
        try:
            await self._confirm(self._feed.end())
        except Unavailable:
            self._feed.again()
        except Exception:
            log.exception("what arrived could not be confirmed")
            self._feed.again()
        else:
            self._feed.recorded()
        if self._connection.open:
            self.wake()


def credential(handshake: Handshake) -> str | None:
    """Return the token of a handshake: of its query, else its auth payload, else its Authorization header.

    A token that is no string is as good as one that is not valid.
    """
    auth = handshake.auth if isinstance(handshake.auth, dict) else {}
    found = handshake.query.get("token") or auth.get("token") or handshake.headers.get("authorization")
    return found if found is None or isinstance(found, str) else str(found)
