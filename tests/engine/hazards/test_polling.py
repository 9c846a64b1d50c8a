"""Long polling is as strict as a websocket."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.engine.hazards.clients import POLLING, connected, joined, polling
from tests.engine.hazards.kinds import ours
from tests.engine.hazards.process import Process
from tests.engine.hazards.wire import Answer, http, request, waiting

ECHO = '42["echo",1]'


def refused(answer: Answer, code: int, status: int = 400) -> bool:
    """Return whether an answer is a refusal with Engine.IO's code."""
    return (answer.status, json.loads(answer.body)["code"]) == (status, code)


@ours()
async def test_two_polls_at_once_end_the_session(server: Process):
    """The second is refused, the first is answered with the end."""
    async with connected(server) as session, session.poll() as wire:
        assert refused(await session.get(), 3)
        assert (await wire.answer()).body == b"1"
        assert await session.gone()


@ours()
async def test_two_posts_at_once_end_the_session(server: Process):
    """The order of their packets could not be told."""
    async with connected(server) as session, await server.wire() as wire:
        wire.write(request("POST", session.target, {"Content-Length": "10"}, b"4"))
        await session.server.until(lambda stats: stats["posts"] == 1)
        assert refused(await session.post(ECHO), 3)
        wire.write(b"x" * 9)
        assert refused(await wire.answer(), 3)
        assert await session.gone()


@ours()
async def test_a_poll_that_is_hung_up_on_loses_nothing(server: Process):
    """What is sent after a client gave up its GET waits for the next one."""
    async with connected(server) as session, joined(server) as other:
        await session.post('421["join","hung-up-",1]')
        assert (await session.get()).body == b"431[]"
        async with session.poll():
            pass
        await server.until(lambda stats: not stats["polls"])
        other.send('421["announce","hung-up-0"]')
        assert await other.receive() == "431[]"
        assert (await session.get()).body == b'42["news"]'
        await session.post(ECHO)
        assert (await session.get()).body == ECHO.encode()


@ours()
async def test_a_poll_that_is_hung_up_on_again_and_again_leaves_nothing(server: Process):
    """Neither a task nor a descriptor is kept for a GET whose client has gone."""
    async with connected(server) as session:
        for _ in range(20):
            async with session.poll():
                pass
            await server.until(lambda stats: not stats["polls"])
        tasks = (await server.stats())["tasks"]
        assert tasks < 12


@ours()
async def test_nothing_is_known_of_a_session_that_was_closed(server: Process):
    """After `1`, and an answer to the poll that may have crossed it, its id is as good as any."""
    async with connected(server) as session:
        assert (await session.post("1")).body == b"ok"
        assert refused(await session.post(ECHO), 1)
        assert (await session.get()).body == b"6"
        assert refused(await session.get(), 1)
        assert refused(await session.post(ECHO), 1)


@ours()
async def test_a_waiting_poll_is_answered_when_its_client_closes(server: Process):
    """With NOOP, as the client knows."""
    async with connected(server) as session, session.poll() as wire:
        await session.post("1")
        assert (await wire.answer()).body == b"6"


@ours()
@pytest.mark.parametrize("sid", ["a" * 20, "%00", "../../etc/passwd", "%C3%A9", "x" * 8_000, "__proto__"])
async def test_a_guessed_session_is_unknown(server: Process, sid: str):
    """Whatever is tried, the answer is the same, for reading and for writing."""
    target = f"{POLLING}&sid={sid}"
    async with connected(server):
        for method in ("GET", "POST"):
            async with await server.wire() as wire:
                wire.write(request(method, target))
                assert refused(await wire.answer(), 1)


@ours()
async def test_ids_do_not_tell_of_each_other(server: Process):
    """An Engine.IO id is no Socket.IO id: who learns the public one cannot poll with it."""
    async with polling(server) as session:
        await session.post("40")
        public = json.loads((await session.get()).body[2:])["sid"]
        assert public != session.sid
        assert refused(await http(server, "GET", f"{POLLING}&sid={public}"), 1)


@ours()
@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
async def test_a_session_takes_get_and_post_alone(server: Process, method: str):
    """Another method is refused, and harms nobody."""
    async with connected(server) as session:
        assert refused(await http(server, method, session.target, b"4"), 3)
        await session.post(ECHO)
        assert (await session.get()).body == ECHO.encode()


@ours()
@pytest.mark.parametrize("version", ["3", "5", "", "4x"])
async def test_every_request_has_the_version(server: Process, version: str):
    """Another version of the protocol is refused, and harms nobody."""
    async with connected(server) as session:
        assert refused(await http(server, "GET", session.target.replace("EIO=4", f"EIO={version}")), 5)
        await session.post(ECHO)
        assert (await session.get()).body == ECHO.encode()


MALFORMED = {
    "empty": "",
    "separators": "\x1e" * 99_999,
    "separator-behind": f"{ECHO}\x1e",
    "separator-before": f"\x1e{ECHO}",
    "base64": '451-["echo",{"_placeholder":true,"num":0}]\x1eb!!!!',
    "base64-padding": '451-["echo",{"_placeholder":true,"num":0}]\x1ebAQI',
    "base64-url": '451-["echo",{"_placeholder":true,"num":0}]\x1eb-_-_',
    "ping": "2",
    "probe": "2probe",
    "pong-with-text": "3probe",
    "upgrade": "5",
    "open": "0{}",
    "noop": "6",
    "utf-8": b'42["echo","\xff"]',
}


@ours()
@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
async def test_a_malformed_body_ends_its_session_alone(server: Process, body: str | bytes):
    """It is answered 400, quickly, and others are served."""
    async with connected(server) as session, connected(server) as other:
        before = (await server.stats())["cpu"]
        assert refused(await session.post(body), 3)
        assert await session.gone()
        assert (await server.stats())["cpu"] - before < 0.5
        await other.post(ECHO)
        assert (await other.get()).body == ECHO.encode()


@ours()
async def test_bytes_go_both_ways_as_base64(server: Process):
    """A binary event comes back with its attachment."""
    async with connected(server) as session:
        packets = '451-["echo",{"_placeholder":true,"num":0}]\x1ebAQID'
        assert (await session.post(packets)).body == b"ok"
        assert (await session.get()).body.decode() == packets


@ours()
async def test_a_flood_of_pongs_is_harmless(server: Process):
    """PONGs to no PING cost next to nothing and prove nothing."""
    async with connected(server) as session:
        before = (await server.stats())["cpu"]
        assert (await session.post("\x1e".join("3" * 50_000))).body == b"ok"
        assert (await server.stats())["cpu"] - before < 1
        await session.post(ECHO)
        assert (await session.get()).body == ECHO.encode()


@ours(ping_interval=0.2, ping_timeout=0.2)
async def test_a_polling_client_that_does_not_answer_pings_is_dropped(server: Process):
    """The heartbeat is the same on both transports."""
    async with connected(server) as session:
        assert (await session.get()).body == b"2"
        async with waiting(server, "GET", session.target) as wire:
            assert (await wire.answer()).body == b"1"
        assert await session.gone()


@ours(ping_interval=0.2, ping_timeout=0.2)
async def test_a_polling_client_that_answers_pings_stays(server: Process):
    """As long as it does."""
    async with connected(server) as session:
        async with asyncio.timeout(server.patience):
            for _ in range(5):
                assert (await session.get()).body == b"2"
                assert (await session.post("3")).body == b"ok"
