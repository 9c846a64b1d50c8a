"""Engine.IO packets over a websocket without compression."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from e2e.harness.deadline import DEADLINE
from e2e.harness.transport import Address, TransportRefusedError

__all__ = ["WebsocketTransport"]

_SMALL = 4096


class WebsocketTransport:
    """A websocket.

    Args:
        small_buffer: ask the kernel for a receive buffer of a few KB, so that back pressure builds soon.

    """

    name = "websocket"

    def __init__(self, address: Address, *, small_buffer: bool = False) -> None:
        self._address = address
        self._small_buffer = small_buffer
        self._connection: ClientConnection | None = None
        self.ending = "not over yet"

    async def open(self, session: str | None = None) -> None:
        """Shake hands."""
        url = self._address.url("websocket", session)
        try:
            self._connection = await connect(
                url,
                sock=self._socket(url) if self._small_buffer else None,
                compression=None,
                proxy=None,
                max_size=None,
                max_queue=None,
                ping_interval=None,
                open_timeout=DEADLINE,
                close_timeout=1,
                additional_headers=dict(self._address.headers),
            )
        except InvalidStatus as refusal:
            body = (refusal.response.body or b"").decode(errors="replace")
            raise TransportRefusedError(f"{refusal.response.status_code} {body}") from refusal

    @staticmethod
    def _socket(url: str) -> socket.socket:
        where = urlsplit(url)
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL)
        connection.connect((where.hostname, where.port))
        connection.setblocking(False)
        return connection

    @property
    def _open(self) -> ClientConnection:
        assert self._connection is not None, "the websocket was not opened"
        return self._connection

    async def send(self, packet: str | bytes) -> None:
        """Send one frame."""
        try:
            await self._open.send(packet)
        except ConnectionClosed as closed:
            self.ending = _told(closed)

    async def receive(self) -> str | bytes:
        """Return the next packet."""
        return await self._open.recv()

    async def packets(self) -> AsyncIterator[str | bytes]:
        """Yield packets until the connection ends."""
        try:
            while True:
                yield await self._open.recv()
        except ConnectionClosed as closed:
            self.ending = _told(closed)

    async def close(self) -> None:
        """Close with a close frame."""
        await self._open.close()

    def abort(self) -> None:
        """Drop the TCP connection."""
        self._open.transport.abort()

    def stop_reading(self) -> None:
        """Leave what arrives in the kernel's buffer."""
        self._open.transport.pause_reading()

    async def release(self) -> None:
        """Drop the TCP connection if it still stands."""
        if self._connection is not None:
            self._connection.transport.abort()
            await self._connection.wait_closed()


def _told(closed: ConnectionClosed) -> str:
    """Return who closed a connection, and with which code."""
    if closed.rcvd is not None and (closed.sent is None or closed.rcvd_then_sent):
        return f"by the server: {closed.rcvd}"
    return f"by the client: {closed.sent}" if closed.sent is not None else "without a close frame"
