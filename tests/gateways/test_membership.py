"""`app.gateways.membership.Membership`: a server is subscribed to a room while a connection of its own is in it."""

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.cluster.local import LocalCluster
from app.domain.errors import Unavailable
from app.engine.base import Handshake, Options
from app.engine.client import NamespaceConnection
from app.engine.session import Session
from app.engine.socket_io import SocketIO
from app.gateways.membership import Membership
from tests.waiting import DEADLINE

ROOM = "friends:of:han"


class Slow(LocalCluster):
    """A cluster that answers when it is told to.

    Attributes:
        calls: what was asked of it, in order.
        answers: futures that it gave and that the test resolves, oldest first.

    """

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[str, str]] = []
        self.answers: list[asyncio.Future[None]] = []

    def subscribe(self, room: str) -> asyncio.Future[None]:
        return self._asked("subscribe", room)

    def unsubscribe(self, room: str) -> asyncio.Future[None]:
        return self._asked("unsubscribe", room)

    def _asked(self, what: str, room: str) -> asyncio.Future[None]:
        self.calls.append((what, room))
        self.answers.append(asyncio.get_running_loop().create_future())
        return self.answers[-1]


@pytest.fixture
def cluster() -> Slow:
    return Slow()


@pytest.fixture
def engine() -> SocketIO:
    return SocketIO({}, Options(ping_interval=25, ping_timeout=20, max_payload=100_000, origins=("*",)))


@pytest.fixture
def rooms(engine: SocketIO, cluster: Slow) -> Membership:
    return Membership(engine, cluster)


@pytest.fixture
async def unheard() -> AsyncIterator[list[Any]]:
    """Collect what the event loop alone is told of, such as an exception that nobody asked for."""
    loop, found = asyncio.get_running_loop(), list[Any]()
    loop.set_exception_handler(lambda _, context: found.append(context))
    yield found
    loop.set_exception_handler(None)


@pytest.fixture
def people(engine: SocketIO) -> list[NamespaceConnection]:
    """Return three connections."""
    nothing: Any = engine

    def connection() -> NamespaceConnection:
        handshake = Handshake({}, {}, {}, "127.0.0.1")
        session = Session("sid", nothing, handshake, 100, 100_000)
        return NamespaceConnection(session, "/", nothing, handshake, None)

    return [connection() for _ in range(3)]


