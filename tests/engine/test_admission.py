"""Who may open a session: every limit is refused by its name, status and text, and is free again afterwards."""

import ipaddress
import json
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from app.engine.admission import LIMITS, Admission, Bucket, Limits, TooManyError, client_address, subscriber
from app.engine.base import Options
from app.engine.socket_io import SocketIO
from tests.engine.conftest import Recorder
from tests.engine.served import Polling, served
from tests.waiting import until

FREE = dict.fromkeys(LIMITS, 0)
OPENING = [name for name in LIMITS if name != "events_per_second"]


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_bucket_fills_at_its_rate(clock: Clock):
    """Twice the rate may come at once, and no more is ever saved up."""
    bucket = Bucket(10, clock)
    assert [bucket.take() for _ in range(21)] == [True] * 20 + [False]
    assert not bucket.full
    clock.now += 0.5
    assert [bucket.take() for _ in range(6)] == [True] * 5 + [False]
    clock.now += 1_000_000
    assert bucket.full
    assert [bucket.take() for _ in range(21)] == [True] * 20 + [False]


def admitted(admission: Admission, address: str = "192.0.2.1") -> str:
    """Ask for a session and return why it was refused."""
    try:
        admission.admit(address)
    except TooManyError as error:
        return error.text
    return ""


@pytest.mark.parametrize("limit", OPENING)
def test_a_limit_is_refused_and_counted_by_its_name(limit: str, clock: Clock):
    """And no other limit is."""
    admission = Admission(Limits(**{**FREE, limit: 3}), clock)
    allowed = 6 if limit == "connects_per_second" else 3
    assert [admitted(admission) for _ in range(allowed + 2)] == [""] * allowed + [LIMITS[limit][1]] * 2
    assert admission.refusals == {limit: 2}


def test_no_limit_refuses_nobody(clock: Clock):
    """0 is no limit."""
    admission = Admission(Limits(**FREE), clock)
    assert not any(admitted(admission) for _ in range(1_000))


def test_limits_of_an_address_are_its_own(clock: Clock):
    """What one address has used up, another has not."""
    for limit in ("connections_per_address", "connects_per_second"):
        admission = Admission(Limits(**{**FREE, limit: 1}), clock)
        while not admitted(admission):
            pass
        assert not admitted(admission, "192.0.2.2")


def test_what_was_counted_is_released(clock: Clock):
    """A session that has ended, or joined a namespace, makes room for another."""
    limits = Limits(connections=3, connections_per_address=2, connects_per_second=0, unauthenticated=2)
    admission = Admission(limits, clock)
    assert [admitted(admission), admitted(admission), admitted(admission)] == ["", "", LIMITS["unauthenticated"][1]]
    admission.authenticated()
    assert admitted(admission) == LIMITS["connections_per_address"][1]
    admission.release("192.0.2.1", authenticated=True)
    assert [admitted(admission), admitted(admission, "192.0.2.2")] == ["", LIMITS["unauthenticated"][1]]
    admission.release("192.0.2.1", authenticated=False)
    assert not admitted(admission, "192.0.2.2")


def test_a_refusal_takes_nothing(clock: Clock):
    """Who is refused by one limit does not use up another."""
    admission = Admission(Limits(**{**FREE, "connections": 1, "connects_per_second": 1}), clock)
    assert not admitted(admission)
    for _ in range(10):
        assert admitted(admission) == LIMITS["connections"][1]
    admission.release("192.0.2.1", authenticated=False)
    assert not admitted(admission)


def test_addresses_that_come_no_more_are_forgotten(clock: Clock):
    """Nobody grows memory by coming from ever new addresses."""
    admission = Admission(Limits(**{**FREE, "connects_per_second": 1}), clock)
    for number in range(30_000):
        clock.now += 0.001
        admission.admit(str(number))
        admission.release(str(number), authenticated=False)
    assert len(admission._connects) <= 10_000
    assert not admission._by_address


PROXIES = tuple(map(ipaddress.ip_network, ("10.0.0.0/8", "2001:db8::/32")))


