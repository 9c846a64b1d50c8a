"""How Engine.IO packets travel, as a test needs it: politely, rudely, or not at all."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urlencode

__all__ = ["Address", "Transport", "TransportRefusedError"]


class TransportRefusedError(Exception):
    """The server answered the opening of a transport with an HTTP error; the text has status and body."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a gateway is, and with which credential it is asked.

    Attributes:
        base: the server's base URL, without a slash at its end.
        path: the Socket.IO path on it.
        query: extra parameters of the query, such as the token.
        headers: extra headers of every request.

    """

    base: str
    path: str = "/socket.io"
    query: Mapping[str, str] = field(default_factory=dict[str, str])
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    def url(self, transport: str, session: str | None = None) -> str:
        """Return the URL of a request over this transport."""
        parameters = {"EIO": "4", "transport": transport, **self.query}
        if session is not None:
            parameters["sid"] = session
        scheme = self.base.replace("http", "ws", 1) if transport == "websocket" else self.base
        return f"{scheme}{self.path}/?{urlencode(parameters)}"


class Transport(Protocol):
    """One connection. A packet is the text of an Engine.IO packet, or bytes."""

    @property
    def name(self) -> str:
        """`websocket` or `polling`."""
        ...

    async def open(self, session: str | None = None) -> None:
        """Connect, for a session that exists already if one is named. Raise `TransportRefusedError` if refused."""
        ...

    async def send(self, packet: str | bytes) -> None:
        """Send a packet; a connection that is gone swallows it."""
        ...

    def packets(self) -> AsyncIterator[str | bytes]:
        """Yield packets until the connection ends."""
        ...

    @property
    def ending(self) -> str:
        """Why `packets` ended."""
        ...

    async def close(self) -> None:
        """Close the connection in the way of its protocol."""
        ...

    def abort(self) -> None:
        """Drop the TCP connection without a word."""
        ...

    def stop_reading(self) -> None:
        """Take nothing more from the TCP connection, so that back pressure builds at the server."""
        ...

    async def release(self) -> None:
        """Let go of what is left of it, at the end of a test."""
        ...
