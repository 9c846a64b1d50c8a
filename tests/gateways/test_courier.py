"""`app.gateways.courier`: who is said to be reached was written to, on whichever server, and no wait is in vain."""

import asyncio
from collections.abc import Iterable
from itertools import count
from typing import Any

import pytest

from app.cluster.local import LocalCluster
from app.domain.errors import Unavailable
from app.engine.base import Handshake, Options
from app.engine.client import NamespaceConnection
from app.engine.session import Closing, Session
from app.engine.socket_io import SocketIO
from app.gateways.base import Envelope, room_of_user
from app.gateways.courier import Courier
from app.gateways.following import Follower
from app.metrics import Metrics
from tests.waiting import DEADLINE, until

NEVER = 60.0
"""Seconds of a wait that a test does not see the end of."""


class Part(LocalCluster):
    """One server's part of a cluster in memory; what it publishes is with the others in the next pass of the loop.

    Attributes:
        roster: who is connected, as the roster of all servers has it.
        published: the rooms of its publications, in order.
        down: the roster does not answer.
        deaf: what others publish does not reach it.

    """

    def __init__(self, parts: "list[Part]", roster: set[str]) -> None:
        super().__init__()
        parts.append(self)
        self._parts = parts
        self.roster = roster
        self.published: list[str] = []
        self.down = self.deaf = False

    def publish(self, room: str, payload: bytes, *, retry: bool = False) -> None:
        self.published.append(room)
        super().publish(room, payload, retry=retry)
        for part in self._parts:
            if part is not self and not part.deaf:
                asyncio.get_running_loop().call_soon(LocalCluster.publish, part, room, payload)

    async def connected(self, roster: str, users: Iterable[str]) -> set[str]:
        await asyncio.sleep(0)
        if self.down:
            raise Unavailable
        return self.roster.intersection(users)


class Server:
    """A server with nothing but a courier and connections."""

    def __init__(self, parts: list[Part], roster: set[str], timeout: float) -> None:
        self.cluster = Part(parts, roster)
        self.engine = SocketIO({}, Options(ping_interval=25, ping_timeout=20, max_payload=100_000, origins=("*",)))
        self.metrics = Metrics()
        self.courier = Courier("presence", self.cluster, self.metrics, timeout)
        self.courier.bind(self.engine)
        self._names = count()

    def deliver(self, room: str, payload: bytes) -> None:
        assert self.courier.deliver(room, Envelope.decode(payload))

    async def connect(self, user: str, *, listed: bool = True, told: bool = True) -> NamespaceConnection:
        """Connect a user to this server, who is in the roster from now on if `listed`, and knows it if `told`."""
        anything: Any = self.engine
        handshake = Handshake({}, {}, {}, "127.0.0.1")
        session = Session(f"sid {next(self._names)}", anything, handshake, 100, 100_000)
        connection = NamespaceConnection(session, "/", anything, handshake, Follower(user))
        if told:
            connection.state.feed.open(())
        self.engine.join(connection, room_of_user("presence", user))
        await self.cluster.subscribe(room_of_user("presence", user))
        if listed:
            self.cluster.roster.add(user)
        return connection

    @property
    def written(self) -> float:
        """How many connections were written to, as the metrics have it."""
        return self.metrics.registry.get_sample_value("parley_deliveries_total", {"contract": "presence"}) or 0


def got(connection: NamespaceConnection) -> list[bytes]:
    """Return the packets that a connection was sent and that were not asked for yet."""
    return (connection.session.take() or b"").split(b"\x1e")


async def servers(number: int, timeout: float = NEVER) -> list[Server]:
    """Return the servers of one cluster."""
    parts: list[Part] = []
    roster: set[str] = set()
    made = [Server(parts, roster, timeout) for _ in range(number)]
    for server in made:
        listener: Any = server
        await server.cluster.open(listener)
    return made


async def handed(server: Server, **packets: bytes) -> set[str]:
    """Hand packets to users, and return who was reached; in time, unless the test is about waiting."""
    async with asyncio.timeout(DEADLINE):
        return await server.courier.hand(packets)


async def test_every_connection_of_every_server_is_written_to():
    """Each user is given their own packet on all devices, and is reached though one device would do."""
    one, two = await servers(2)
    phone, laptop, bob = await one.connect("ann"), await two.connect("ann"), await two.connect("bob")

    assert await handed(one, ann=b"42a", bob=b"42b") == {"ann", "bob"}

    await until(lambda: two.written == 2)
    assert (got(phone), got(laptop), got(bob)) == ([b"42a"], [b"42a"], [b"42b"])
    assert (one.written, two.written) == (1, 2)


async def test_nobody_else_is_written_to():
    """A name is a name: not a pattern, no prefix of another, and no connection's id."""
    (one,) = await servers(1)
    ann = await one.connect("ann")

    names = ["*", "an", "ann:", "ann ", ann.id, "of:ann", "", "a" * 10_000, "an\nn"]
    assert await handed(one, **dict.fromkeys(names, b"42x")) == set()
    one.cluster.roster.update(names)
    round_ = asyncio.create_task(one.courier.hand(dict.fromkeys(names, b"42x")))
    await until(lambda: len(one.cluster.published) == len(names))
    round_.cancel()

    assert got(ann) == [b""]