async def turns() -> None:
    """Let everything run that can."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_who_joins_waits_for_the_subscription(
    rooms: Membership, cluster: Slow, people: list[NamespaceConnection]
):
    """The connection is in the room at once, and the result is done when the cluster has answered, not before."""
    joined = asyncio.ensure_future(rooms.join(people[0], ROOM))
    await turns()
    assert ROOM in people[0].rooms
    assert not joined.done()
    cluster.answers[0].set_result(None)
    async with asyncio.timeout(DEADLINE):
        await joined


async def test_the_second_who_joins_waits_for_the_same_subscription(
    rooms: Membership, cluster: Slow, people: list[NamespaceConnection]
):
    """A room is subscribed to once, and nobody is told that it is before it is."""
    first = asyncio.ensure_future(rooms.join(people[0], ROOM))
    second = asyncio.ensure_future(rooms.join(people[1], ROOM))
    await turns()
    assert cluster.calls == [("subscribe", ROOM)]
    assert not second.done()
    cluster.answers[0].set_result(None)
    async with asyncio.timeout(DEADLINE):
        await asyncio.gather(first, second, rooms.join(people[2], ROOM))
    assert cluster.calls == [("subscribe", ROOM)]


async def test_who_gives_up_waiting_takes_the_subscription_from_nobody(
    rooms: Membership, cluster: Slow, people: list[NamespaceConnection]
):
    """Cancelling one who joins leaves the subscription to the others who wait for it."""
    first = asyncio.ensure_future(rooms.join(people[0], ROOM))
    second = asyncio.ensure_future(rooms.join(people[1], ROOM))
    first.cancel()
    await turns()
    cluster.answers[0].set_result(None)
    async with asyncio.timeout(DEADLINE):
        await second
    assert first.cancelled()


@pytest.mark.parametrize("failure", ["failed", "cancelled"])
async def test_a_subscription_that_failed_is_tried_again_by_the_next(
    rooms: Membership, cluster: Slow, people: list[NamespaceConnection], failure: str
):
    """Everybody who waited for it is told; who joins later has a subscription of their own to wait for."""
    waiting = [asyncio.ensure_future(rooms.join(one, ROOM)) for one in people[:2]]
    await turns()
    if failure == "failed":
        cluster.answers[0].set_exception(Unavailable())
    else:
        cluster.answers[0].cancel()
    async with asyncio.timeout(DEADLINE):
        told = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(one) for one in told] == [Unavailable if failure == "failed" else asyncio.CancelledError] * 2

    again = asyncio.ensure_future(rooms.join(people[2], ROOM))
    await turns()
    assert cluster.calls == [("subscribe", ROOM)] * 2
    assert not again.done()
    cluster.answers[1].set_result(None)
    async with asyncio.timeout(DEADLINE):
        await again


async def test_the_last_who_leaves_ends_the_subscription(
    rooms: Membership, cluster: Slow, people: list[NamespaceConnection]
):
    """The others who leave do not, nor does one who was never there."""
    for one in people[:2]:
        asyncio.ensure_future(rooms.join(one, ROOM))  # noqa: RUF006  (its end is the cluster's answer)
    rooms.leave(people[0], ROOM)
    rooms.leave(people[0], ROOM)
    rooms.leave(people[2], ROOM)
    assert cluster.calls == [("subscribe", ROOM)]
    rooms.leave(people[1], ROOM)
    assert cluster.calls == [("subscribe", ROOM), ("unsubscribe", ROOM)]


async def test_who_leaves_all_rooms_is_in_none(rooms: Membership, cluster: Slow, people: list[NamespaceConnection]):
    """Each room is left as if it were the only one: others in it keep its subscription."""
    for connection, room in ((people[0], "one"), (people[0], "two"), (people[1], "two")):
        asyncio.ensure_future(rooms.join(connection, room))  # noqa: RUF006  (its end is the cluster's answer)
    rooms.leave_all(people[0])
    assert not people[0].rooms
    assert cluster.calls[2:] == [("unsubscribe", "one")]


async def test_who_comes_back_at_once_is_subscribed(
    rooms: Membership, cluster: Slow, people: list[NamespaceConnection]
):
    """Join, leave, join: the last call of the cluster is a subscription, and that is the one to wait for."""
    asyncio.ensure_future(rooms.join(people[0], ROOM))  # noqa: RUF006  (its end is the cluster's answer)
    rooms.leave(people[0], ROOM)
    back = asyncio.ensure_future(rooms.join(people[0], ROOM))
    assert [what for what, _ in cluster.calls] == ["subscribe", "unsubscribe", "subscribe"]
    cluster.answers[0].set_result(None)
    cluster.answers[1].set_result(None)
    await turns()
    assert not back.done()
    cluster.answers[2].set_result(None)
    async with asyncio.timeout(DEADLINE):
        await back


async def test_a_room_that_was_left_is_forgotten(rooms: Membership, cluster: Slow, people: list[NamespaceConnection]):
    """Nothing is kept of a room that nobody is in, however many there were."""
    asyncio.ensure_future(rooms.join(people[0], ROOM))  # noqa: RUF006  (its end is the cluster's answer)
    cluster.answers[0].set_result(None)
    await turns()
    kept = weakref.ref(cluster.answers.pop())
    rooms.leave(people[0], ROOM)
    gc.collect()
    assert kept() is None


async def test_a_subscription_that_cannot_be_ended_harms_nobody(
    rooms: Membership, cluster: Slow, people: list[NamespaceConnection], unheard: list[Any]
):
    """Leaving has no result, so the failure is nobody's: it is not reported as one that was forgotten."""
    asyncio.ensure_future(rooms.join(people[0], ROOM))  # noqa: RUF006  (its end is the cluster's answer)
    cluster.answers[0].set_result(None)
    rooms.leave(people[0], ROOM)
    cluster.answers[1].set_exception(Unavailable())
    await turns()
    cluster.answers.clear()
    gc.collect()
    await turns()
    assert not unheard


async def test_a_subscription_that_fails_when_nobody_waits_any_more_harms_nobody(
    rooms: Membership, cluster: Slow, people: list[NamespaceConnection], unheard: list[Any]
):
    """Who joined gave up; the failure that comes after is not reported as one that was forgotten."""
    joined = asyncio.ensure_future(rooms.join(people[0], ROOM))
    joined.cancel()
    await turns()
    cluster.answers[0].set_exception(Unavailable())
    rooms.leave(people[0], ROOM)
    cluster.answers[1].set_result(None)
    await turns()
    cluster.answers.clear()
    gc.collect()
    await turns()
    assert not unheard
