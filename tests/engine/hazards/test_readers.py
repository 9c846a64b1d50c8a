"""Clients that do not read what they are sent (row 6)."""

from __future__ import annotations

import asyncio

from tests.engine.hazards.clients import Peer, connected, joined
from tests.engine.hazards.kinds import both, ours
from tests.engine.hazards.process import Process

TOTAL = 60_000_000
KEPT = 20_000_000
_SIZE = 50_000
FLOOD = f'42["flood",{TOTAL // _SIZE},{_SIZE}]'


async def keep_answering(peer: Peer) -> None:
    """Send PONGs, whether or not there was a PING."""
    while True:
        peer.send("3")
        await asyncio.sleep(0.1)


@both(6, "queues without bound", ping_interval=0.3, ping_timeout=0.3)
async def test_a_client_that_answers_pings_but_never_reads_is_aborted(server: Process):
    """What waits for a slow consumer is bounded in bytes; beyond that its connection is dropped."""
    before = server.memory
    async with joined(server) as peer:
        peer.wire.transport.pause_reading()
        answering = asyncio.create_task(keep_answering(peer))
        try:
            peer.send(FLOOD)
            await server.until(lambda stats: stats["flooded"], 20)
            assert server.memory - before < KEPT
            await server.until(lambda stats: not stats["connections"])
            assert "slow consumer" in "\n".join(await server.logged())
        finally:
            answering.cancel()


@both(6, "queues without bound")
async def test_a_polling_client_that_never_polls_is_dropped(server: Process):
    """What waits for a poll is bounded too."""
    before = server.memory
    async with connected(server) as session:
        await session.post(FLOOD)
        await server.until(lambda stats: stats["flooded"], 20)
        assert server.memory - before < KEPT
        assert await session.gone()
        assert "slow consumer" in "\n".join(await server.logged())


@ours(shared=False)
async def test_what_waits_for_a_poll_is_bounded_in_packets(server: Process):
    """Packets cost more than their bytes: many small ones end the session as well."""
    async with connected(server) as session:
        await session.post('42["flood",2000,1]')
        await server.until(lambda stats: stats["flooded"])
        assert await session.gone()
        assert (await server.stats())["endings"] == {"slow": 1}
