"""What every engine guarantees to the application that it serves (`app.engine.base`)."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from app.engine.base import Connection, Ending, Engine, encode
from app.engine.socket_io import SocketIO
from tests.engine.conftest import Recorder
from tests.waiting import DEADLINE, until


@asynccontextmanager
async def opened(address: str, query: str = "") -> AsyncIterator[ClientConnection]:
    """Open a websocket and read the Engine.IO OPEN packet."""
    url = f"ws://{address}/socket.io/?EIO=4&transport=websocket{query}"
    async with connect(url, compression=None) as client:
        assert (await received(client)).startswith("0{")
        yield client


@asynccontextmanager
async def joined(address: str, auth: str = "", query: str = "") -> AsyncIterator[ClientConnection]:
    """Open a websocket and connect to the namespace."""
    async with opened(address, query) as client:
        await client.send(f"40{auth}")
        assert (await received(client)).startswith("40{")
        yield client


async def received(client: ClientConnection) -> str:
    async with asyncio.timeout(DEADLINE):
        packet = await client.recv()
    assert isinstance(packet, str)
    return packet


async def ended(client: ClientConnection) -> list[str]:
    """Return what is received until the connection is closed."""
    packets: list[str] = []
    with contextlib.suppress(ConnectionClosed):
        while True:
            packets.append(await received(client))
    return packets


async def test_what_is_sent_on_connecting_follows_the_connect_packet(address: str, recorder: Recorder):
    """A client registers its listeners when it gets CONNECT: nothing may come before it."""

    async def greet(connection: Connection) -> None:
        connection.emit("hello", {"n": 1})

    recorder.on_connected = greet
    async with opened(address) as client:
        await client.send("40")
        assert (await received(client)).startswith("40{")
        assert await received(client) == '42["hello",{"n":1}]'


async def test_the_handshake_has_query_headers_auth_and_address(address: str, recorder: Recorder):
    """An application decides by how the client introduced itself."""
    async with joined(address, '{"a":1}', "&token=t%20t&token=second"):
        handshake = recorder.connections[0].handshake
        assert handshake.query["token"] == "t t"
        assert handshake.auth == {"a": 1}
        assert handshake.headers["upgrade"] == "websocket"
        assert handshake.address == "127.0.0.1"


async def test_a_refused_client_gets_one_connect_error(address: str, recorder: Recorder):
    """The text is the application's; nothing else is sent, and the application hears of no connection."""
    async with opened(address) as client:
        await client.send('40{"refuse":"No"}')
        assert await received(client) == '44{"message":"No"}'
        await client.send("40")  # and may try again
        assert (await received(client)).startswith("40{")
    assert recorder.told[0] == ("connected", {})


async def test_a_client_that_should_try_again_loses_its_transport(address: str):
    """CONNECT_ERROR is final to a client, so it gets none where a retry can help."""
    async with opened(address) as client:
        await client.send('40{"refuse":"Busy","retry":true}')
        assert not [packet for packet in await ended(client) if packet.startswith("4")]


async def test_a_second_connect_changes_nothing(address: str, recorder: Recorder):
    """A client that is connected stays connected, once."""
    async with joined(address) as client:
        await client.send("40")
        await client.send('42["after"]')
        assert await received(client) == '42["echo"]'
    assert [what for what, *_ in recorder.told].count("connected") == 1


async def test_handlers_of_a_connection_run_one_after_the_other(address: str, recorder: Recorder):
    """The second event waits for the first, however long that takes."""
    async with joined(address) as client:
        await client.send('42["slow",1]')
        await client.send('42["fast",2]')
        await until(lambda: ("began", "slow", 1) in recorder.told)
        async with joined(address) as other:
            await other.send('42["other"]')
            assert await received(other) == '42["echo"]'
        assert ("began", "fast", 2) not in recorder.told
        recorder.gate.set()
        assert [await received(client), await received(client)] == ['42["echo",1]', '42["echo",2]']


