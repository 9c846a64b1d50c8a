"""What many clients in many rooms cost (rows 11 and 12)."""

from __future__ import annotations

from contextlib import AsyncExitStack

from tests.engine.hazards.clients import joined
from tests.engine.hazards.kinds import both
from tests.engine.hazards.process import Process

FEW = 50
ROOMS = 200


async def cost(server: Process, clients: int, rooms: int) -> float:
    """Have clients join rooms of their own, then vanish together. Return the CPU seconds of their vanishing."""
    async with AsyncExitStack() as stack:
        peers = [await stack.enter_async_context(joined(server)) for _ in range(clients)]
        for number, peer in enumerate(peers):
            peer.send(f'421["join","{number}-",{rooms}]')
        for peer in peers:
            assert await peer.receive() == "431[]"
        before = (await server.stats())["cpu"]
        for peer in peers:
            peer.wire.transport.abort()
        stats = await server.until(lambda stats: not (stats["connections"] or stats["rooms"]), 20)
        return stats["cpu"] - before


@both(11, "looks through all rooms for every client that goes")
async def test_the_cost_of_a_disconnect_does_not_grow_with_the_rooms_of_others(server: Process):
    """Four times as many clients, each in as many rooms, cost about four times as much when they go."""
    few = await cost(server, FEW, ROOMS)
    many = await cost(server, 4 * FEW, ROOMS)
    assert many < 8 * max(few, 0.01), f"{FEW} took {few:.3f} s, {4 * FEW} took {many:.3f} s"


@both(12, "makes a task for every recipient")
async def test_an_event_to_a_room_makes_no_task_per_recipient(server: Process):
    """Two hundred recipients get it, and no task is made for any."""
    async with AsyncExitStack() as stack:
        peers = [await stack.enter_async_context(joined(server)) for _ in range(200)]
        for peer in peers:
            peer.send('421["join","room",1]')
            assert await peer.receive() == "431[]"
        before = (await server.stats())["made"]
        peers[0].send('42["announce","room0"]')
        for peer in peers:
            assert await peer.receive() == '42["news"]'
        assert (await server.stats())["made"] - before < 20
