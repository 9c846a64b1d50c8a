"""Rosters of several servers that share a Redis: dead servers, frozen ones, and interruptions."""

import asyncio
import contextlib
import time

import pytest

from app.domain.errors import Unavailable
from e2e.harness.engine import Engine
from tests.cluster.servers import SERVER_TIMEOUT, Server, Servers
from tests.waiting import DEADLINE, until

FRIENDS = "friends"


async def present_becomes(server: Server, *users: str, among: tuple[str, ...] = ("ann", "bob", "eve")) -> None:
    """Return once exactly these are present, as a server sees it."""
    async with asyncio.timeout(DEADLINE):
        while True:
            with contextlib.suppress(Unavailable):
                if await server.cluster.present(FRIENDS, among) == set(users):
                    return
            await asyncio.sleep(0.01)


def announced(*servers: Server) -> tuple[list[str], list[str]]:
    """Return the users of whom any of the servers heard that they had arrived, and departed."""
    arrivals = [user for server in servers for _, user in server.heard.arrivals]
    departures = [user for server in servers for _, user in server.heard.departures]
    return sorted(arrivals), sorted(departures)


async def left_behind(servers: Servers) -> list[str]:
    """Return the names of all that Redis holds of the cluster."""
    for server in servers.all:
        if server.whole:
            keys = await server.cluster._link.call("KEYS", f"{servers.prefix}:*")
            return sorted(key.decode() for key in keys)
    raise AssertionError("no server is whole")


async def test_a_user_is_present_on_all_servers(servers: Servers):
    """Comes with the first socket of all, goes with the last."""
    one, two = [await servers.start() for _ in range(2)]
    assert await one.cluster.arrive(FRIENDS, "ann", "s1", "on one") is True
    assert await two.cluster.arrive(FRIENDS, "ann", "s2", "on two") is False
    assert await two.cluster.present(FRIENDS, ["ann"]) == {"ann"}
    await one.cluster.update(FRIENDS, "ann", "s1", "on one again")
    number, data = (await two.cluster.sockets(FRIENDS, ["ann"], 10))["ann"]
    assert (number, sorted(data)) == (2, ["on one again", "on two"])
    assert await one.cluster.leave(FRIENDS, "ann", "s1") is False
    assert await two.cluster.leave(FRIENDS, "ann", "s2") is True
    assert await one.cluster.count(FRIENDS) == 0


async def test_a_socket_takes_the_place_of_one_that_lingers_elsewhere(servers: Servers):
    """A client that comes back to another server makes up for the connection that was lost."""
    one, two = [await servers.start() for _ in range(2)]
    await one.cluster.arrive(FRIENDS, "ann", "s1")
    await one.cluster.linger(FRIENDS, "ann", "s1")
    assert await two.cluster.arrive(FRIENDS, "ann", "s2") is False
    assert await one.cluster.leave(FRIENDS, "ann", "s1") is False
    assert await two.cluster.leave(FRIENDS, "ann", "s2") is True


async def test_sessions_and_counters_are_shared(servers: Servers):
    """Any server reads what another has written."""
    one, two = [await servers.start() for _ in range(2)]
    await one.cluster.remember("name", "value", 10)
    assert await two.cluster.recall("name") == "value"
    assert (await one.cluster.tally("name", 10))[0] == 1
    assert (await two.cluster.tally("name", 10))[0] == 2


async def test_nothing_is_left_of_those_who_left(servers: Servers):
    """The names of Redis grow with who is present, not with who ever was."""
    one = await servers.start()
    before = await left_behind(servers)
    for number in range(20):
        await one.cluster.arrive(FRIENDS, f"user {number}", "s1")
        await one.cluster.linger(FRIENDS, f"user {number}", "s1")
        await one.cluster.arrive(FRIENDS, f"user {number}", "s2")
        await one.cluster.leave(FRIENDS, f"user {number}", "s1")
        await one.cluster.leave(FRIENDS, f"user {number}", "s2")
    assert await left_behind(servers) == before


# servers that end


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


# interruptions


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