@pytest.mark.parametrize(
    ("peer", "headers", "address"),
    [
        ("192.0.2.1", [], "192.0.2.1"),
        ("192.0.2.1", ["203.0.113.9"], "192.0.2.1"),  # no proxy: whatever it says is not believed
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", ["1.1.1.1, 203.0.113.9"], "203.0.113.9"),  # the first was made up by the client
        ("10.0.0.1", ["1.1.1.1, 203.0.113.9, 10.0.0.2"], "203.0.113.9"),
        ("10.0.0.1", ["1.1.1.1", "203.0.113.9", "10.0.0.2"], "203.0.113.9"),
        ("10.0.0.1", ["1.1.1.1, 203.0.113.9", "10.0.0.2,10.0.0.3"], "203.0.113.9"),
        ("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ("10.0.0.1", ["  203.0.113.9 ,, 10.0.0.2 ,"], "203.0.113.9"),
        ("10.0.0.1", ["", " , "], "10.0.0.1"),
        ("2001:db8::1", ["2001:db9::7"], "2001:db9::7"),
        ("2001:db8::1", ["2001:db9::7, 2001:db8::2, 10.0.0.1"], "2001:db9::7"),
        ("2001:db9::1", ["203.0.113.9"], "2001:db9::1"),
        ("10.0.0.1", ["203.0.113.9:1111"], "203.0.113.9"),
        ("10.0.0.1", ["1.1.1.1, 203.0.113.9:1, 10.0.0.2:80"], "203.0.113.9"),
        ("10.0.0.1", ["[2001:db9::7]:443, 10.0.0.2"], "2001:db9::7"),
        ("10.0.0.1", ["[2001:DB9:0::7]"], "2001:db9::7"),
        ("10.0.0.1", ["::ffff:203.0.113.9, ::ffff:10.0.0.2"], "203.0.113.9"),
        ("::ffff:10.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", ["203.0.113.9, unknown"], "10.0.0.1"),  # nobody knows what the client put before it
        ("10.0.0.1", ["203.0.113.9, ::ffff:x, 10.0.0.2"], "10.0.0.2"),
        ("10.0.0.1", ["2001:db9::7:443:x, 10.0.0.2"], "10.0.0.2"),
        ("10.0.0.1", ["[203.0.113.9], 10.0.0.2"], "10.0.0.2"),
        ("junk", ["203.0.113.9"], "junk"),
        ("", ["203.0.113.9"], ""),
        ("10.0.0.1", ["\xff\x00"], "10.0.0.1"),
    ],
)
def test_an_address_is_believed_as_far_as_proxies_are_trusted(peer: str, headers: list[str], address: str):
    """Counted from the server, whatever a client has put in front."""
    scope: dict[str, Any] = {
        "client": (peer, 1),
        "headers": [(b"x-forwarded-for", value.encode("latin-1")) for value in headers],
    }
    assert client_address(scope, PROXIES) == address
    assert client_address(scope, ()) == peer


def test_a_client_without_an_address_has_none():
    """As one that comes through a Unix socket."""
    assert client_address({"client": None, "headers": [(b"x-forwarded-for", b"1.1.1.1")]}, PROXIES) == ""


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db9:1:2:3:4:5:6", "2001:db9:1:2::/64"),
        ("2001:db9:1:3::", "2001:db9:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
        ("::ffff:203.0.113.9", "::ffff:203.0.113.9"),
        ("", ""),
        ("junk", "junk"),
    ],
)
def test_a_network_of_ipv6_counts_as_one(address: str, counted: str):
    """As its subscriber may take any address of it; addresses of IPv4 that are written so are not one network."""
    assert subscriber(address) == counted


def test_who_changes_its_address_within_its_network_is_counted_all_the_same(clock: Clock):
    """And makes room when it goes."""
    admission = Admission(Limits(**{**FREE, "connections_per_address": 1}), clock)
    for network in ("2001:db9:1:1::", "2001:db9:1:2::"):
        admission.admit(f"{network}1")
        with pytest.raises(TooManyError):
            admission.admit(f"{network}2")
    admission.release("2001:db9:1:1::1", authenticated=False)
    admission.admit("2001:db9:1:1::2")


# through a real server


def options(**limits: int) -> Options:
    return Options(25, 20, 100_000, ("*",), limits=Limits(**{**FREE, **limits}))


async def by_polling(stack: AsyncExitStack, address: str) -> tuple[int, Any]:
    """Open a session and return the status, and the JSON of a refusal."""
    http = await stack.enter_async_context(aiohttp.ClientSession())
    return await Polling(http, address).open()


