"""The client: polite and rude behaviour, as a server sees it."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from e2e.harness.client import Client
from e2e.harness.transcript import Transcript
from e2e.harness.transport import Address, TransportRefusedError

WITHIN = 5


class Peer:
    """The least of a server: it opens sessions and hands each connection to the test."""

    def __init__(self) -> None:
        self.connections: asyncio.Queue[ServerConnection] = asyncio.Queue()

    async def serve(self, connection: ServerConnection) -> None:
        await connection.send('0{"sid":"x","upgrades":[],"pingInterval":25000,"pingTimeout":20000}')
        self.connections.put_nowait(connection)
        await connection.wait_closed()


@pytest.fixture
def peer() -> Peer:
    return Peer()


@pytest_asyncio.fixture
async def server(peer: Peer) -> AsyncIterator[Server]:
    async with serve(peer.serve, "127.0.0.1", 0, ping_interval=None, close_timeout=1) as server:
        yield server


@pytest_asyncio.fixture
async def client(server: Server) -> AsyncIterator[Client]:
    port = server.sockets[0].getsockname()[1]
    client = Client("Alice", Address(f"http://127.0.0.1:{port}"), Transcript())
    await client.open()
    yield client
    await client.release()


@pytest_asyncio.fixture
async def connection(client: Client, peer: Peer) -> ServerConnection:
    return await asyncio.wait_for(peer.connections.get(), WITHIN)


async def test_a_ping_is_answered(client: Client, connection: ServerConnection):
    """A client answers a PING with a PONG, as every Engine.IO client does."""
    await connection.send("2")

    assert await asyncio.wait_for(connection.recv(), WITHIN) == "3"


async def test_a_pong_can_be_withheld(client: Client, connection: ServerConnection):
    """A client told not to answer pings sends nothing, and answers when it is told to."""
    client.answers_pings = False
    await connection.send("2")
    await client.expect("PING")

    await client.emit("message", "marker")
    assert await asyncio.wait_for(connection.recv(), WITHIN) == '42["message","marker"]'
    await client.pong()
    assert await asyncio.wait_for(connection.recv(), WITHIN) == "3"


async def test_everything_is_recorded_in_the_order_of_arrival(client: Client, connection: ServerConnection):
    """Packets are in the inbox in the order in which they came."""
    for text in ("40", '42["a",1]', "2", '42["b"]', '431["c"]', "41"):
        await connection.send(text)
    await client.expect("DISCONNECT")

    labels = [record.label for record in client.inbox.received]
    assert labels == ["OPEN", "CONNECT", "a", "PING", "b", "ACK", "DISCONNECT"]


async def test_a_goodbye_says_so(client: Client, connection: ServerConnection):
    """A goodbye is a DISCONNECT packet and then a close frame."""
    await client.goodbye()

    assert await asyncio.wait_for(connection.recv(), WITHIN) == "41"
    with pytest.raises(ConnectionClosed) as closed:
        await asyncio.wait_for(connection.recv(), WITHIN)
    assert closed.value.rcvd is not None


async def test_an_abort_says_nothing(client: Client, connection: ServerConnection):
    """An abort ends the TCP connection without a DISCONNECT and without a close frame."""
    await client.abort()

    with pytest.raises(ConnectionClosed) as closed:
        await asyncio.wait_for(connection.recv(), WITHIN)
    assert closed.value.rcvd is None


async def test_a_client_that_stops_reading_builds_back_pressure(client: Client, connection: ServerConnection):
    """What is sent to a client that stopped reading piles up at the server."""
    await client.stop_reading()

    async def flood() -> None:
        while True:
            await connection.send("4" + "x" * 1_000_000)

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(flood(), 1)
    assert connection.transport.get_write_buffer_size() > 0
    connection.transport.abort()


async def test_the_end_of_a_connection_is_recorded(client: Client, connection: ServerConnection):
    """A close by the server is a record with its reason, and the last one."""
    await connection.close(1009, "too big")

    closed = await client.expect("CLOSED")

    assert "1009" in closed.payload
    assert client.inbox.ended


async def test_a_refused_handshake_says_why(client: Client, server: Server):
    """An HTTP error in place of a handshake is raised with its status."""
    port = server.sockets[0].getsockname()[1]
    polling = Client("Bob", Address(f"http://127.0.0.1:{port}"), Transcript(), transport="polling")

    with pytest.raises(TransportRefusedError, match="426"):
        await polling.open()

    await polling.release()


async def test_a_call_returns_its_own_acknowledgement(client: Client, connection: ServerConnection):
    """Of several acknowledgements each goes to the call that it answers, in whatever order they come."""
    one, other = asyncio.create_task(client.call("one", 1)), asyncio.create_task(client.call("other"))
    assert [await asyncio.wait_for(connection.recv(), WITHIN) for _ in range(2)] == ['420["one",1]', '421["other"]']

    await connection.send('431["other\'s"]')
    await connection.send('430["one\'s"]')

    assert [await one, await other] == ["one's", "other's"]


async def test_the_transcript_begins_with_how_a_device_asked_to_come_in(server: Server):
    """Where, over what and with which credential: without it nobody sees why a device was refused."""
    transcript = Transcript()
    port = server.sockets[0].getsockname()[1]
    client = Client("Alice", Address(f"http://127.0.0.1:{port}", "/chat", {"token": "t"}), transcript)
    await client.open()
    await client.release()

    asked = {"path": "/chat", "transport": "websocket", "query": {"token": "t"}}
    assert [(it.way, it.label) for it in transcript.records[:2]] == [("sent", "OPEN"), ("received", "OPEN")]
    assert transcript.records[0].payload == asked