async def test_who_is_in_no_roster_is_not_waited_for():
    """Nobody is asked for somebody who is not there."""
    one, _ = await servers(2)

    assert await handed(one, nobody=b"42x") == set()
    assert one.cluster.published == []


async def test_users_of_this_server_count_at_once():
    """They are written to before the roster has answered, also where it never does."""
    (one,) = await servers(1)
    ann = await one.connect("ann")
    one.cluster.down = True

    round_ = asyncio.create_task(one.courier.hand({"ann": b"42a"}))
    await asyncio.sleep(0)

    assert got(ann) == [b"42a"]
    assert await round_ == {"ann"}


async def test_a_cluster_that_does_not_answer_reaches_nobody_elsewhere():
    """Who may be on another server is said not to be reached, and is given nothing."""
    one, two = await servers(2)
    bob = await two.connect("bob")
    one.cluster.down = True

    assert await handed(one, bob=b"42x") == set()

    one.cluster.down = False
    assert await handed(one, bob=b"42marker") == {"bob"}
    assert got(bob) == [b"42marker"]


async def test_the_wait_for_a_dead_server_is_bounded():
    """Who is in the roster and nowhere else is not reached; those who are, are."""
    one, two = await servers(2, timeout=0.05)
    await two.connect("bob")
    two.cluster.deaf = True
    await one.connect("ann")

    assert await handed(one, ann=b"42a", bob=b"42b") == {"ann"}


async def test_the_wait_ends_when_all_have_answered():
    """One of two answers is not enough."""
    one, two, three = await servers(3)
    await two.connect("bob")
    eve = await three.connect("eve")
    three.cluster.deaf = True

    round_ = asyncio.create_task(one.courier.hand({"bob": b"42b", "eve": b"42e"}))
    await until(lambda: two.written == 1)
    for _ in range(5):
        await asyncio.sleep(0)
    assert not round_.done()
    three.cluster.deaf = False
    one.cluster.publish(room_of_user("presence", "eve"), _the_question(one, 1))

    assert await round_ == {"bob", "eve"}
    assert got(eve) == [b"42e"]


def _the_question(server: Server, index: int) -> bytes:
    """Return what the first call of a server has published for one of its users."""
    return Envelope(b"42e", note=f"asked {server.courier._room} 1 {index}").encode()


@pytest.mark.parametrize("closing", [Closing.LOST, Closing.SLOW])
async def test_a_connection_that_does_not_stand_is_not_reached(closing: Closing):
    """What is handed to a transport that has ended is not said to be sent."""
    one, two = await servers(2, timeout=0.05)
    for server, user in ((one, "ann"), (two, "bob")):
        connection = await server.connect(user)
        connection.session.closed = closing

    assert await handed(one, ann=b"42a", bob=b"42b") == set()
    assert (one.written, two.written) == (0, 0)


async def test_a_connection_that_cannot_take_more_is_not_reached():
    """A slow consumer whose buffer the packet would overflow is ended instead."""
    (one,) = await servers(1, timeout=0.05)
    ann = await one.connect("ann")
    carrier: Any = _Nobody()
    ann.session._carrier = carrier

    assert await handed(one, ann=b"4" * 100_001) == set()
    assert ann.session.closed is Closing.SLOW


class _Nobody:
    def closed(self, session: Session, closing: Closing) -> None:
        """Hear of the end."""


async def test_a_connection_that_is_still_being_made_is_not_written_to():
    """Nobody has been told that they are connected; they may never be."""
    [one] = await servers(1, timeout=0)
    connecting, connected = await one.connect("ann", told=False), await one.connect("bob")

    assert await handed(one, ann=b"42a", bob=b"42b") == {"bob"}

    assert got(connecting) == [b""]
    assert connecting.state.feed.open(()) == []
    assert got(connected) == [b"42b"]


async def test_answers_of_one_moment_are_one_publication():
    """However many users another server has written to."""
    one, two = await servers(2)
    names = [f"user {number}" for number in range(100)]
    for name in names:
        await two.connect(name)

    assert await handed(one, **dict.fromkeys(names, b"42x")) == set(names)

    assert len(two.cluster.published) == 1


async def test_nothing_is_kept_of_a_call_that_is_over():
    """Also where nobody answered, too late, or the caller went away."""
    one, two = await servers(2, timeout=0.05)
    await two.connect("bob")
    two.cluster.deaf = True

    await handed(one, bob=b"42b")
    one.cluster.publish(one.courier._room, Envelope(note="reached 1 0").encode())
    gone = asyncio.create_task(one.courier.hand({"bob": b"42b"}))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)

    assert one.courier._rounds == {}
    assert (one.courier._answers, two.courier._answers) == ({}, {})


async def test_a_subscription_that_failed_is_made_anew():
    """Answers are heard as soon as the cluster is there."""
    one, two = await servers(2)
    await two.connect("bob")
    await one.cluster.close()
    assert await handed(one, bob=b"42b") == set()
    listener: Any = one
    await one.cluster.open(listener)

    assert await handed(one, bob=b"42b") == {"bob"}
