"""An Engine.IO session: order and bounds across the upgrade, heartbeats, and its one end."""

import asyncio
import base64
from typing import Any

import aiohttp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engine.base import Handshake, Options
from app.engine.packets import MalformedError
from app.engine.session import Carrier, Closing, Prepared, Session
from app.engine.socket_io import SocketIO
from app.engine.websocket import WebSocket
from app.engine.writes import Writes
from tests.engine.conftest import Recorder
from tests.engine.peer import BINARY, CLOSE, PONG, TEXT, Frame, Tape, masked
from tests.engine.served import Polling, received, served
from tests.waiting import DEADLINE, until


class Told(Carrier):
    """A carrier that records what it is told, and refuses the message `malformed`."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []
        self.endings: list[Closing] = []

    def opened(self, session: Session) -> None: ...

    def message(self, session: Session, message: bytes) -> None:
        if message == b"malformed":
            raise MalformedError
        self.messages.append(message)

    binary = message

    def closed(self, session: Session, closing: Closing) -> None:
        self.endings.append(closing)


def session(max_packets: int = 1_000, max_bytes: int = 100_000) -> tuple[Session, Told]:
    told = Told()
    return Session("sid", told, Handshake({}, {}, {}, "192.0.2.1"), max_packets, max_bytes), told


def upgraded(one: Session) -> Tape:
    """Let a session go over a websocket, on a tape."""
    tape = Tape()
    one.attach(WebSocket(tape, one, Writes(), 100_000, 1_000_000, lambda: one.end(Closing.SLOW)))
    return tape


def test_what_waits_for_a_polling_client_is_counted():
    """In bytes, until a poll takes it."""
    one, _ = session()
    one.send(Prepared(b"4" + b"x" * 99))
    assert one.queued == 100
    one.take()
    assert one.queued == 0


async def test_what_waits_for_the_peer_of_a_websocket_is_counted():
    """What is queued for this pass of the loop, and what its transport could not write."""
    one, _ = session()
    tape = upgraded(one)
    tape.get_write_buffer_size = lambda: 5000
    one.send(Prepared(b"4" + b"x" * 99))
    assert one.queued == 5000 + 102
    await asyncio.sleep(0)
    assert one.queued == 5000


def packet(number: int) -> Prepared:
    """Return a packet of its own, every third with an attachment."""
    return Prepared(b"4%d" % number, [b"%d" % number] if number % 3 == 0 else [])


def polled(body: bytes | None) -> list[Frame]:
    """Return the packets in an answer to a GET as the frames that they would be."""
    parts = body.split(b"\x1e") if body else []
    return [(BINARY, base64.b64decode(part[1:])) if part[:1] == b"b" else (TEXT, part) for part in parts]


STEPS = st.lists(st.sampled_from(["send", "send", "poll", "ping", "pass"]), max_size=15)


@settings(max_examples=200)
@given(STEPS, st.booleans(), STEPS, STEPS)
async def test_packets_arrive_once_and_in_order_across_the_upgrade(
    before: list[str], waiting: bool, during: list[str], after: list[str]
):
    """Whatever is sent before, during and after it, and whether a poll waits or comes late."""
    one, _ = session()
    sent: list[Frame] = []
    arrived: list[Frame] = []
    tape: Tape | None = None
    for step in [*before, "probe", *during, "upgrade", *after]:
        if step == "send":
            number = len(sent)
            one.send(packet(number))
            sent += polled(packet(number).payload)
        elif step == "ping":
            one.ping()
            sent.append((TEXT, b"2"))
        elif step == "poll" and tape is None:
            arrived += polled(one.take())
        elif step == "pass":
            await asyncio.sleep(0)
        elif step == "probe":
            one.upgrading = True
            poll = one.poll() if waiting else None
            one.release()
            assert poll is None or poll.done()
            one.polled()
        elif step == "upgrade":
            tape = upgraded(one)
    assert tape is not None
    await asyncio.sleep(0)
    assert arrived + tape.frames == sent
    assert one.take() is None


async def test_a_poll_is_answered_when_something_is_sent():
    """And takes everything that was sent until it is read."""
    one, _ = session()
    waiting = one.poll()
    assert not waiting.done()
    one.send(packet(1))
    one.send(packet(2))
    assert waiting.done()
    assert one.take() == b"41\x1e42"
    assert one.take() is None


@pytest.mark.parametrize(("packets", "size"), [(11, 1), (2, 600)])
async def test_what_waits_for_a_poll_is_bounded(packets: int, size: int):
    """In packets and in bytes; a client that is too slow loses its session and what waited for it."""
    one, told = session(max_packets=10, max_bytes=1_000)
    for _ in range(packets - 1):
        one.send(Prepared(b"4" * size))
    assert told.endings == []
    one.send(Prepared(b"4" * size))
    assert told.endings == [Closing.SLOW]
    assert one.take() == b"1"


async def test_a_bound_is_free_again_once_it_was_polled():
    """What was taken waits no more."""
    one, told = session(max_packets=10, max_bytes=1_000)
    for _ in range(30):
        one.send(Prepared(b"4" * 900))
        assert one.take()
    assert told.endings == []


async def test_a_pong_answers_the_ping_that_was_sent_first_across_the_upgrade():
    """`arrived` is called for each PING, whichever transport it and its PONG took."""
    one, _ = session()
    arrived: list[str] = []
    first = one.ping(lambda: arrived.append("polling"))
    one.ping()
    upgraded(one)
    third = one.ping(lambda: arrived.append("websocket"))
    assert not one.answered(first)
    one.receive(b"3")
    assert one.answered(first)
    assert arrived == ["polling"]
    one.text(b"3")
    assert not one.answered(third)
    one.text(b"3")
    assert one.answered(third)
    one.text(b"3")  # answers nothing
    assert arrived == ["polling", "websocket"]


PACKETS = [b"", b"0", b"2", b"2probe", b"3x", b"3probe", b"5", b"6", b"7", b"1x", b"x", b"\xff", b"4malformed"]


@pytest.mark.parametrize("websocket", [False, True])
@pytest.mark.parametrize("malformed", [*PACKETS, b"b!", b"bYQ", b"b YQ==", b"b\xff"])
async def test_a_malformed_packet_ends_the_session(malformed: bytes, websocket: bool):
    """On both transports alike; what came before it was taken."""
    one, told = session()
    tape = upgraded(one) if websocket else None
    one.text(b"4before")
    one.text(malformed)
    one.text(b"4after")
    assert told.messages == [b"before"]
    assert told.endings == [Closing.MALFORMED]
    if tape:
        assert tape.frames == [(CLOSE, (1002).to_bytes(2, "big"))]


async def test_base64_is_for_polling_alone():
    """Over a websocket binary messages are binary frames."""
    one, told = session()
    one.text(b"bYQ==")
    upgraded(one)
    one.binary(b"b")
    assert told.messages == [b"a", b"b"]
    one.text(b"bYQ==")
    assert told.endings == [Closing.MALFORMED]


@pytest.mark.parametrize("closing", Closing)
@pytest.mark.parametrize("state", ["idle", "waiting", "queued", "paused", "upgrading", "upgraded"])
async def test_a_session_ends_once_in_every_state(state: str, closing: Closing):
    """Its end is told once, a waiting poll is answered, nothing that is sent afterwards goes anywhere."""
    one, told = session()
    poll = one.poll() if state == "waiting" else None
    one.upgrading = state == "upgrading"
    if state == "queued":
        one.send(packet(1))
    if state == "paused":
        one.pause()
    tape = upgraded(one) if state == "upgraded" else None
    resumed = asyncio.create_task(one.resumed())
    await asyncio.sleep(0)
    one.end(closing)
    one.end(Closing.SERVER)
    one.gone()
    one.send(packet(2))
    one.receive(b"1")
    assert told.endings == [closing]
    assert one.closed is closing
    assert one.beat() is None
    assert one.answered(1)
    async with asyncio.timeout(DEADLINE):
        await resumed
    assert poll is None or poll.done()
    if tape is None:
        kept = state == "queued" and closing not in (Closing.SLOW, Closing.TIMEOUT, Closing.LOST)
        assert one.take() == (b"41\x1e1" if kept else b"1")
    elif closing is Closing.SLOW:
        assert tape.aborted
    elif closing is not Closing.LOST:
        code = {Closing.MALFORMED: 1002, Closing.LIMIT: 1008}.get(closing, 1000)
        assert tape.frames == [(CLOSE, code.to_bytes(2, "big"))]


async def test_a_client_that_says_goodbye_while_polling_has_its_poll_answered():
    """With a NOOP, as it closes by itself."""
    one, told = session()
    poll = one.poll()
    one.receive(b"1")
    assert poll.done()
    assert one.take() == b"6"
    assert told.endings == [Closing.CLIENT]


async def test_a_session_that_is_paused_stays_so_over_its_websocket():
    """The websocket that it is upgraded to reads nothing until the session takes packets again."""
    one, told = session()
    one.pause()
    tape = Tape()
    websocket = WebSocket(tape, one, Writes(), 100_000, 1_000_000, lambda: None)
    one.attach(websocket)
    websocket.data_received(masked(TEXT, b"4one") + masked(9, b"p"))
    assert (told.messages, tape.frames) == ([], [])
    one.resume()
    websocket.flush()
    assert (told.messages, tape.frames) == ([b"one"], [(PONG, b"p")])


async def test_a_real_client_misses_nothing_while_it_upgrades(recorder: Recorder):
    """Events that are emitted at each step of the upgrade arrive once and in order, and so does what it sends."""
    options = Options(ping_interval=25, ping_timeout=20, max_payload=100_000, origins=("*",))
    async with served(SocketIO({"/": recorder}, options)) as address, aiohttp.ClientSession() as http:
        client = Polling(http, address)
        assert (await client.open())[0] == 200
        await client.post("40")
        packets = [*(await client.get())[1:]]
        emitter = recorder.connections[0]
        numbers = iter(range(100))

        def emit() -> None:
            emitter.emit("n", next(numbers))

        emit()
        polling = asyncio.create_task(client.get())
        packets += await polling
        polling = asyncio.create_task(client.get())
        async with client.upgrade() as websocket:
            emit()
            await websocket.send("2probe")
            assert await received(websocket) == "3probe"
            packets += [one for one in await polling if one != "6"]
            emit()
            await client.post('42["posted"]')
            await websocket.send("5")
            await websocket.send('42["sent"]')
            emit()
            expected: list[Any] = [*(f'42["n",{number}]' for number in range(4)), '42["echo"]', '42["echo"]']
            while len(packets) < len(expected):
                packets.append(str(await received(websocket)))
            emitted = [one for one in packets if one.startswith('42["n"')]
            assert emitted == expected[:4]
            assert sorted(packets) == sorted(expected)
            await until(lambda: ("ended", "sent") in recorder.told)
            began = [event for what, event, *_ in recorder.told if what == "began"]
            assert began == ["posted", "sent"]


def test_a_client_that_is_not_read_is_not_taken_for_dead():
    """While a session takes no packets its PONG cannot have come; afterwards the next PING decides."""
    one, _ = session()
    number = one.ping()
    assert not one.answered(number)
    one.pause()
    assert one.answered(number)
    one.resume()
    assert not one.answered(one.ping())
