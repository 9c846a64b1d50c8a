"""What is done to the servers and engines of a run."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from load.acts import Acts
from tests.load.conftest import StartFleet, plan_of
from tests.waiting import until


@pytest.mark.parametrize("action", ["restart", "kill"])
async def test_every_server_is_ended_and_started_again(start_fleet: StartFleet, action: str):
    """One after the other: never are both away. Each is where it was, and none is a casualty."""
    fleet = await start_fleet(plan_of(spread="across"), servers=2)
    before, rest = [server.pid for server in fleet.servers], list(fleet.rest)
    acts = Acts(fleet)
    acts.begin(action, 0.5)
    done = asyncio.create_task(acts.finish())
    away = set[tuple[int, ...]]()
    while not done.done():
        away.add(tuple(number for number, server in enumerate(fleet.servers) if not server.running))
        await asyncio.sleep(0.001)
    assert (0, 1) not in away
    assert not set(before) & {server.pid for server in fleet.servers}
    assert fleet.casualties() == acts.failures == []
    async with aiohttp.ClientSession() as http:
        for url in rest:
            async with http.get(f"{url}/readyz") as answer:
                assert answer.status == 200


async def test_an_engine_stands_still_for_half_of_a_phase(start_fleet: StartFleet):
    """Nothing answers there meanwhile, and all of it afterwards."""
    plan = plan_of("friends", {"name": "pause", "seconds": 1, "action": "pause-redis"})
    fleet = await start_fleet(plan)
    assert fleet.redis is not None
    redis: Any = Redis.from_url(fleet.redis.url, socket_timeout=0.2)
    acts, loop = Acts(fleet), asyncio.get_running_loop()
    began = loop.time()
    acts.begin("pause-redis", 2.0)

    async def stands_still() -> bool:
        try:
            return not await redis.ping()
        except RedisError:
            return True

    while not await stands_still():
        assert loop.time() < began + 1.0
    await acts.finish()
    assert 1.0 <= loop.time() - began < 1.9
    assert await redis.ping()
    await redis.aclose()


async def test_what_is_broken_off_leaves_nothing_frozen(start_fleet: StartFleet):
    """As at a Ctrl-C."""
    plan = plan_of("friends", {"name": "pause", "seconds": 1, "action": "pause-mongo"})
    fleet = await start_fleet(plan)
    acts = Acts(fleet)
    acts.begin("pause-mongo", 1000)
    await asyncio.sleep(0)
    await asyncio.wait_for(acts.cancel(), 5)
    async with aiohttp.ClientSession() as http, http.get(f"{fleet.rest[0]}/readyz") as answer:
        assert answer.status == 200


async def test_a_server_that_does_not_end_well_is_told_and_the_next_has_its_turn(
    start_fleet: StartFleet, monkeypatch: pytest.MonkeyPatch
):
    """It is back too."""
    fleet = await start_fleet(plan_of(spread="across"), servers=2)

    async def badly() -> None:
        await fleet.servers[0].kill()
        raise AssertionError("SIGTERM ended the server with exit code 3")

    first = fleet.servers[0]
    monkeypatch.setattr(type(first), "stop", lambda it: badly() if it is first else type(it).kill(it))
    before = fleet.servers[1].pid
    acts = Acts(fleet)
    acts.begin("restart", 0)
    await acts.finish()
    assert acts.failures == ["server 1: SIGTERM ended the server with exit code 3"]
    assert all(server.running for server in fleet.servers)
    assert fleet.servers[1].pid != before
    monkeypatch.undo()


async def test_what_clients_do_is_not_done_here(start_fleet: StartFleet):
    """No action either."""
    fleet = await start_fleet(plan_of())
    before = fleet.servers[0].pid
    acts = Acts(fleet)
    for action in ("", "drop", "churn"):
        acts.begin(action, 1)
    await acts.finish()
    await until(lambda: fleet.servers[0].pid == before)
