"""`app.cluster.redis_sweeper`: what servers leave that die, close or freeze beside others that share a Redis."""

import asyncio
import time

import pytest

from e2e.harness.engine import Engine
from tests.cluster.rosters import FRIENDS, announced, present_becomes
from tests.cluster.servers import SERVER_TIMEOUT, Servers
from tests.waiting import DEADLINE, until


async def test_what_a_dead_server_left_is_removed_and_told_of_once(servers: Servers):
    """By one of those that live; a user who is also connected elsewhere stays."""
    one, two = [await servers.start_hasty() for _ in range(2)]
    dead = await servers.start_hasty()
    for user in ("ann", "bob"):
        await dead.cluster.arrive(FRIENDS, user, f"{user} on dead")
    await one.cluster.arrive(FRIENDS, "bob", "bob on one")
    await dead.lose()
    await present_becomes(one, "bob")
    await asyncio.sleep(SERVER_TIMEOUT / 2)  # whoever else were to announce it would by now
    assert announced(one, two) == ([], ["ann"])


async def test_what_a_dead_server_had_still_to_publish_is_made_up_for(servers: Servers):
    """Nobody knows what it was: every room of every server that lives may lack something.

    More than once, as it may go on for a while without Redis.
    """
    one, two = [await servers.start_hasty() for _ in range(2)]
    dead = await servers.start_hasty()
    await dead.lose()
    await until(lambda: min(len(one.heard.resyncs), len(two.heard.resyncs)) >= 2)
    assert all(rooms is None for rooms in one.heard.resyncs + two.heard.resyncs)


async def test_a_death_is_told_of_by_one_at_a_time(servers: Servers, monkeypatch: pytest.MonkeyPatch):
    """However many share the sweeping: each telling has every server read what all of its users may lack."""
    monkeypatch.setattr("app.cluster.redis_sweeper.CHUNK", b"1")
    dead, *living = [await servers.start_hasty() for _ in range(4)]
    for number in range(30):
        await dead.cluster.arrive(FRIENDS, f"user {number}", "s1")
    await dead.lose()
    await until(lambda: living[0].heard.resyncs)
    first = time.monotonic()
    await until(lambda: len(living[0].heard.resyncs) >= 3)
    assert time.monotonic() - first > 2 * SERVER_TIMEOUT


async def test_a_death_is_told_of_though_the_one_who_told_of_it_has_ended(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
):
    """Redis knows for how long; after that nothing of it is left."""
    monkeypatch.setattr("app.cluster.redis_sweeper.AFTERCARE", 2 * SERVER_TIMEOUT)
    dead, one = [await servers.start_hasty() for _ in range(2)]
    await dead.lose()
    await until(lambda: one.heard.resyncs)
    two = await servers.start_hasty()
    await one.cluster.close()
    await until(lambda: two.heard.resyncs)
    async with asyncio.timeout(DEADLINE):
        while await two.cluster._link.call("EXISTS", f"{servers.prefix}:deaths"):  # noqa: ASYNC110  (as below)
            await asyncio.sleep(0.01)


async def test_a_dead_server_with_many_sockets_is_removed_whole(servers: Servers, monkeypatch: pytest.MonkeyPatch):
    """In as many steps as it takes, each user named once."""
    monkeypatch.setattr("app.cluster.redis_sweeper.CHUNK", b"10")
    one, dead = [await servers.start_hasty() for _ in range(2)]
    users = [f"user {number}" for number in range(105)]
    await asyncio.gather(*(dead.cluster.arrive(FRIENDS, user, f"{user}.{n}") for user in users for n in range(2)))
    await dead.lose()
    await until(lambda: len(one.heard.departures) >= len(users))
    assert announced(one) == ([], sorted(users))
    assert await one.cluster.count(FRIENDS) == 0


