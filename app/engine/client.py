"""What an Engine.IO session means to Socket.IO: a client, and its connections to namespaces."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from typing import Any

from app.engine.admission import Bucket
from app.engine.base import Application, Ending, Handshake
from app.engine.packets import DISCONNECT, EVENT, SocketPacket, compose
from app.engine.session import Closing, Prepared, Session

__all__ = ["Client", "NamespaceConnection"]


class Client:
    """A client.

    Attributes:
        connections: by namespace.
        connects: how often it has asked for one.
        inbox: packets that wait for their handlers, oldest first.
        worker: which runs the handlers, while there is something to handle.
        deadline: by which the client must connect to a namespace.
        partial: a binary packet whose attachments are not all there.
        attachments: those that are.
        events: how many more may come now, None without a limit.
        kept: what the application keeps of it, over all its connections.

    """

    __slots__ = ("attachments", "connections", "connects", "deadline", "events", "inbox", "kept", "partial", "worker")

    def __init__(self, events_per_second: int) -> None:
        self.connections: dict[str, NamespaceConnection] = {}
        self.connects = 0
        self.inbox: list[SocketPacket] = []
        self.worker: asyncio.Task[None] | None = None
        self.deadline: asyncio.TimerHandle | None = None
        self.partial: SocketPacket | None = None
        self.attachments: list[bytes] = []
        self.events = Bucket(events_per_second) if events_per_second else None
        self.kept: dict[str, Any] = {}


class NamespaceConnection:
    """A client's `Connection` to a namespace.

    Attributes:
        ending: how it ended, None while it stands.
        rooms: that it is in.
        session: that it goes over.

    """

    __slots__ = ("application", "ending", "handshake", "id", "namespace", "rooms", "session", "state")

    def __init__(
        self, session: Session, namespace: str, application: Application, handshake: Handshake, state: Any
    ) -> None:
        self.id = secrets.token_urlsafe(15)
        self.namespace = namespace
        self.application = application
        self.handshake = handshake
        self.state = state
        self.ending: Ending | None = None
        self.rooms: dict[str, None] = {}
        self.session = session

    @property
    def kept(self) -> dict[str, Any]:
        client: Client = self.session.context
        return client.kept

    @property
    def open(self) -> bool:
        return self.ending is None and self.session.closed is None

    def send(self, packet: Prepared) -> None:
        if self.ending is None:
            self.session.send(packet)

    def emit(self, event: str, *args: Any) -> None:
        if self.ending is None:
            self.session.send(Prepared(*compose(EVENT, self.namespace, None, [event, *args])))

    def probe(self, arrived: Callable[[], None]) -> None:
        if self.open:
            self.session.ping(arrived)

    def disconnect(self) -> None:
        if self.open:
            self.session.send(Prepared(*compose(DISCONNECT, self.namespace, None, None)))
            self.ending = Ending.CLOSED
            self.session.end(Closing.SERVER)

    def close(self) -> None:
        self.session.end(Closing.SERVER)
