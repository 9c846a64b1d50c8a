"""A client made of bytes: what no client library would send, and when."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol, cast

__all__ = ["Answer", "Server", "Wire", "http", "request"]


class Server(Protocol):
    """What can be dialled."""

    async def wire(self, local: str = "127.0.0.1") -> Wire:
        """Return a new TCP connection to it, from a local address."""
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer; names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""


def request(method: str, target: str, headers: Mapping[str, str] | None = None, body: bytes = b"") -> bytes:
    """Return an HTTP request."""
    fields = {"Host": "127.0.0.1", "Content-Length": str(len(body)), **(headers or {})}
    if method in ("GET", "OPTIONS", "HEAD") and not body:
        del fields["Content-Length"]
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body


class Wire(asyncio.Protocol):
    """A TCP connection to a server.

    Attributes:
        transport: of the connection.
        closed: whether it has been closed, by whichever side.

    """

    transport: asyncio.Transport

    def __init__(self, patience: float) -> None:
        self.closed = False
        self._patience = patience
        self._data = bytearray()
        self._news = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()

    @classmethod
    async def dial(cls, port: int, patience: float, local: str) -> Wire:
        """Connect to a port of 127.0.0.1. What is awaited of the other side is awaited for `patience` seconds."""
        loop = asyncio.get_running_loop()
        _, wire = await loop.create_connection(lambda: cls(patience), "127.0.0.1", port, local_addr=(local, 0))
        return wire

    async def __aenter__(self) -> Wire:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.transport.abort()
        await self.until(lambda: self.closed)

    # asyncio's protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._data += data
        self._news.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        self._news.set()
        self._writable.set()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    # in and out

    def write(self, data: bytes) -> None:
        """Send data."""
        if not self.closed:
            self.transport.write(data)

    async def drain(self) -> None:
        """Return when there is room for more."""
        async with asyncio.timeout(self._patience):
            await self._writable.wait()

    async def pour(self, chunk: bytes, total: int) -> None:
        """Send a chunk again and again, as fast as it is taken, until the total or until the connection is closed."""
        for _ in range(total // len(chunk)):
            if self.closed:
                break
            self.write(chunk)
            await self.drain()
            await asyncio.sleep(0)

    async def until(self, condition: Callable[[], object]) -> None:
        """Return when the condition holds, which is looked at whenever something has come."""
        async with asyncio.timeout(self._patience):
            while not condition():
                self._news.clear()
                await self._news.wait()

    async def take(self, size: int) -> bytes | None:
        """Return the next bytes, None if the connection was closed before they came."""
        await self.until(lambda: len(self._data) >= size or self.closed)
        if len(self._data) < size:
            return None
        data = bytes(self._data[:size])
        del self._data[:size]
        return data

    async def take_line(self, end: bytes = b"\r\n") -> bytes | None:
        """Return what comes before the end of a line."""
        await self.until(lambda: end in self._data or self.closed)
        where = self._data.find(end)
        return None if where < 0 else await self.take(where + len(end))

    async def take_rest(self) -> bytes:
        """Return all that comes until the connection is closed."""
        await self.until(lambda: self.closed)
        return bytes(self._data)

    async def answer(self) -> Answer:
        """Return the next HTTP answer. Raise `ConnectionError` if the connection is closed without one."""
        head = await self.take_line(b"\r\n\r\n")
        if head is None:
            raise ConnectionResetError("closed without an answer")
        status, *fields = head.decode("latin-1").strip().split("\r\n")
        pairs = (field.partition(":") for field in fields)
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        code = int(status.split()[1])
        return Answer(code, headers, b"" if code == 101 else await self._body(headers))

    async def _body(self, headers: Mapping[str, str]) -> bytes:
        if headers.get("transfer-encoding") != "chunked":
            return await self.take(int(headers["content-length"])) or b""
        body = b""
        while size := int(await self.take_line() or b"0", 16):
            body += await self.take(size) or b""
            await self.take(2)
        await self.take(2)
        return body


async def http(
    server: Server, method: str, target: str, body: bytes = b"", headers: Mapping[str, str] | None = None
) -> Answer:
    """Return the answer to a request on a connection of its own."""
    async with waiting(server, method, target, body, headers) as wire:
        return await wire.answer()


@asynccontextmanager
async def waiting(
    server: Server, method: str, target: str, body: bytes = b"", headers: Mapping[str, str] | None = None
) -> AsyncIterator[Wire]:
    """Send a request, and hang up when done with its connection."""
    async with await server.wire() as wire:
        wire.write(request(method, target, headers, body))
        yield wire