async def test_an_event_is_acknowledged_with_what_the_application_returns(address: str):
    """The acknowledgement has the id of the event and comes after what the handler emitted."""
    async with joined(address) as client:
        await client.send('4217["ask",{"a":"b"}]')
        assert await received(client) == '42["echo",{"a":"b"}]'
        assert await received(client) == '4317[[{"a":"b"}]]'


async def test_a_probe_is_answered_by_the_pong_alone(address: str, recorder: Recorder):
    """`arrived` is called at the PONG to the probe's PING, not before."""
    arrived: list[str] = []
    async with joined(address) as client:
        connection = recorder.connections[0]
        connection.emit("first")
        connection.probe(lambda: arrived.append("first"))
        connection.emit("second")
        connection.probe(lambda: arrived.append("second"))
        packets = [await received(client) for _ in range(4)]
        assert packets == ['42["first"]', "2", '42["second"]', "2"]
        await client.send('42["marker"]')
        assert await received(client) == '42["echo"]'
        assert arrived == []
        await client.send("3")
        await until(lambda: arrived == ["first"])
        await client.send("3")
        await until(lambda: arrived == ["first", "second"])
        await client.send("3")  # answers nothing
        await client.send('42["alive"]')
        assert await received(client) == '42["echo"]'


async def test_a_probe_of_an_ended_connection_is_never_answered(address: str, recorder: Recorder):
    """A connection that ends first proves nothing."""
    arrived: list[bool] = []
    async with joined(address):
        recorder.connections[0].probe(lambda: arrived.append(True))
    await until(lambda: recorder.told[-1][0] == "disconnected")
    recorder.connections[0].probe(lambda: arrived.append(True))
    recorder.connections[0].emit("dropped")
    assert not recorder.connections[0].open
    assert arrived == []


async def test_a_disconnect_packet_is_a_goodbye(address: str, recorder: Recorder):
    """The client took its leave."""
    async with joined(address) as client:
        await client.send("41")
        await until(lambda: recorder.told[-1] == ("disconnected", Ending.GOODBYE))


@pytest.mark.parametrize("how", ["close", "abort", "engine-close"])
async def test_a_transport_that_ends_is_a_loss(address: str, recorder: Recorder, how: str):
    """Without a DISCONNECT packet nobody said goodbye, also where the transport is closed in good order."""
    async with joined(address) as client:
        if how == "close":
            await client.close()
        elif how == "abort":
            client.transport.abort()
        else:
            await client.send("1")
        await until(lambda: recorder.told[-1] == ("disconnected", Ending.LOST))


async def test_what_a_client_said_before_it_hung_up_is_handled(address: str, recorder: Recorder):
    """Events that were received are handled in order, however soon after them the connection ended."""
    async with joined(address) as client:
        await client.send('42["slow"]')
        await until(lambda: ("began", "slow") in recorder.told)
        for number in range(3):
            await client.send(f'42["last words",{number}]')
        await client.close()
        recorder.gate.set()
        await until(lambda: recorder.told[-1] == ("disconnected", Ending.LOST))
    assert [args for what, *args in recorder.told if what == "ended"] == [
        ["slow"],
        *(["last words", number] for number in range(3)),
    ]


async def test_a_goodbye_is_one_however_fast_the_client_hangs_up(address: str, recorder: Recorder):
    """A DISCONNECT packet counts also where the end of the transport comes with it, in one segment."""
    async with joined(address) as client:
        client.transport.pause_reading()
        goodbye = bytes((0x81, 0x82, 0, 0, 0, 0)) + b"41" + bytes((0x88, 0x80, 0, 0, 0, 0))
        client.transport.write(goodbye)
        await until(lambda: recorder.told[-1] == ("disconnected", Ending.GOODBYE))
        client.transport.resume_reading()


async def test_the_server_ends_a_connection_with_a_goodbye(address: str, recorder: Recorder):
    """`disconnect` sends what is queued, then DISCONNECT, and ends the transport."""
    async with joined(address) as client:
        recorder.connections[0].emit("last")
        recorder.connections[0].disconnect()
        packets = await ended(client)
        assert packets[:2] == ['42["last"]', "41"]
    await until(lambda: recorder.told[-1] == ("disconnected", Ending.CLOSED))


