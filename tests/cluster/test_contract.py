"""What every adapter of `app.cluster.base.Cluster` guarantees."""

import asyncio

import pytest

from app.cluster.base import Cluster
from app.domain.errors import Unavailable
from tests.cluster.heard import Heard
from tests.waiting import until


async def test_a_publication_reaches_a_subscriber(cluster: Cluster, heard: Heard):
    """What is published after `subscribe` returned is delivered, byte for byte."""
    await cluster.subscribe("room")
    cluster.publish("room", b"\x00\xff payload")
    await until(lambda: heard.deliveries == [("room", b"\x00\xff payload")])


async def test_publications_keep_their_order_over_all_rooms(cluster: Cluster, heard: Heard):
    """A server's publications are delivered in the order of their calls, whichever rooms they are for."""
    await cluster.subscribe("a")
    await cluster.subscribe("b")
    sent = [("ab"[i % 2], str(i).encode()) for i in range(200)]
    for room, payload in sent:
        cluster.publish(room, payload)
    await until(lambda: len(heard.deliveries) == 200)
    assert heard.deliveries == sent


async def test_a_room_without_a_subscription_is_silent(cluster: Cluster, heard: Heard):
    """Nothing is delivered for rooms not subscribed to: never, any more, or of a similar name."""
    await cluster.subscribe("left")
    await cluster.unsubscribe("left")
    await cluster.subscribe("marker")
    for room in ("never", "left", "mark", "marker2"):
        cluster.publish(room, b"lost")
    cluster.publish("marker", b"last")
    await until(lambda: heard.deliveries)
    assert heard.deliveries == [("marker", b"last")]


async def test_a_room_can_be_subscribed_to_again(cluster: Cluster, heard: Heard):
    """An unsubscription does not outlast the next subscription."""
    await cluster.subscribe("room")
    await cluster.unsubscribe("room")
    await cluster.subscribe("room")
    cluster.publish("room", b"once")
    await until(lambda: heard.deliveries == [("room", b"once")])


async def test_subscriptions_take_effect_in_the_order_of_their_calls(cluster: Cluster, heard: Heard):
    """The last call decides, whether or not anybody waits for it."""
    cluster.unsubscribe("stays")
    stays = cluster.subscribe("stays")
    cluster.subscribe("ends")
    await asyncio.gather(cluster.unsubscribe("ends"), stays)
    cluster.publish("ends", b"lost")
    cluster.publish("stays", b"heard")
    await until(lambda: heard.deliveries)
    assert heard.deliveries == [("stays", b"heard")]


async def test_a_user_arrives_with_the_first_socket_only(cluster: Cluster):
    """`arrive` is True for an absent user, False for one with a socket."""
    assert await cluster.arrive("friends", "ann", "s1") is True
    assert await cluster.arrive("friends", "ann", "s2") is False
    assert await cluster.arrive("friends", "bob", "s3") is True


async def test_a_user_leaves_with_the_last_socket_only(cluster: Cluster):
    """`leave` is True when no socket of the user remains, and once."""
    await cluster.arrive("friends", "ann", "s1")
    await cluster.arrive("friends", "ann", "s2")
    assert await cluster.leave("friends", "ann", "s1") is False
    assert await cluster.leave("friends", "ann", "s1") is False
    assert await cluster.leave("friends", "ann", "s2") is True
    assert await cluster.leave("friends", "ann", "s2") is False
    assert await cluster.arrive("friends", "ann", "s4") is True


async def test_a_lingering_socket_keeps_its_user_present(cluster: Cluster):
    """A socket that lingers counts until it is removed."""
    await cluster.arrive("friends", "ann", "s1")
    await cluster.linger("friends", "ann", "s1")
    assert await cluster.present("friends", ["ann"]) == {"ann"}
    assert await cluster.leave("friends", "ann", "s1") is True
    assert await cluster.present("friends", ["ann"]) == set()


async def test_a_socket_that_arrives_takes_the_place_of_the_oldest_that_lingers(cluster: Cluster):
    """One arrival makes up for one lost socket, the one lost first."""
    for socket in ("s1", "s2"):
        await cluster.arrive("friends", "ann", socket)
    for socket in ("s2", "s1"):
        await cluster.linger("friends", "ann", socket)
    assert await cluster.arrive("friends", "ann", "s3") is False
    assert await cluster.leave("friends", "ann", "s2") is False  # forgotten on the arrival
    assert await cluster.leave("friends", "ann", "s3") is False  # s1 still lingers
    assert await cluster.leave("friends", "ann", "s1") is True


async def test_a_socket_that_is_not_there_cannot_linger(cluster: Cluster):
    """`linger` of an unknown socket makes nobody present."""
    await cluster.linger("friends", "ann", "s1")
    assert await cluster.present("friends", ["ann"]) == set()
    assert await cluster.leave("friends", "ann", "s1") is False


async def test_rosters_are_apart(cluster: Cluster):
    """A user who is present in one contract is absent from another."""
    await cluster.arrive("friends", "ann", "s1")
    assert await cluster.arrive("presence", "ann", "s1") is True
    assert await cluster.leave("presence", "ann", "s1") is True
    assert await cluster.present("friends", ["ann", "bob"]) == {"ann"}


async def test_presence_is_asked_for_many_at_once(cluster: Cluster):
    """`present` answers for exactly the users that were named."""
    for user in ("ann", "bob", "eve"):
        await cluster.arrive("friends", user, f"socket of {user}")
    assert await cluster.present("friends", ["ann", "joe", "bob"]) == {"ann", "bob"}
    assert await cluster.present("friends", []) == set()


async def test_after_close_calls_are_refused_and_publications_dropped(cluster: Cluster, heard: Heard):
    """A closed link raises `Unavailable`, `publish` stays silent, and it may be closed again."""
    await cluster.subscribe("room")
    await cluster.close()
    await cluster.close()
    cluster.publish("room", b"lost")
    with pytest.raises(Unavailable):
        await cluster.ping()
    with pytest.raises(Unavailable):
        await cluster.subscribe("room")
    with pytest.raises(Unavailable):
        await cluster.arrive("friends", "ann", "s1")
    assert heard.deliveries == []


async def test_an_open_link_answers_a_ping(cluster: Cluster):
    """`ping` returns while the cluster answers."""
    await cluster.ping()