async def test_clients_of_a_server_that_closed_come_back_unannounced(servers: Servers):
    """Within the grace they are present all the time; those who do not come back are departed after it."""
    one, closing = [await servers.start_hasty(grace=0.8) for _ in range(2)]
    for user in ("ann", "bob"):
        await closing.cluster.arrive(FRIENDS, user, f"{user} before")
    await closing.cluster.close()
    assert await one.cluster.arrive(FRIENDS, "ann", "ann again") is False
    assert await one.cluster.present(FRIENDS, ["ann", "bob"]) == {"ann", "bob"}
    await present_becomes(one, "ann")
    assert announced(one) == ([], ["bob"])
    assert one.heard.resyncs == []  # it had nothing more to publish


@pytest.mark.parametrize("sockets", [0, 1])
async def test_a_server_that_closed_owing_publications_is_made_up_for(servers: Servers, sockets: int):
    """As one that died, whether or not it has sockets; its clients have the grace to come back all the same."""
    one, closing = [await servers.start_hasty(grace=0.8) for _ in range(2)]
    for number in range(sockets):
        await closing.cluster.arrive(FRIENDS, f"user {number}", "s1")
    await closing.cluster.close(owing=True)
    assert await one.cluster.count(FRIENDS) == sockets
    await until(lambda: len(one.heard.resyncs) >= 2)
    assert set(one.heard.resyncs) == {None}
    assert await one.cluster.count(FRIENDS) == 0


async def test_a_server_that_closed_without_sockets_leaves_nothing(servers: Servers):
    """There is nothing to be swept after it."""
    one, closing = [await servers.start() for _ in range(2)]
    await closing.cluster.arrive(FRIENDS, "ann", "s1")
    await closing.cluster.leave(FRIENDS, "ann", "s1")
    await closing.cluster.close()
    assert await one.cluster._link.call("ZCARD", f"{servers.prefix}:servers") == 1


async def test_a_server_that_was_frozen_is_swept_and_comes_back(servers: Servers):
    """Its users are departed, and arrived when it goes on: through no fault of its link, which stands all the time."""
    one = await servers.start_hasty()
    frozen = await servers.start_hasty(timeout=30)
    for user in ("ann", "bob"):
        await frozen.cluster.arrive(FRIENDS, user, f"{user} on frozen")
    await one.cluster.arrive(FRIENDS, "bob", "bob on one")
    frozen.proxy.blackhole()
    await present_becomes(one, "bob")
    assert announced(one, frozen) == ([], ["ann"])
    frozen.proxy.heal()
    await present_becomes(one, "ann", "bob")
    await until(lambda: frozen.heard.arrivals)
    await one.cluster.leave(FRIENDS, "bob", "bob on one")
    await present_becomes(one, "ann", "bob")
    assert announced(one, frozen) == (["ann"], ["ann"])


async def test_a_pause_of_redis_is_nobodys_death(own_servers: Servers, own_redis: Engine):
    """However long: servers whose links were down are waited for."""
    one, two = [await own_servers.start_hasty() for _ in range(2)]
    await one.cluster.arrive(FRIENDS, "ann", "s1")
    await two.cluster.arrive(FRIENDS, "bob", "s2")
    await own_redis.pause()
    await asyncio.sleep(5)  # the pause is what is tested
    await own_redis.resume()
    await until(lambda: one.whole and two.whole)
    await asyncio.sleep(2 * SERVER_TIMEOUT)  # who would be swept is swept by now
    await present_becomes(one, "ann", "bob")
    assert announced(one, two) == ([], [])


async def test_a_departure_is_told_of_though_the_one_who_swept_could_not(servers: Servers):
    """Another does it, when it has waited as long as for a server."""
    one = await servers.start_hasty()
    await one.cluster._link.call("ZADD", f"{servers.prefix}:departed", "1", f"{FRIENDS}\nann")
    await one.cluster._link.call("ZADD", f"{servers.prefix}:departed", "1", f"{FRIENDS}\nbob")
    await one.cluster.arrive(FRIENDS, "bob", "s1")
    await until(lambda: one.heard.departures)
    assert announced(one) == ([], ["ann"])
    async with asyncio.timeout(DEADLINE):
        while await one.cluster._link.call("ZCARD", f"{servers.prefix}:departed"):  # noqa: ASYNC110  (the set is Redis')
            await asyncio.sleep(0.01)
