"""Rosters of several servers that share a Redis: what one says, the others see."""

from tests.cluster.rosters import FRIENDS
from tests.cluster.servers import Servers


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
