"""Rosters of several servers that share a Redis, through interruptions: of a link, of a call, of what Redis knows."""

import asyncio

import pytest

from app.domain.errors import Unavailable
from e2e.harness.engine import Engine
from tests.cluster.rosters import FRIENDS, announced, present_becomes
from tests.cluster.servers import Servers
from tests.waiting import until


async def test_what_is_asked_during_an_interruption_is_refused_at_once(servers: Servers):
    """And what is said is kept."""
    one = await servers.start_hasty()
    await one.lose()
    async with asyncio.timeout(0.2):
        assert await one.cluster.arrive(FRIENDS, "ann", "s1") is False
        await one.cluster.update(FRIENDS, "ann", "s1", "data")
        await one.cluster.linger(FRIENDS, "ann", "s1")
        assert await one.cluster.leave(FRIENDS, "ann", "s1") is False
        calls = [
            one.cluster.ping(),
            one.cluster.present(FRIENDS, ["ann"]),
            one.cluster.connected(FRIENDS, ["ann"]),
            one.cluster.sockets(FRIENDS, ["ann"], 10),
            one.cluster.count(FRIENDS),
            one.cluster.page(FRIENDS, 0, 1),
            one.cluster.remember("name", "value", 1),
            one.cluster.recall("name"),
            one.cluster.tally("name", 1),
        ]
        answers = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(answer) for answer in answers] == [Unavailable] * len(calls)


async def test_who_came_and_went_during_an_interruption_is_told_of_after_it(servers: Servers):
    """Each once; who was there all along, came back, or came and went again is not told of."""
    one, two = await servers.start_hasty(server_timeout=60), await servers.start()
    for user in ("stays", "leaves", "returns", "elsewhere"):
        await one.cluster.arrive(FRIENDS, user, f"{user} 1")
    await two.cluster.arrive(FRIENDS, "elsewhere", "e2")
    await two.cluster.arrive(FRIENDS, "known", "k2")
    await one.lose()
    assert not await one.cluster.arrive(FRIENDS, "comes", "comes 1")
    assert not await one.cluster.arrive(FRIENDS, "comes", "comes 2")
    assert not await one.cluster.arrive(FRIENDS, "known", "k1")
    assert not await one.cluster.arrive(FRIENDS, "visits", "visits 1")
    for user in ("leaves", "returns", "elsewhere", "visits"):
        assert not await one.cluster.leave(FRIENDS, user, f"{user} 1")
    assert not await one.cluster.arrive(FRIENDS, "returns", "returns 2")
    one.proxy.heal()
    await until(lambda: one.whole)
    assert announced(one, two) == (["comes"], ["leaves"])
    everybody = ["stays", "leaves", "returns", "elsewhere", "comes", "known", "visits"]
    assert await two.cluster.present(FRIENDS, everybody) == {"stays", "returns", "elsewhere", "comes", "known"}
    assert await one.cluster.leave(FRIENDS, "comes", "comes 1") is False
    assert await one.cluster.leave(FRIENDS, "comes", "comes 2") is True
    assert await one.cluster.leave(FRIENDS, "returns", "returns 2") is True


@pytest.mark.parametrize("executed", [True, False])
async def test_a_call_whose_answer_was_lost_is_made_up_for(servers: Servers, executed: bool):
    """Whether or not Redis had carried it out."""
    one, two = await servers.start_hasty(server_timeout=60), await servers.start()
    await one.cluster.arrive(FRIENDS, "ann", "a1")
    await one.cluster.arrive(FRIENDS, "bob", "b1")
    await two.cluster.arrive(FRIENDS, "bob", "b2")
    if executed:
        one.cluster._link.take = lambda replies: None  # deaf: what Redis answers is not heard
        assert one.cluster._link._wire
        one.cluster._link._wire.serve(one.cluster._link.take, one.cluster._link.owed, one.cluster._link.ping)
    else:
        one.proxy.blackhole()
    calls = asyncio.gather(
        one.cluster.arrive(FRIENDS, "eve", "e1"),
        one.cluster.arrive(FRIENDS, "bob", "b3"),
        one.cluster.leave(FRIENDS, "ann", "a1"),
        one.cluster.leave(FRIENDS, "bob", "b1"),
        one.cluster.arrive(FRIENDS, "brief", "x1"),
        one.cluster.leave(FRIENDS, "brief", "x1"),
    )
    if executed:
        await present_becomes(two, "bob", "eve")
        del one.cluster._link.take
    await until(lambda: not one.whole)
    assert await calls == [False] * 6
    one.proxy.heal()
    await until(lambda: one.whole)
    arrivals, departures = announced(one, two)
    assert arrivals == ["eve"]
    assert [user for user in departures if user != "brief"] == ["ann"]
    await present_becomes(two, "bob", "eve")


