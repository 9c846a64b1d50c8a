"""Many events at once (row 7)."""

from __future__ import annotations

import asyncio

from tests.engine.hazards.clients import Peer, connected, frame, joined
from tests.engine.hazards.kinds import both, ours
from tests.engine.hazards.process import Process

EVENTS = 20_000
TASKS = 60
"""That there may be; some belong to requests for statistics."""


PAUSE = 0.3
"""Seconds without progress after which there is taken to be none."""

ECHO = '42["echo"]'
OPEN = '42["open"]'


def flood(padding: int = 0) -> bytes:
    """Return the frames of a flood."""
    return b"".join(frame(f'42["count",{number},"{"x" * padding}"]') for number in range(EVENTS))


async def stalled(peer: Peer, other: Peer) -> bool:
    """Return whether the server reads no more from a client while another is served; False once it has read all."""
    transport = peer.wire.transport
    while (before := transport.get_write_buffer_size()) > 0:
        await asyncio.sleep(PAUSE)
        for _ in range(50):
            other.send(ECHO)
            assert await other.receive() == ECHO
        if transport.get_write_buffer_size() == before:
            return True
    return False


async def settled(server: Process) -> None:
    """Return when the server has begun to handle as many events as it will for now."""
    begun, now = -1, 0
    while now != begun:
        begun = now
        await asyncio.sleep(PAUSE)
        now = (await server.stats())["told"].get("count", 0)


@both(7, "makes a task for every event")
async def test_handlers_of_a_client_run_one_after_the_other(server: Process):
    """A flood is handled in its order, one event at a time, by a number of tasks that does not depend on it."""
    async with joined(server) as peer, joined(server) as other:
        peer.wire.write(flood())
        await settled(server)
        other.send(OPEN)
        stats = await server.until(lambda stats: stats["counted"] == EVENTS, 20)
        assert stats["in_order"]
        assert stats["together"] == 1
        assert stats["peak"] < TASKS


@both(7, "reads on, whatever waits")
async def test_a_flood_slows_down_its_sender_alone(server: Process):
    """While a handler waits, its client is not read from, others are served, and nothing is lost afterwards."""
    before = server.memory
    async with joined(server) as peer, joined(server) as other:
        peer.wire.write(flood(1_000))
        assert await stalled(peer, other)
        assert server.memory - before < 8_000_000
        other.send(OPEN)
        stats = await server.until(lambda stats: stats["counted"] == EVENTS, 20)
        assert stats["in_order"]


@ours()
async def test_events_that_compute_leave_the_loop_to_others_in_between(server: Process):
    """Of a client whose events never wait for anything no more are handled at a time than fit into a short turn."""
    async with joined(server) as peer, joined(server) as other:
        before = (await server.stats())["told"].get("compute", 0)
        peer.send(ECHO, *['42["compute",0.01]'] * 60)
        assert await peer.receive() == ECHO
        other.send(ECHO)
        assert await other.receive() == ECHO
        assert (await server.stats())["told"]["compute"] - before < 60
        await server.until(lambda stats: stats["told"]["compute"] - before == 60, 20)  # of a core that others use too


@both(7, "takes all events of a request at once", max_pending=2)
async def test_a_polling_client_waits_for_its_handlers(server: Process):
    """A POST is answered when few enough of its events wait for their handlers."""
    async with connected(server) as session, joined(server) as other:
        posting = asyncio.create_task(session.post("\x1e".join(f'42["count",{number}]' for number in range(16))))
        await settled(server)
        other.send(ECHO)
        assert await other.receive() == ECHO
        assert not posting.done()
        other.send(OPEN)
        assert (await posting).status == 200
        stats = await server.until(lambda stats: stats["counted"] == 16)
        assert stats["in_order"]
        assert stats["together"] == 1


@ours(shared=False, max_payload=1_000_000)
async def test_a_request_full_of_events_keeps_no_more_of_them_than_may_wait(server: Process):
    """The events of a large request are parsed as they are handled, not all before the first."""
    async with connected(server) as session, joined(server) as other:
        before = server.memory
        posting = asyncio.create_task(session.post("\x1e".join(['42["wait",[[],[],[],[]]]'] * 35_000)))
        await server.until(lambda stats: stats["told"].get("wait"))
        assert server.memory - before < 12_000_000
        await session.post("1")  # at the same time as the first, which is no way to talk to a server
        assert (await posting).status == 400
        other.send(OPEN)
        await server.until(lambda stats: stats["connections"] == 1)
