"""A websocket's transport is handed over, and nothing of Hypercorn stays behind."""

import asyncio
import gc
import socket
import tracemalloc
from typing import Any

import pytest
from hypercorn.asyncio.tcp_server import TCPServer
from websockets.asyncio.client import connect

from app.engine import handover
from app.engine.base import Options
from app.engine.engine_io import EngineIO
from app.engine.socket_io import SocketIO
from tests.engine.conftest import Recorder
from tests.engine.loops import on_each_loop
from tests.engine.peer import PING, TEXT, masked
from tests.engine.served import received, served, upgrade_request
from tests.waiting import DEADLINE, until

OPTIONS = Options(25, 20, 100_000, ("*",))
JOIN = masked(TEXT, b"40")


def engine(recorder: Recorder) -> SocketIO:
    return SocketIO({"/": recorder}, OPTIONS)


async def dial(address: str, request: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect and send bytes."""
    host, _, port = address.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(request)
    return reader, writer


async def found(reader: asyncio.StreamReader, text: bytes) -> bytes:
    """Read until a text has come and return all that did before."""
    async with asyncio.timeout(DEADLINE):
        return await reader.readuntil(text)


@on_each_loop
async def test_a_connection_that_was_handed_over_has_no_task(recorder: Recorder):
    """Hypercorn's task, parser and streams for it end; it serves on, and they do not come back when it closes."""
    async with served(engine(recorder)) as address:
        before = asyncio.all_tasks()
        reader, writer = await dial(address, upgrade_request())
        await found(reader, b'0{"sid":')
        await until(lambda: asyncio.all_tasks() == before)
        gc.collect()
        assert not [one for one in gc.get_objects() if isinstance(one, TCPServer)]
        writer.write(JOIN)
        await found(reader, b'40{"sid":')
        writer.close()
        await until(lambda: recorder.told[-1][0] == "disconnected")
        await until(lambda: asyncio.all_tasks() == before)


@on_each_loop
async def test_an_idle_connection_takes_little_memory(recorder: Recorder):
    """Of Python's memory under 12 KB, with what the client holds of it here."""
    async with served(engine(recorder)) as address:
        host, _, port = address.partition(":")
        before = asyncio.all_tasks()
        sockets: list[socket.socket] = []

        async def open_all(count: int) -> None:
            for _ in range(count):
                one = socket.create_connection((host, int(port)))
                one.sendall(upgrade_request() + JOIN)
                sockets.append(one)
                await until(lambda: len(recorder.connections) == len(sockets))
            await until(lambda: asyncio.all_tasks() == before)
            gc.collect()

        await open_all(20)
        tracemalloc.start()
        try:
            await open_all(100)
            grown, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
            for one in sockets:
                one.close()
        assert grown / 100 < 12_000
        await until(lambda: len(recorder.told) == 2 * len(sockets))


@pytest.mark.parametrize("segments", [1, 2, 3])
@on_each_loop
async def test_what_a_client_sends_behind_its_request_is_not_lost(recorder: Recorder, segments: int):
    """In the segment of the request or in the next, before the answer or after it."""
    frames = JOIN + masked(TEXT, b'42["early"]') + masked(PING, b"p")
    async with served(engine(recorder)) as address:
        parts = {1: [frames], 2: [frames[:3], frames[3:]], 3: [b"", frames[:3], frames[3:]]}[segments]
        reader, writer = await dial(address, upgrade_request() + parts[0])
        for part in parts[1:]:
            await asyncio.sleep(0)
            writer.write(part)
        answer = await found(reader, b"\x8a\x01p")
        assert answer.startswith(b"HTTP/1.1 101 ")
        await found(reader, b'42["echo"]')
        writer.close()


@on_each_loop
async def test_a_client_that_hangs_up_behind_its_request_leaves_nothing(recorder: Recorder):
    """Whether it closes, or only says that it will send no more."""
    carrier = engine(recorder)
    async with served(carrier) as address:
        before = asyncio.all_tasks()
        for ended in range(1, 3):
            reader, writer = await dial(address, upgrade_request())
            writer.write_eof() if ended == 1 else writer.transport.abort()
            await reader.read()
            await until(lambda: not carrier._sessions() and asyncio.all_tasks() == before)
            writer.close()


@on_each_loop
async def test_a_flood_behind_a_request_that_is_not_answered_is_dropped():
    """What is kept until the answer is bounded."""
    waiting = asyncio.Event()

    async def never(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        assert (await receive())["type"] == "websocket.disconnect"
        waiting.set()

    async with served(never) as address:
        _, writer = await dial(address, upgrade_request())
        async with asyncio.timeout(DEADLINE):
            while not waiting.is_set():
                if not writer.is_closing():
                    writer.write(b"\x82\xff" * 10_000)
                await asyncio.sleep(0)
        writer.transport.abort()


@pytest.mark.parametrize("size", [60_000, 5_000_000])
@pytest.mark.parametrize("connection", [b"close", b"keep-alive"])
@on_each_loop
async def test_a_client_that_does_not_read_an_answer_is_dropped(
    monkeypatch: pytest.MonkeyPatch, size: int, connection: bytes
):
    """After `SEND_TIMEOUT`, whether the answer fits into the server's own buffer or not."""
    monkeypatch.setattr(handover, "SEND_TIMEOUT", 0.05)
    monkeypatch.setattr("hypercorn.config.Config.keep_alive_timeout", 0.05)
    answered = asyncio.Event()

    async def large(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-length", b"%d" % size), (b"connection", connection)]
        answered.set()
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": bytes(size)})

    async with served(large, buffer=4096) as address:
        before = asyncio.all_tasks()
        host, _, port = address.partition(":")
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect((host, int(port)))
            client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            await answered.wait()
            await until(lambda: asyncio.all_tasks() == before)


async def test_compression_is_not_negotiated(recorder: Recorder):
    """Whatever the client offers."""
    async with (
        served(engine(recorder)) as address,
        connect(f"ws://{address}/?EIO=4&transport=websocket", compression="deflate") as client,
    ):
        assert client.protocol.extensions == []
        assert str(await received(client)).startswith("0{")


@pytest.mark.parametrize(
    "request_",
    [
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\n"
        b"HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
async def test_cleartext_http_2_is_not_spoken(recorder: Recorder, request_: bytes):
    """A client that asks for it is answered in HTTP/1.1."""
    async with served(EngineIO(engine(recorder), OPTIONS)) as address:
        reader, writer = await dial(address, request_)
        assert (await reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 400 ")
        writer.close()
