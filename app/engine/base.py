"""The seam between the engine and what is served over it.

An `Application` is told of connections and events and answers; the engine owns transports, heartbeats, packets,
acknowledgements and rooms. One engine serves one Socket.IO server; what `encode` makes is for its namespace `/`, and
`disconnect` ends the whole session.

Order, for one connection: `authorize`, then the CONNECT packet, then `connected`, then `received` for each event in
the order of its frames, and `disconnected` last. They never run at the same time.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import orjson

from app.engine.admission import Limits, Network

__all__ = [
    "NO_ACK",
    "Application",
    "Connection",
    "Ending",
    "Engine",
    "Handshake",
    "Options",
    "Refused",
    "encode",
]

NO_ACK: Final = object()
"""Returned by `Application.received` for an event that is never acknowledged."""


@dataclass(frozen=True, slots=True)
class Options:
    """What can be set for an engine; durations in seconds.

    Attributes:
        ping_interval: between two heartbeats.
        ping_timeout: in which one must be answered.
        max_payload: bytes of a message or a polling request.
        origins: that a browser may call from; ("*",) for all.
        local: whether a browser may call from pages of this machine alone, and nobody by a name that is not its own.
        connect_timeout: in which a client must connect to a namespace.
        max_packets: that may wait for a polling client.
        max_buffer: bytes that may wait for a client to read.
        max_pending: events of a client that may wait for their handlers before no more is read.
        limits: how many connections there may be, and how fast they may come and talk.
        trusted_proxies: networks whose `X-Forwarded-For` is believed.
        anonymous: a client that has connected to the namespace is nobody yet, until `Engine.authenticated` is called.

    """

    ping_interval: float
    ping_timeout: float
    max_payload: int
    origins: tuple[str, ...]
    local: bool = False
    connect_timeout: float = 10.0
    max_packets: int = 10_000
    max_buffer: int = 4_000_000
    max_pending: int = 64
    limits: Limits = field(default_factory=Limits)
    trusted_proxies: tuple[Network, ...] = ()
    anonymous: bool = False


@dataclass(frozen=True, slots=True)
class Handshake:
    """How a client introduced itself.

    Attributes:
        query: parameters of the first request's URL, the first value of each.
        headers: headers of the first request, names in lower case.
        auth: payload of the CONNECT packet, {} if it had none.
        address: the peer's IP address.

    """

    query: Mapping[str, str]
    headers: Mapping[str, str]
    auth: Any
    address: str


class Ending(enum.Enum):
    """How a connection ended."""

    GOODBYE = "the client sent a DISCONNECT packet"
    LOST = "the transport closed or died"
    CLOSED = "the server ended it"


class Refused(Exception):
    """Raised by `Application.authorize`: the client gets CONNECT_ERROR `{"message": text}`.

    Where a retry can help, the transport is closed instead, without a word: to a client CONNECT_ERROR is final, from
    a lost transport it recovers by itself.
    """

    def __init__(self, text: str, *, retry: bool = False) -> None:
        super().__init__(text)
        self.text = text
        self.retry = retry


class Connection(Protocol):
    """A client that is connected to the namespace.

    Attributes:
        id: the Socket.IO id that the client knows too.
        handshake: how it introduced itself.
        state: what `Application.authorize` returned.

    """

    id: str
    handshake: Handshake
    state: Any

    @property
    def kept(self) -> dict[str, Any]:
        """What the application keeps of the client, who may say goodbye and connect again in the same session."""
        ...

    @property
    def open(self) -> bool:
        """Whether what is sent may still arrive."""
        ...

    def send(self, packet: Any) -> None:
        """Queue a packet of `Engine.prepare`. Never blocks; dropped if the connection has ended."""
        ...

    def emit(self, event: str, *args: Any) -> None:
        """Queue an event for this client alone. Never blocks; dropped if the connection has ended."""
        ...

    def probe(self, arrived: Callable[[], None]) -> None:
        """Have `arrived` called once everything that was queued before this call has reached the client.

        It is never called if the connection ends first. An Engine.IO client answers a PING at once and packets of a
        connection arrive in order, so the PONG to a PING that is queued now proves it. A polling client must not go on
        after an answer that it has lost, and none does.
        """
        ...

    def disconnect(self) -> None:
        """Send what is queued, say goodbye and end the connection; the client does not come back by itself."""
        ...

    def close(self) -> None:
        """Send what is queued and end the transport; a client that reconnects does so by itself."""
        ...


class Application(Protocol):
    """What an engine serves."""

    async def authorize(self, handshake: Handshake) -> Any:
        """Return the state of a connection that may be made. Raise `Refused` for one that may not."""
        ...

    async def connected(self, connection: Connection) -> None:
        """Take a new connection; the CONNECT packet is queued already, so what is sent here comes after it."""
        ...

    async def received(self, connection: Connection, event: str, args: list[Any]) -> Any:
        """Take an event and return what its acknowledgement carries, or `NO_ACK`.

        The arguments are what strict JSON says, and bytes: every string is valid Unicode, every number finite.
        """
        ...

    async def disconnected(self, connection: Connection, ending: Ending) -> None:
        """Hear that a connection for which `connected` was called has ended."""
        ...


class Engine(Protocol):
    """A Socket.IO server: an ASGI application, and rooms of its connections."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve a request or a websocket."""
        ...

    def authenticated(self, connection: Connection) -> None:
        """Hear that a client has said who it is: it counts no more against `Limits.unauthenticated`."""
        ...

    def prepare(self, packet: bytes) -> Any:
        """Return a finished Engine.IO packet in the form that `Connection.send` takes, made once for all recipients."""
        ...

    def join(self, connection: Connection, room: str) -> bool:
        """Put a connection in a room. Return True if it is the first one there."""
        ...

    def leave(self, connection: Connection, room: str) -> bool:
        """Take a connection out of a room. Return True if it was there and was the last."""
        ...

    def members(self, room: str) -> Collection[Connection]:
        """Return the connections in a room, in the order in which they joined."""
        ...

    def rooms(self, connection: Connection) -> Collection[str]:
        """Return the rooms that a connection is in."""
        ...

    @property
    def connections(self) -> int:
        """How many connections there are."""
        ...

    @property
    def queued(self) -> int:
        """Bytes that wait for clients to take them, of all together. It looks at every session."""
        ...

    @property
    def refusals(self) -> Mapping[str, int]:
        """How often each limit of `admission.LIMITS` was exceeded."""
        ...

    @property
    def endings(self) -> Mapping[str, int]:
        """How often sessions have ended, by why: `slow`, `timeout`, `malformed` and so on."""
        ...

    async def drain(self, timeout: float) -> None:
        """Take no new connection, let running handlers finish, close all transports; give up after `timeout` s."""
        ...

    async def idle(self, timeout: float) -> bool:
        """Return whether no handler runs, once that is so or after `timeout` s."""
        ...


def encode(event: str, *args: Any) -> bytes:
    """Return the finished Engine.IO packet of a Socket.IO event. Raise `ValueError` for what JSON cannot carry."""
    try:
        return b"42" + orjson.dumps([event, *args])
    except TypeError as error:
        raise ValueError(str(error)) from error