async def test_a_caller_that_gives_up_changes_nothing_in_what_is_known(servers: Servers):
    """The answer is heard all the same."""
    one = await servers.start()
    calls = [asyncio.create_task(one.cluster.arrive(FRIENDS, "ann", "s1"))]
    await asyncio.sleep(0)
    calls[0].cancel()
    await asyncio.gather(*calls, return_exceptions=True)
    assert await one.cluster.arrive(FRIENDS, "ann", "s2") is False
    assert await one.cluster.leave(FRIENDS, "ann", "s1") is False
    assert await one.cluster.leave(FRIENDS, "ann", "s2") is True


async def test_calls_during_the_reconciliation_are_neither_lost_nor_told_of_twice(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
):
    """However many steps it takes: at its end Redis has what is true, and each change was told of."""
    monkeypatch.setattr("app.cluster.redis_roster.CHUNK", 5)
    one, two = await servers.start_hasty(server_timeout=60), await servers.start()
    old = [f"old {number}" for number in range(60)]
    new = [f"new {number}" for number in range(60)]
    for user in old:
        assert await one.cluster.arrive(FRIENDS, user, f"{user} s")
    await one.lose()
    for user in old[:30]:
        await one.cluster.leave(FRIENDS, user, f"{user} s")
    for user in new[:30]:
        await one.cluster.arrive(FRIENDS, user, f"{user} s")
    one.proxy.heal()
    while not one.cluster._link.up_now:  # noqa: ASYNC110  (not a pass of the loop later)
        await asyncio.sleep(0)
    came: list[str] = []
    went: list[str] = []
    while not one.cluster._roster._settled:
        if len(came) < 30:
            user = new[30 + len(came)]
            came.append(user)
            assert await one.cluster.arrive(FRIENDS, user, f"{user} s") is False
            user = old[30 + len(went)]
            went.append(user)
            assert await one.cluster.leave(FRIENDS, user, f"{user} s") is False
        await asyncio.sleep(0)
    assert came
    everybody = old[30 + len(went) :] + new[:30] + came
    assert await two.cluster.present(FRIENDS, old + new) == set(everybody)
    assert announced(one, two) == (sorted(new[:30] + came), sorted(old[:30] + went))


async def test_who_was_there_all_along_is_not_told_of_when_redis_lost_everything(
    own_servers: Servers, own_redis: Engine
):
    """The rosters are whole again; only who came and went meanwhile is told of."""
    one, two = [await own_servers.start_hasty() for _ in range(2)]
    for user in ("ann", "bob", "gone", "moved"):
        await one.cluster.arrive(FRIENDS, user, f"{user} on one", f"data of {user}")
    await two.cluster.arrive(FRIENDS, "bob", "bob on two", "also bob")
    await two.cluster.arrive(FRIENDS, "moved", "moved on two")
    await own_redis.kill()
    await until(lambda: one.down and two.down)
    for user in ("gone", "moved"):
        assert await one.cluster.leave(FRIENDS, user, f"{user} on one") is False
    assert await one.cluster.arrive(FRIENDS, "eve", "eve on one") is False
    await one.cluster.update(FRIENDS, "ann", "ann on one", "other data of ann")
    await own_redis.restart(empty=True)
    await until(lambda: one.whole and two.whole and one.heard.departures)
    assert announced(one, two) == (["eve"], ["gone"])
    assert await two.cluster.count(FRIENDS) == 4
    found = await two.cluster.sockets(FRIENDS, ["ann", "bob"], 10)
    assert {user: sorted(data) for user, (_, data) in found.items()} == {
        "ann": ["other data of ann"],
        "bob": ["also bob", "data of bob"],
    }


async def test_a_redis_that_forgot_everything_is_told_anew(own_servers: Servers, own_redis: Engine):
    """Also where no link was lost: whoever speaks to it next learns it."""
    one, two = [await own_servers.start_hasty() for _ in range(2)]
    await one.cluster.arrive(FRIENDS, "ann", "s1")
    await one.cluster._link.call("FLUSHALL")
    await two.cluster.arrive(FRIENDS, "bob", "s2")
    await present_becomes(two, "ann", "bob")
    await until(lambda: one.whole and two.whole)
    assert announced(one, two) == (["bob"], [])


async def test_the_scripts_are_loaded_again(own_servers: Servers, own_redis: Engine):
    """A Redis whose scripts were flushed is told them."""
    one = await own_servers.start_hasty()
    await one.cluster._link.call("SCRIPT", "FLUSH")
    assert await one.cluster.arrive(FRIENDS, "ann", "s1") is False
    await present_becomes(one, "ann")
    assert announced(one) == (["ann"], [])
