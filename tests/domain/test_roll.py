"""`app.domain.roll`: who is connected to a contract and who was, from what the cluster has of it."""

from collections.abc import AsyncIterator

import pytest

from app.cluster.local import LocalCluster
from app.domain.roll import Attendee, Roll
from app.domain.sessions import Identity
from app.gateways.base import Hub


@pytest.fixture
async def cluster() -> AsyncIterator[LocalCluster]:
    """Open a cluster of one."""
    cluster = LocalCluster()
    await cluster.open(Hub())
    yield cluster
    await cluster.close()


async def come(cluster: LocalCluster, roll: Roll, user: str, username: str = "", socket: str = "") -> None:
    """Have a user come with a socket."""
    await roll.note(Identity(user, username or user.title()))
    await cluster.arrive("notifications", user, socket or f"socket of {user}", username or user.title())


async def leave(cluster: LocalCluster, roll: Roll, user: str) -> None:
    """Have a user leave."""
    await roll.note(Identity(user, user.title()))
    await cluster.leave("notifications", user, f"socket of {user}")


async def test_everybody_is_there_once(cluster: LocalCluster):
    """Those who are connected first, who has been for longest before the others; then those who left last."""
    roll = Roll("notifications", cluster, 10, 60)
    assert await roll.users() == []
    for name in ("ann", "bob", "eve", "joe"):
        await come(cluster, roll, name)
    await leave(cluster, roll, "ann")
    await leave(cluster, roll, "eve")
    assert await roll.users() == [
        Attendee("bob", "Bob", connected=True),
        Attendee("joe", "Joe", connected=True),
        Attendee("eve", "Eve", connected=False),
        Attendee("ann", "Ann", connected=False),
    ]
    await come(cluster, roll, "ann")
    assert [(one.user, one.connected) for one in await roll.users()] == [
        ("bob", True),
        ("joe", True),
        ("ann", True),
        ("eve", False),
    ]


async def test_a_user_of_several_names_has_the_last(cluster: LocalCluster):
    """However many sockets came with another."""
    roll = Roll("notifications", cluster, 10, 60)
    await come(cluster, roll, "ann", "Ann", "s1")
    await come(cluster, roll, "ann", "Anna", "s2")
    assert await roll.users() == [Attendee("ann", "Anna", connected=True)]


async def test_of_more_than_the_limit_those_who_left_are_dropped_first(cluster: LocalCluster):
    """Those who are connected have a name however long ago they came."""
    roll = Roll("notifications", cluster, 3, 60)
    for name in ("ann", "bob"):
        await come(cluster, roll, name)
    for name in ("eve", "joe", "zoe"):
        await come(cluster, roll, name)
        await leave(cluster, roll, name)
    assert await roll.users() == [
        Attendee("ann", "Ann", connected=True),
        Attendee("bob", "Bob", connected=True),
        Attendee("zoe", "Zoe", connected=False),
    ]
    for name in ("eve", "joe"):
        await come(cluster, roll, name)
    assert [one.username for one in await roll.users()] == ["Ann", "Bob", "Eve"]


async def test_rosters_are_apart(cluster: LocalCluster):
    """Who is connected to another contract is nobody here."""
    await come(cluster, Roll("notifications", cluster, 10, 60), "ann")
    assert await Roll("other", cluster, 10, 60).users() == []