async def by_websocket(stack: AsyncExitStack, address: str) -> tuple[int, Any]:
    """Open a session and return the status, and the JSON of a refusal."""
    try:
        url = f"ws://{address}/socket.io/?EIO=4&transport=websocket"
        await stack.enter_async_context(connect(url, compression=None))
    except InvalidStatus as error:
        return error.response.status_code, json.loads(error.response.body or b"")
    return 200, None


@pytest.mark.parametrize("opening", [by_polling, by_websocket])
@pytest.mark.parametrize("limit", OPENING)
async def test_a_refused_client_is_told_why(
    recorder: Recorder, limit: str, opening: Callable[[AsyncExitStack, str], Awaitable[tuple[int, Any]]]
):
    """By the status and the text of the limit, on both transports; nothing of it is left."""
    engine = SocketIO({"/": recorder}, options(**{limit: 1}))
    async with served(engine) as address, AsyncExitStack() as stack:
        answers = [await opening(stack, address) for _ in range(10)]
        refused = [answer for answer in answers if answer[0] != 200]
        status, text = LIMITS[limit]
        assert answers[0][0] == 200
        assert refused
        assert refused == [(status, {"code": 4, "message": text})] * len(refused)
        assert engine.refusals == {limit: len(refused)}
        assert len(engine._sessions()) == 10 - len(refused)


async def test_a_session_that_ends_makes_room(recorder: Recorder):
    """For the next client, at once."""
    engine = SocketIO({"/": recorder}, options(connections=1))
    async with served(engine) as address:
        for ended in range(3):
            async with AsyncExitStack() as stack:
                assert (await by_websocket(stack, address))[0] == 200
                assert (await by_polling(stack, address))[0] == 503
            await until(lambda ended=ended: engine.endings["lost"] == ended + 1)


async def test_a_session_that_joins_a_namespace_makes_room_for_one_that_has_not(recorder: Recorder):
    """The limit on those that have not said who they are."""
    engine = SocketIO({"/": recorder}, options(unauthenticated=1))
    async with served(engine) as address, aiohttp.ClientSession() as http, AsyncExitStack() as stack:
        first = Polling(http, address)
        await first.open()
        assert (await by_websocket(stack, address))[0] == 503
        await first.post("40")
        await first.get()
        assert (await by_websocket(stack, address))[0] == 200


async def test_a_session_is_nobodys_until_it_is_said_whose(recorder: Recorder):
    """Where clients are anonymous at first: joining a namespace is not enough, and to be told twice is once."""
    engine = SocketIO({"/": recorder}, replace(options(unauthenticated=1), anonymous=True))
    async with served(engine) as address, aiohttp.ClientSession() as http, AsyncExitStack() as stack:
        first = Polling(http, address)
        await first.open()
        await first.post("40")
        await first.get()
        assert (await by_websocket(stack, address))[0] == 503
        for _ in range(2):
            engine.authenticated(recorder.connections[0])
        assert (await by_websocket(stack, address))[0] == 200
        assert (await by_websocket(stack, address))[0] == 503


async def test_who_is_told_to_be_somebody_after_the_end_was_counted_once(recorder: Recorder):
    """The session made room when it ended, and makes no more."""
    engine = SocketIO({"/": recorder}, replace(options(unauthenticated=1), anonymous=True))
    async with served(engine) as address, AsyncExitStack() as stack, aiohttp.ClientSession() as http:
        first = Polling(http, address)
        await first.open()
        await first.post("40")
        await first.get()
        recorder.connections[0].close()
        engine.authenticated(recorder.connections[0])
        assert [(await by_websocket(stack, address))[0] for _ in range(2)] == [200, 503]


async def test_a_client_that_sends_too_many_events_is_closed(recorder: Recorder):
    """On both transports, as a violation of policy."""
    engine = SocketIO({"/": recorder}, options(events_per_second=1))
    async with served(engine) as address, aiohttp.ClientSession() as http:
        async with connect(f"ws://{address}/?EIO=4&transport=websocket", compression=None) as client:
            for _ in range(10):
                await client.send("40")
            await client.wait_closed()
        assert client.close_code == 1008
        assert engine.endings == {"limit": 1}
        polling = Polling(http, address)
        await polling.open()
        await polling.post(*["40"] * 10)
        assert engine.endings == {"limit": 2}
        assert engine.refusals == {"events_per_second": 2}
        assert await polling.post("40") == 400
