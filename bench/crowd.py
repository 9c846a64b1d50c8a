"""Many clients in one event loop, each so cheap that the server is what there is to wait for.

Requests and frames are made beforehand, what comes is only counted. A mask of zeros is a mask as good as any to a
server, and costs nothing here.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from typing import Any, cast

__all__ = ["Client", "Crowd", "event"]

AT_ONCE = 50
"""Clients that connect at the same time."""

_REQUEST = (
    "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n"
    "Host: 127.0.0.1\r\n"
    "Connection: Upgrade\r\n"
    "Pragma: no-cache\r\n"
    "Cache-Control: no-cache\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0\r\n"
    "Upgrade: websocket\r\n"
    "Origin: http://127.0.0.1\r\n"
    "Sec-WebSocket-Version: 13\r\n"
    "Accept-Encoding: gzip, deflate, br\r\n"
    "Accept-Language: en-US,en;q=0.9\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)
_DEFLATE = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"


def _frame(text: str) -> bytes:
    payload = text.encode()
    assert len(payload) < 126
    return bytes((0x81, 0x80 | len(payload), 0, 0, 0, 0)) + payload


def event(name: str, *args: Any, acknowledged: bool = False) -> bytes:
    """Return the frame of an event."""
    return _frame(f"42{'1' if acknowledged else ''}{json.dumps([name, *args])}")


class Client(asyncio.Protocol):
    """A Socket.IO client on a websocket.

    Attributes:
        name: of the room that it is in alone.
        joined: done when it is connected to the namespace.
        heard: called with the number of frames that have come, from then on.

    """

    __slots__ = ("_after", "_connect", "_head", "_tail", "_transport", "heard", "joined", "lost", "name")

    def __init__(self, name: str, rooms: Sequence[str], heard: Callable[[int], None], lost: Callable[[], None]) -> None:
        self.name = name
        self.joined = asyncio.get_running_loop().create_future()
        self.heard = self._greeted
        self.lost = lost
        self._connect = _frame("40" + json.dumps({"name": name, "rooms": rooms}))
        self._head = True
        self._tail = b""
        self._after = heard

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def write(self, data: bytes) -> None:
        """Send frames."""
        self._transport.write(data)

    def close(self) -> None:
        """Hang up, without a word."""
        self.lost = _nothing
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        if self._tail:
            data = self._tail + data
        position, end, frames = 0, len(data), 0
        if self._head:
            position = data.find(b"\r\n\r\n") + 4
            if position == 3:
                self._tail = data
                return
            assert data.startswith(b"HTTP/1.1 101"), data
            self._head = False
        while end - position >= 2:
            length = data[position + 1]
            start = position + 2
            if length >= 126:
                start += 2 if length == 126 else 8
                length = int.from_bytes(data[position + 2 : start], "big")
            if start + length > end:
                break
            position = start + length
            frames += 1
        self._tail = data[position:]
        if frames:
            self.heard(frames)

    def _greeted(self, frames: int) -> None:
        """Connect to the namespace after the first frame, and be joined after the second."""
        assert frames == 1
        if self._connect:
            self.write(self._connect)
            self._connect = b""
        else:
            self.heard = self._after
            self.joined.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.joined.done():
            self.joined.set_exception(ConnectionError("a client was refused"))
        self.lost()


def _nothing() -> None:
    pass


class Crowd:
    """Clients of a server.

    Args:
        port: of the server, on 127.0.0.1.
        deflate: whether they offer to compress, as browsers do.

    Attributes:
        clients: that are connected.
        received: frames that have come to all of them together.

    """

    def __init__(self, port: int, *, deflate: bool = False) -> None:
        self.clients: list[Client] = []
        self.received = 0
        self._port = port
        self._request = (_REQUEST + (_DEFLATE if deflate else "") + "\r\n").encode()
        self._awaited = 0
        self._arrived: asyncio.Future[None] | None = None

    async def grow(self, number: int, rooms: Sequence[str] = ()) -> None:
        """Connect clients until there are as many. Raise `ConnectionError` if one is refused."""
        names = iter(range(len(self.clients), number))

        async def connect_some() -> None:
            for name in names:
                self.clients.append(await self._connect(f"user{name}", rooms))

        await asyncio.gather(*(connect_some() for _ in range(AT_ONCE)))

    async def _connect(self, name: str, rooms: Sequence[str]) -> Client:
        loop = asyncio.get_running_loop()
        _, client = await loop.create_connection(
            lambda: Client(name, rooms, self.count, self._lost), "127.0.0.1", self._port
        )
        client.write(self._request)
        await client.joined
        return client

    def count(self, frames: int) -> None:
        """Count frames."""
        self.received += frames
        if self._arrived and self.received >= self._awaited and not self._arrived.done():
            self._arrived.set_result(None)

    async def hear(self, frames: int) -> None:
        """Return when as many frames have been received in all. Raise `ConnectionError` if a client is dropped."""
        self._awaited = frames
        if self.received < frames:
            self._arrived = asyncio.get_running_loop().create_future()
            await self._arrived
        assert self.received == frames, f"{self.received} frames came, {frames} were expected"

    def _lost(self) -> None:
        if self._arrived and not self._arrived.done():
            self._arrived.set_exception(ConnectionError("a client was dropped"))

    def close(self) -> None:
        """Hang up, all at once."""
        for client in self.clients:
            client.close()
        self.clients.clear()
