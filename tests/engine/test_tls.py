"""The same engine behind TLS: a handed-over transport is the encrypted one."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import trustme
from websockets.asyncio.client import connect

from app.engine.base import Options
from app.engine.socket_io import SocketIO
from tests.engine.conftest import Recorder
from tests.engine.loops import on_each_loop
from tests.engine.served import Polling, received, served

AUTHORITY = trustme.CA()
OPTIONS = Options(25, 20, 300_000, ("*",))


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    path = tmp_path / "server.pem"
    AUTHORITY.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(path))
    return path


@pytest.fixture
async def address(recorder: Recorder, certificate: Path) -> AsyncIterator[str]:
    async with served(SocketIO({"/": recorder}, OPTIONS), certificate) as address:
        yield address


def trusting(*protocols: str) -> ssl.SSLContext:
    """Return a client's context that offers protocols."""
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    if protocols:
        context.set_alpn_protocols(list(protocols))
    return context


@on_each_loop
async def test_a_websocket_is_served(recorder: Recorder, certificate: Path):
    """Small messages and large ones, in both directions, and the close handshake."""
    async with served(SocketIO({"/": recorder}, OPTIONS), certificate) as address:
        url = f"wss://{address}/socket.io/?EIO=4&transport=websocket"
        async with connect(url, ssl=trusting(), compression=None, max_size=None) as client:
            assert str(await received(client)).startswith("0{")
            await client.send("40")
            assert str(await received(client)).startswith("40{")
            for size in (1, 20_000, 200_000):
                await client.send(f'42["echo","{"x" * size}"]')
                assert await received(client) == f'42["echo","{"x" * size}"]'
        assert client.close_code == 1000
    assert recorder.told[-1][0] == "disconnected"


async def test_polling_is_served_and_upgraded(address: str):
    """A client that begins with polling goes on over a websocket."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trusting())) as http:
        client = Polling(http, address, "https")
        assert (await client.open())[0] == 200
        await client.post("40", '42["hello"]')
        packets = await client.get()
        while '42["echo"]' not in packets:
            packets += await client.get()
        url = f"wss://{address}/socket.io/?EIO=4&transport=websocket&sid={client.sid}"
        async with connect(url, ssl=trusting(), compression=None) as websocket:
            await websocket.send("2probe")
            assert await received(websocket) == "3probe"
            await websocket.send("5")
            await websocket.send('42["again"]')
            assert await received(websocket) == '42["echo"]'


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [(["h2", "http/1.1"], "http/1.1"), (["http/1.1"], "http/1.1"), (["h2"], None), ([], None)],
)
async def test_http_2_is_not_negotiated(address: str, offered: list[str], chosen: str | None):
    """There is one parser for what strangers send."""
    host, _, port = address.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port), ssl=trusting(*offered))
    try:
        assert writer.get_extra_info("ssl_object").selected_alpn_protocol() == chosen
        writer.write(b"GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert (await reader.read()).startswith(b"HTTP/1.1 200")
    finally:
        writer.close()
        await writer.wait_closed()
