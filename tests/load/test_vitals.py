"""Looks at the processes of a run, and what its engines say that they did."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Any

import aiohttp
from aiohttp import web
from redis.asyncio import Redis

from load.fleet import Member
from load.operations import Operations
from load.own_fleet import OwnFleet
from load.result import Series
from load.vitals import Vitals, figures, metrics
from tests.load.conftest import StartFleet, plan_of


async def looked(fleet: OwnFleet, times: int = 1) -> Vitals:
    vitals = Vitals(fleet.members)
    async with aiohttp.ClientSession() as http:
        for _ in range(times):
            await vitals.look(http)
    return vitals


def named(series: list[Series]) -> dict[str, Series]:
    return {it.name: it for it in series}


async def test_a_server_tells_of_its_connections_and_tasks(start_fleet: StartFleet):
    """And Linux of its processor time and memory; what waits for slow clients is nothing here."""
    fleet = await start_fleet(plan_of("notifications"))
    url = f"{fleet.targets[0].url}/socket.io/?EIO=4&transport=websocket"
    async with aiohttp.ClientSession() as http, http.ws_connect(url) as socket:
        await socket.receive_str()
        await socket.send_str('40{"userID": "somebody", "username": "Somebody"}')
        await socket.receive_str()
        vitals = await looked(fleet)
    (sample,) = named(vitals.series(0))["server 1"].samples
    assert sample.connections == 1
    assert sample.tasks > 0
    assert sample.queued == 0
    assert sample.rss > 20_000_000
    assert 0.1 < sample.cpu < 30


async def test_a_server_that_was_started_anew_is_another_process_of_the_same_name(start_fleet: StartFleet):
    """Its processor time begins anew, and there is no look at it while it is away."""
    fleet = await start_fleet(plan_of())
    vitals = Vitals(fleet.members)
    async with aiohttp.ClientSession() as http:
        await vitals.look(http)
        await fleet.servers[0].kill()
        await vitals.look(http)
        assert len(vitals.series(0)[0].samples) == 1
        await fleet.servers[0].start()
        await vitals.look(http)
    (series,) = vitals.series(0)
    assert len(series.samples) == 2


async def test_a_server_that_is_too_busy_to_tell_has_what_it_had(start_fleet: StartFleet):
    """Its memory is that of now."""
    fleet = await start_fleet(plan_of())
    vitals = Vitals(fleet.members)
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=0.2)) as http:
        await vitals.look(http)
        await fleet.servers[0].pause()
        await vitals.look(http)
        await fleet.servers[0].resume()
    before, after = vitals.series(0)[0].samples
    assert before.tasks == after.tasks > 0


async def test_a_server_elsewhere_tells_all_of_it(start_fleet: StartFleet):
    """No process of this machine is known, and one that tells nothing is not there."""
    fleet = await start_fleet(plan_of())
    elsewhere = [
        Member("server 1", "server", metrics=fleet.rest[0]),
        Member("server 2", "server", metrics="http://127.0.0.1:9"),
    ]
    vitals = Vitals(lambda: elsewhere)
    async with aiohttp.ClientSession() as http:
        await vitals.look(http)
    (series,) = vitals.series(0)
    assert series.name == "server 1"
    assert series.samples[0].cpu > 0
    assert series.samples[0].rss > 20_000_000


async def test_looks_are_told_from_the_beginning_of_the_run(start_fleet: StartFleet):
    """In its seconds; those before it are not of it."""
    fleet = await start_fleet(plan_of())
    vitals = await looked(fleet)
    began = time.time()
    async with aiohttp.ClientSession() as http:
        await vitals.look(http)
    assert [len(it.samples) for it in vitals.series(0)] == [2]
    (series,) = vitals.series(began)
    assert len(series.samples) == 1
    assert 0 <= series.samples[0].at < 5


def test_a_figure_is_the_sum_over_its_labels():
    """Comments are passed over, and so is what is no figure."""
    text = '# HELP a b\na{x="1 2"} 1.0\na{x="2"} 2\nb 3e6\nc\nd nan-ish\n'
    assert figures(text) == {"a": 3.0, "b": 3_000_000.0}


async def test_what_a_server_tells_is_read_to_its_end():
    """In however many pieces it comes; but nothing of what has no end."""
    whole = asyncio.Event()

    async def told(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        await answer.write(b"a 1\n")
        if request.path.startswith("/endless"):
            with contextlib.suppress(ConnectionError):
                while True:
                    await answer.write(b"x" * 2**16)
        await whole.wait()
        await answer.write(b"b 2\n")
        return answer

    app = web.Application()
    app.router.add_get("/{server}/metrics", told)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        async with aiohttp.ClientSession() as http:
            asking = asyncio.create_task(metrics(http, f"{url}/slow"))
            assert await metrics(http, f"{url}/endless") == {}
            assert not asking.done(), "a part is not all"
            whole.set()
            assert await asking == {"a": 1.0, "b": 2.0}
    finally:
        await runner.cleanup()


async def test_operations_are_those_of_measured_phases(start_fleet: StartFleet):
    """Redis tells of each command; what was done before and after is not counted, and neither is asking for it."""
    fleet = await start_fleet(plan_of(), clustered=True)
    assert fleet.redis is not None
    redis: Any = Redis.from_url(fleet.redis.url)
    operations = Operations(fleet)
    await redis.lpush("a list", "before")
    await operations.phase(measured=False)
    assert operations.counted == {}
    await operations.phase(measured=True)
    for _ in range(3):
        await redis.lpush("a list", "meanwhile")
    await operations.phase(measured=False)
    counted = dict(operations.counted)
    await redis.lpush("a list", "after")
    await operations.phase(measured=False)
    await redis.aclose()
    assert counted["redis lpush"] == 3
    assert "redis info" not in counted
    assert operations.counted == counted


async def test_operations_of_mongodb_are_counted_by_whoever_counts_them(start_fleet: StartFleet):
    """By itself, or, as FerretDB does not, by servers: to say that it is ready one makes a request."""
    fleet = await start_fleet(plan_of(), clustered=True)
    operations = Operations(fleet)
    await operations.phase(measured=True)
    async with aiohttp.ClientSession() as http:
        for _ in range(5):
            async with http.get(f"{fleet.rest[0]}/readyz") as answer:
                assert answer.status == 200
    await operations.phase(measured=False)
    assert sum(count for name, count in operations.counted.items() if name.startswith("mongo")) >= 5


async def test_an_engine_that_stands_still_tells_nothing(start_fleet: StartFleet):
    """It takes no longer than a moment, and the other one is asked still."""
    fleet = await start_fleet(plan_of(), clustered=True)
    assert fleet.redis is not None
    operations = Operations(fleet)
    await operations.phase(measured=True)
    await fleet.redis.pause()
    began = time.monotonic()
    await operations.phase(measured=False)
    assert time.monotonic() - began < 10
    assert not [name for name in operations.counted if name.startswith("redis")]
    await fleet.redis.resume()
    await operations.phase(measured=True)
    await operations.phase(measured=False)
    assert not [name for name in operations.counted if name.startswith("redis")], "a part is not all"