async def test_the_server_closes_a_transport_without_a_goodbye(address: str, recorder: Recorder):
    """`close` sends what is queued and no DISCONNECT, so that a client that reconnects does so by itself."""
    async with joined(address) as client:
        recorder.connections[0].emit("last")
        recorder.connections[0].close()
        packets = await ended(client)
        assert packets[0] == '42["last"]'
        assert "41" not in packets
    await until(lambda: recorder.told[-1][0] == "disconnected")


async def test_a_connection_ends_once_whatever_ends_it(address: str, recorder: Recorder):
    """The application hears of one ending."""
    async with joined(address) as client:
        recorder.connections[0].disconnect()
        recorder.connections[0].close()
        await client.send("41")
        await ended(client)
    await until(lambda: recorder.told[-1][0] == "disconnected")
    assert [what for what, *_ in recorder.told].count("disconnected") == 1


@pytest.mark.parametrize("name", ["connect", "disconnect", "connect_error", "*"])
async def test_a_client_cannot_forge_the_engines_own_events(address: str, recorder: Recorder, name: str):
    """An event with a reserved name reaches no handler, and harms no connection."""
    async with joined(address) as client, joined(address) as other:
        await client.send(json.dumps(["", [name, "forged"]]).replace('["", ', "42")[:-1])
        await other.send('42["alive"]')
        assert await received(other) == '42["echo"]'
    assert {what for what, *_ in recorder.told} == {"connected", "began", "ended", "disconnected"}
    assert ("began", name, "forged") not in recorder.told


@pytest.mark.parametrize("packet", ["42{", "49", "4x", "42[]", '42["a",', "451-[", b"\xff", "44{}", "4"])
async def test_a_malformed_packet_ends_its_session_alone(
    address: str, recorder: Recorder, caplog: pytest.LogCaptureFixture, packet: str | bytes
):
    """What cannot be parsed reaches no handler, leaves no traceback, and others are served on."""
    async with joined(address) as client, joined(address) as other:
        await client.send(packet)
        await client.send('42["after"]')
        await other.send('42["alive"]')
        assert await received(other) == '42["echo"]'
        assert not [one for one in await ended(client) if one.startswith("42")]
    assert "Traceback" not in caplog.text


async def test_a_handler_that_fails_ends_its_own_connection_alone(
    address: str, recorder: Recorder, caplog: pytest.LogCaptureFixture
):
    """An error nobody foresaw is logged; others are served on."""
    async with joined(address) as client, joined(address) as other:
        await client.send('42["fail"]')
        await ended(client)
        await other.send('42["alive"]')
        assert await received(other) == '42["echo"]'
    assert "a handler that fails" in caplog.text


async def test_rooms_say_who_comes_first_and_who_goes_last(address: str, recorder: Recorder, engine: Engine):
    """`join` and `leave` tell when a room begins and ends, so that a subscription can."""
    async with joined(address), joined(address):
        first, second = recorder.connections
        assert engine.join(first, "room") is True
        assert engine.join(second, "room") is False
        assert list(engine.members("room")) == [first, second]
        assert list(engine.rooms(first)) == ["room"]
        assert engine.leave(first, "room") is False
        assert engine.leave(first, "room") is False
        assert engine.leave(second, "room") is True
        assert list(engine.members("room")) == []


async def test_an_ended_connection_is_in_no_room(address: str, recorder: Recorder, engine: Engine):
    """Rooms forget a connection that has ended."""
    async with joined(address):
        engine.join(recorder.connections[0], "room")
    await until(lambda: not engine.members("room"))
    assert engine.connections == 0


async def test_a_prepared_packet_goes_to_many(address: str, recorder: Recorder, engine: Engine):
    """What is prepared once arrives at every connection as it is."""
    async with joined(address) as one, joined(address) as two:
        packet = engine.prepare(encode("news", {"text": "é\u0000🚀"}))
        for connection in recorder.connections:
            connection.send(packet)
        assert await received(one) == await received(two) == '42["news",{"text":"é\\u0000🚀"}]'


