"""A websocket with nothing around it, and at its other end a peer that is made of bytes."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from websockets.utils import apply_mask

from app.engine.websocket import WebSocket
from app.engine.writes import Writes
from tests.waiting import DEADLINE

__all__ = ["BINARY", "CLOSE", "CONT", "PING", "PONG", "TEXT", "Peer", "Taken", "Tape", "dialled", "masked", "taped"]

CONT, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
KEY = b"\x37\xfa\x21\x3d"

Frame = tuple[int, bytes]


def masked(opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0, mask: bool = True) -> bytes:
    """Return a frame as a client sends it."""
    length, bit = len(payload), 0x80 if mask else 0
    head = bytes((0x80 * fin | rsv << 4 | opcode,))
    if length < 126:
        head += bytes((bit | length,))
    elif length < 65536:
        head += bytes((bit | 126,)) + length.to_bytes(2, "big")
    else:
        head += bytes((bit | 127,)) + length.to_bytes(8, "big")
    return head + KEY + apply_mask(payload, KEY) if mask else head + payload


class Taken:
    """A receiver that records what it is told.

    Attributes:
        messages: in order, each with its opcode.
        endings: how often `gone` was called.
        slow: how often the peer was aborted that did not read.
        then: called with each message.

    """

    def __init__(self) -> None:
        self.messages: list[Frame] = []
        self.endings = self.slow = 0
        self.then: Callable[[bytes], object] = lambda _: None

    def text(self, message: bytes) -> None:
        self.messages.append((TEXT, message))
        self.then(message)

    def binary(self, message: bytes) -> None:
        self.messages.append((BINARY, message))
        self.then(message)

    def gone(self, fault: int | None = None) -> None:
        self.endings += 1

    def too_slow(self) -> None:
        self.slow += 1


class Tape(asyncio.Transport):
    """A transport that records what is written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.closing = self.aborted = False

    def write(self, data: Any) -> None:
        self.writes.append(bytes(data))

    def get_write_buffer_size(self) -> int:
        return 0

    def is_closing(self) -> bool:
        return self.closing

    def close(self) -> None:
        self.closing = True

    def abort(self) -> None:
        self.closing = self.aborted = True

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    @property
    def frames(self) -> list[Frame]:
        """What was written, frame by frame."""
        found: list[Frame] = []
        data = b"".join(self.writes)
        while data:
            start, length = 2, data[1]
            if length >= 126:
                start = 4 if length == 126 else 10
                length = int.from_bytes(data[2:start], "big")
            found.append((data[0] & 0x0F, data[start : start + length]))
            data = data[start + length :]
        return found


def taped(max_message: int = 100_000) -> tuple[WebSocket, Taken, Tape]:
    """Return a websocket on a tape."""
    taken, tape = Taken(), Tape()
    return WebSocket(tape, taken, Writes(), max_message, 1_000_000, taken.too_slow), taken, tape


class Peer:
    """The other end of a websocket.

    Attributes:
        websocket: the server's end.
        taken: what came out there.
        transport: of the server's end.

    """

    def __init__(self, websocket: WebSocket, taken: Taken, transport: asyncio.Transport) -> None:
        self.websocket = websocket
        self.taken = taken
        self.transport = transport
        self.reader: asyncio.StreamReader
        self.writer: asyncio.StreamWriter

    def send(self, *data: bytes) -> None:
        """Send bytes."""
        self.writer.write(b"".join(data))

    async def frame(self) -> Frame:
        """Return the next frame of the server: its opcode and payload."""
        async with asyncio.timeout(DEADLINE):
            first, length = await self.reader.readexactly(2)
            if length >= 126:
                length = int.from_bytes(await self.reader.readexactly(2 if length == 126 else 8), "big")
            return first & 0x0F, await self.reader.readexactly(length)

    async def ended(self) -> bytes:
        """Return what comes until the server hangs up."""
        async with asyncio.timeout(DEADLINE):
            try:
                return await self.reader.read()
            except ConnectionError:
                return b""


@asynccontextmanager
async def dialled(
    max_message: int = 100_000, max_buffer: int = 1_000_000, writes: Writes | None = None
) -> AsyncIterator[Peer]:
    """Open a websocket on a pair of sockets, its handshake over."""
    ours, theirs = socket.socketpair()
    taken = Taken()
    transport, _ = await asyncio.get_running_loop().create_connection(asyncio.Protocol, sock=ours)
    websocket = WebSocket(transport, taken, writes or Writes(), max_message, max_buffer, taken.too_slow)
    transport.set_protocol(websocket)
    peer = Peer(websocket, taken, transport)
    peer.reader, peer.writer = await asyncio.open_connection(sock=theirs)
    try:
        yield peer
    finally:
        peer.writer.transport.abort()
        transport.abort()
        await asyncio.sleep(0)
