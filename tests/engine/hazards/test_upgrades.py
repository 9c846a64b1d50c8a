"""From polling to a websocket: once, in order, and by nobody else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.engine.hazards.clients import WEBSOCKET, Peer, Polling, connected, dialled, frame, joined
from tests.engine.hazards.kinds import ours
from tests.engine.hazards.process import Process

ECHO = '42["echo",1]'
_IMPATIENT: dict[str, Any] = {"upgrade_timeout": 0.3}


@asynccontextmanager
async def probing(session: Polling) -> AsyncIterator[Peer]:
    """Open the websocket of an upgrade."""
    async with dialled(session.server, session.websocket) as peer:
        assert peer.answer.status == 101
        yield peer


@asynccontextmanager
async def upgraded(session: Polling) -> AsyncIterator[Peer]:
    """Upgrade a session."""
    async with probing(session) as peer:
        peer.send("2probe")
        assert await peer.receive() == "3probe"
        peer.send("5")
        yield peer


async def still_polls(session: Polling) -> bool:
    """Return whether a session is served over long polling as before."""
    await session.post(ECHO)
    return (await session.get()).body == ECHO.encode()


@ours()
async def test_nothing_is_lost_by_an_upgrade(server: Process):
    """What was sent while polling and not polled comes first over the websocket."""
    async with connected(server) as session, joined(server) as other:
        await session.post('421["join","upgrade-",1]')
        assert (await session.get()).body == b"431[]"
        other.send('421["announce","upgrade-0"]')
        assert await other.receive() == "431[]"
        async with upgraded(session) as peer:
            peer.send(ECHO)
            assert [await peer.receive(), await peer.receive()] == ['42["news"]', ECHO]


@ours()
async def test_a_waiting_poll_ends_with_the_probe(server: Process):
    """So that the client can send `5` without a packet on the way."""
    async with connected(server) as session, session.poll() as wire, probing(session) as peer:
        peer.send("2probe")
        assert await peer.receive() == "3probe"
        assert (await wire.answer()).body == b"6"


@ours()
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_session_that_was_upgraded_polls_no_more(server: Process, method: str):
    """Requests with its id are refused; it goes on over its websocket."""
    async with connected(server) as session, upgraded(session) as peer:
        peer.send(ECHO)
        assert await peer.receive() == ECHO
        answer = await (session.get() if method == "GET" else session.post(ECHO))
        assert answer.status == 400
        peer.send(ECHO)
        assert await peer.receive() == ECHO


@ours()
async def test_a_session_is_upgraded_once(server: Process):
    """A second websocket of an upgraded session is closed; the first goes on."""
    async with connected(server) as session, upgraded(session) as peer:
        peer.send(ECHO)
        assert await peer.receive() == ECHO
        async with dialled(server, session.websocket) as second:
            assert await second.ended() == []
        peer.send(ECHO)
        assert await peer.receive() == ECHO


@ours()
async def test_two_upgrades_at_once_are_one(server: Process):
    """The second websocket is closed, the first may finish."""
    async with connected(server) as session, probing(session) as first:
        first.send("2probe")
        assert await first.receive() == "3probe"
        async with dialled(server, session.websocket) as second:
            second.send("2probe")
            assert await second.ended() == []
        first.send("5", ECHO)
        assert await first.receive() == ECHO


@ours()
async def test_a_websocket_that_comes_second_buffers_nothing(server: Process):
    """It is as bounded as any other."""
    async with connected(server) as session, probing(session):
        before = server.memory
        async with dialled(server, session.websocket) as second:
            second.wire.write(b"\x81\xff" + (1 << 40).to_bytes(8, "big") + b"\0\0\0\0")
            await second.wire.pour(b"x" * 65_536, 16_000_000)
            await second.wire.until(lambda: second.wire.closed)
        assert server.memory - before < 8_000_000


GARBAGE = {
    "no-probe": [frame("5")],
    "other-probe": [frame("2probing")],
    "an-event": [frame(ECHO)],
    "binary": [frame(b"2probe")],
    "two-probes": [frame("2probe"), frame("2probe")],
    "an-event-after": [frame("2probe"), frame(ECHO)],
    "unmasked": [b"\x81\x062probe"],
    "empty": [frame("")],
    "reserved-opcode": [b"\x83\x80\0\0\0\0"],
}


@ours()
@pytest.mark.parametrize("frames", GARBAGE.values(), ids=GARBAGE)
async def test_garbage_ends_the_upgrade_and_not_the_session(server: Process, frames: list[bytes]):
    """The websocket is closed with 1002, and the client polls on, as Node's server has it."""
    async with connected(server) as session:
        async with probing(session) as peer:
            peer.wire.write(b"".join(frames))
            await peer.ended()
            assert peer.code == 1002
        assert await still_polls(session)


@ours(**_IMPATIENT)
@pytest.mark.parametrize("sent", [[], ["2probe"]], ids=["silence", "probe-alone"])
async def test_an_upgrade_must_be_finished_in_time(server: Process, sent: list[str]):
    """The websocket is closed, the client polls on, and may try once more."""
    async with connected(server) as session:
        async with probing(session) as peer:
            peer.send(*sent)
            await peer.ended()
            assert peer.code == 1002
        assert await still_polls(session)
        async with upgraded(session) as peer:
            peer.send(ECHO)
            assert await peer.receive() == ECHO


@ours()
async def test_a_websocket_that_is_lost_in_an_upgrade_is_forgotten(server: Process):
    """The client polls on, and may try once more."""
    async with connected(server) as session:
        async with probing(session) as peer:
            peer.send("2probe")
            assert await peer.receive() == "3probe"
        await server.until(lambda stats: not stats["upgrades"])
        assert await still_polls(session)
        async with upgraded(session) as peer:
            peer.send(ECHO)
            assert await peer.receive() == ECHO


@ours()
async def test_a_session_that_ends_takes_its_upgrade_with_it(server: Process):
    """The websocket of an upgrade is worth nothing without the session."""
    async with connected(server) as session, probing(session) as peer:
        await session.post("1")
        peer.send("2probe")
        assert await peer.ended() == []


@ours()
async def test_a_websocket_of_an_unknown_session_is_refused(server: Process):
    """It is answered 400, not 101."""
    async with dialled(server, f"{WEBSOCKET}&sid=unknown") as peer:
        assert peer.answer.status == 400
        assert b'"code":1,' in peer.answer.body


@ours()
async def test_a_session_that_began_as_a_websocket_cannot_be_polled(server: Process):
    """Its id is known, and yet refused: it is not one of polling."""
    async with dialled(server) as peer:
        opening = await peer.receive()
        assert isinstance(opening, str)
        session = Polling(server, opening.split('"')[3])
        assert (await session.get()).status == 400
        assert (await session.post(ECHO)).status == 400
        async with dialled(server, session.websocket) as second:
            assert await second.ended() == []
        peer.send("40")
        assert str(await peer.receive()).startswith("40{")