@pytest.mark.parametrize(
    ("frames", "why"),
    [(b"\x81\x00", "malformed"), (b"\x82\xff" + (10**9).to_bytes(8, "big") + bytes(4), "limit")],
    ids=["unmasked", "oversized"],
)
async def test_what_a_websocket_refuses_is_counted_for_what_it_is(
    address: str, engine: Engine, frames: bytes, why: str
):
    """A frame that breaks a rule is no lost connection."""
    async with joined(address) as client:
        client.transport.write(frames)
        await ended(client)
    await until(lambda: not engine.connections)
    assert dict(engine.endings) == {why: 1}


async def test_a_client_that_dies_in_its_handshake_leaves_nothing(address: str, recorder: Recorder, engine: Engine):
    """Junk behind the request, then a hang-up: others are served, nothing is logged, every place is given back."""
    host, _, port = address.partition(":")
    request = (
        f"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\n"
        "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    async with joined(address) as client:
        for _ in range(20):
            _, writer = await asyncio.open_connection(host, int(port))
            writer.write(request.encode() + b"\x00" * 300_000)
            writer.transport.abort()
            await client.send('42["alive"]')
            assert await received(client) == '42["echo"]'
    await until(lambda: not engine.connections)
    assert isinstance(engine, SocketIO)
    await until(lambda: not engine._engine.sessions)
    assert engine._engine.admission._sessions == engine._engine.admission._unauthenticated == 0


def test_what_json_cannot_carry_is_not_encoded():
    """Lone surrogates and unknown types raise `ValueError`."""
    for thing in ("\ud800", object(), {1: 2}):
        with pytest.raises(ValueError):  # noqa: PT011  (whose text is the JSON library's)
            encode("event", thing)


async def test_long_polling_is_served_like_websocket(address: str, recorder: Recorder):
    """A client without a websocket connects, sends, receives and confirms."""
    url = f"http://{address}/socket.io/?EIO=4&transport=polling"
    async with aiohttp.ClientSession() as http:

        async def get(query: str = "") -> str:
            async with http.get(url + query) as answer:
                assert answer.status == 200
                return await answer.text()

        sid = json.loads((await get())[1:])["sid"]
        await http.post(f"{url}&sid={sid}", data="40")
        assert (await get(f"&sid={sid}")).startswith("40{")
        arrived: list[bool] = []
        recorder.connections[0].emit("news")
        recorder.connections[0].probe(lambda: arrived.append(True))
        assert await get(f"&sid={sid}") == '42["news"]\x1e2'
        await http.post(f"{url}&sid={sid}", data='3\x1e42["hi"]')
        assert await get(f"&sid={sid}") == '42["echo"]'
        assert arrived == [True]


async def test_a_draining_engine_takes_no_new_client_and_closes_all(address: str, recorder: Recorder, engine: Engine):
    """Handlers under way finish, clients see their transport close, new ones get 503."""
    async with joined(address) as client:
        await client.send('42["slow"]')
        await until(lambda: ("began", "slow") in recorder.told)
        draining = asyncio.create_task(engine.drain(DEADLINE))
        recorder.gate.set()
        packets = await ended(client)
        assert "41" not in packets
        await draining
    assert ("ended", "slow") in recorder.told
    async with aiohttp.ClientSession() as http, http.get(f"http://{address}/?EIO=4&transport=polling") as answer:
        assert answer.status == 503


async def test_what_is_kept_of_a_client_outlives_its_connection(address: str, recorder: Recorder):
    """Who says goodbye and connects again over the same transport is known; another client is another."""

    async def count(connection: Connection) -> None:
        connection.kept["times"] = connection.kept.get("times", 0) + 1
        connection.emit("times", connection.kept["times"])

    recorder.on_connected = count
    async with joined(address) as client, joined(address) as other:
        assert [await received(client), await received(other)] == ['42["times",1]', '42["times",1]']
        await client.send("41")
        await client.send("40")
        assert (await received(client)).startswith("40{")
        assert await received(client) == '42["times",2]'
