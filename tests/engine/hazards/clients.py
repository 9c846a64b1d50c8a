"""Clients of the Engine.IO protocol over either transport, as little of one as an attacker needs."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from websockets.frames import Frame, Opcode

from tests.engine.hazards.process import Process
from tests.engine.hazards.wire import Answer, Wire, http, request, waiting

__all__ = ["POLLING", "WEBSOCKET", "Peer", "Polling", "connected", "dialled", "frame", "joined", "opened", "polling"]

POLLING = "/socket.io/?EIO=4&transport=polling"
WEBSOCKET = "/socket.io/?EIO=4&transport=websocket"
_UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    "Sec-WebSocket-Version": "13",
}


def frame(data: str | bytes, *, fin: bool = True, opcode: Opcode | None = None) -> bytes:
    """Return a masked frame; of text where the data is, unless told otherwise."""
    kind = opcode if opcode is not None else Opcode.TEXT if isinstance(data, str) else Opcode.BINARY
    payload = data.encode() if isinstance(data, str) else data
    return Frame(kind, payload, fin).serialize(mask=True)


def upgrade(target: str = WEBSOCKET, headers: Mapping[str, str] | None = None) -> bytes:
    """Return the request of a websocket."""
    return request("GET", target, {**_UPGRADE, **(headers or {})})


class Peer:
    """The client's end of a websocket.

    Attributes:
        wire: its connection.
        answer: what the server said to the upgrade.
        code: of the server's Close frame, once that has come.

    """

    def __init__(self, wire: Wire, answer: Answer) -> None:
        self.wire = wire
        self.answer = answer
        self.code: int | None = None

    def send(self, *packets: str | bytes) -> None:
        """Send packets, in one write."""
        self.wire.write(b"".join(frame(packet) for packet in packets))

    async def receive(self) -> str | bytes | None:
        """Return the next packet, None if the server has closed the websocket, with or without a Close frame."""
        head = await self.wire.take(2)
        if head is None:
            return None
        size = head[1] & 0x7F
        if size > 125:
            size = int.from_bytes(await self.wire.take(2 if size == 126 else 8) or b"", "big")
        data = await self.wire.take(size)
        if data is None:
            return None
        if head[0] & 0x0F == Opcode.CLOSE:
            self.code = int.from_bytes(data[:2], "big")
            self.wire.write(frame(data[:2], opcode=Opcode.CLOSE))
            return None
        return data.decode(errors="replace") if head[0] & 0x0F == Opcode.TEXT else data

    async def ended(self) -> list[str | bytes]:
        """Return what comes until the server has closed the connection."""
        packets: list[str | bytes] = []
        while (packet := await self.receive()) is not None:
            packets.append(packet)
        await self.wire.until(lambda: self.wire.closed)
        return packets


@asynccontextmanager
async def dialled(
    server: Process, target: str = WEBSOCKET, headers: Mapping[str, str] | None = None, local: str = "127.0.0.1"
) -> AsyncIterator[Peer]:
    """Ask for a websocket."""
    async with await server.wire(local) as wire:
        wire.write(upgrade(target, headers))
        yield Peer(wire, await wire.answer())


@asynccontextmanager
async def opened(
    server: Process, headers: Mapping[str, str] | None = None, local: str = "127.0.0.1"
) -> AsyncIterator[Peer]:
    """Open a session over a websocket."""
    async with dialled(server, headers=headers, local=local) as peer:
        assert peer.answer.status == 101
        opening = await peer.receive()
        assert isinstance(opening, str)
        assert opening.startswith("0{")
        yield peer


@asynccontextmanager
async def joined(
    server: Process, headers: Mapping[str, str] | None = None, local: str = "127.0.0.1"
) -> AsyncIterator[Peer]:
    """Open a session over a websocket and connect to the namespace."""
    async with opened(server, headers, local) as peer:
        peer.send("40")
        connecting = await peer.receive()
        assert isinstance(connecting, str)
        assert connecting.startswith("40{")
        yield peer


class Polling:
    """A session over long polling; every request is a connection."""

    def __init__(self, server: Process, sid: str) -> None:
        self.server = server
        self.sid = sid
        self.target = f"{POLLING}&sid={sid}"

    async def get(self) -> Answer:
        """Poll."""
        return await http(self.server, "GET", self.target)

    async def post(self, body: str | bytes, headers: Mapping[str, str] | None = None) -> Answer:
        """Send packets."""
        data = body.encode() if isinstance(body, str) else body
        return await http(self.server, "POST", self.target, data, headers)

    @asynccontextmanager
    async def poll(self) -> AsyncIterator[Wire]:
        """Have a GET wait at the server; hang up on leaving."""
        before = (await self.server.stats())["polls"]
        async with waiting(self.server, "GET", self.target) as wire:
            await self.server.until(lambda stats: stats["polls"] == before + 1)
            yield wire

    @property
    def websocket(self) -> str:
        """Where it is upgraded."""
        return f"{WEBSOCKET}&sid={self.sid}"

    async def gone(self) -> bool:
        """Return whether the server knows it no more."""
        answer = await self.get()
        return answer.status == 400 and json.loads(answer.body)["code"] == 1


@asynccontextmanager
async def polling(server: Process) -> AsyncIterator[Polling]:
    """Open a session over long polling, and end it if it has not ended."""
    answer = await http(server, "GET", POLLING)
    assert answer.status == 200
    session = Polling(server, json.loads(answer.body[1:])["sid"])
    try:
        yield session
    finally:
        if server.running:
            await session.post("1")


@asynccontextmanager
async def connected(server: Process) -> AsyncIterator[Polling]:
    """Open a session over long polling and connect to the namespace."""
    async with polling(server) as session:
        assert (await session.post("40")).status == 200
        assert (await session.get()).body.startswith(b"40{")
        yield session
