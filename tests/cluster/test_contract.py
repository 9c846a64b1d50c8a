"""What every adapter of `app.cluster.base.Cluster` guarantees."""

import asyncio

import pytest

from app.cluster.base import Cluster
from app.domain.errors import Unavailable
from tests.cluster.heard import Heard
from tests.waiting import DEADLINE, until


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


async def test_nothing_is_subscribed_to_after_close(cluster: Cluster):
    """A closed link refuses every call, also those that only end something."""
    await cluster.close()
    calls = [
        cluster.unsubscribe("room"),
        cluster.linger("friends", "ann", "s1"),
        cluster.leave("friends", "ann", "s1"),
        cluster.present("friends", ["ann"]),
        cluster.update("friends", "ann", "s1", "data"),
        cluster.connected("friends", ["ann"]),
        cluster.sockets("friends", ["ann"], 10),
        cluster.count("friends"),
        cluster.page("friends", 0, 10),
        cluster.remember("name", "value", 10),
        cluster.recall("name"),
        cluster.enlist("name", "member", "value", 10, 10),
        cluster.listed("name", 10),
        cluster.unlist("name"),
        cluster.tally("name", 10),
    ]
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(answer) for answer in answers] == [Unavailable] * len(calls)


# names


@pytest.mark.parametrize(
    "name", ["", "a:b", "*", "a b", " ", "two\nlines", "\x00", "\ud800", "Ünïcödé 🎈", "x" * 10_000]
)
async def test_rooms_and_users_may_have_any_name(cluster: Cluster, heard: Heard, name: str):
    """A name is a name, whatever it would mean to what is underneath."""
    await cluster.subscribe(name)
    cluster.publish(name, b"for it")
    cluster.publish("a", b"for another")
    assert heard.deliveries == [(name, b"for it")]
    assert await cluster.arrive("friends", name, "s1", name) is True
    assert await cluster.arrive("friends", "other", "s2") is True
    await cluster.linger("friends", name, "s1")
    assert await cluster.present("friends", [name, "a", "b"]) == {name}
    await cluster.update("friends", name, "s1", f"{name} again")
    assert await cluster.sockets("friends", [name], 10) == {name: (1, [f"{name} again"])}
    assert await cluster.connected("friends", [name]) == set()
    assert await cluster.page("friends", 0, 10) == [name, "other"]
    await cluster.remember(name, name, 10)
    assert await cluster.recall(name) == name
    await cluster.enlist(name, name, name, 10, 10)
    await cluster.enlist("other", "member", "value", 10, 10)
    assert await cluster.listed(name, 10) == {name: name}
    await cluster.unlist(name)
    assert await cluster.listed("other", 10) == {"member": "value"}
    assert (await cluster.tally(name, 10))[0] == 1
    assert await cluster.leave("friends", name, "s1") is True
    assert await cluster.present("friends", [name]) == set()


# the roster


async def test_the_data_of_every_socket_is_there_while_it_is(cluster: Cluster):
    """Of those users who are present: of sockets that linger too, and of none that left."""
    await cluster.arrive("friends", "ann", "s1", '{"device": "phone"}')
    await cluster.arrive("friends", "ann", "s2", "")
    await cluster.arrive("friends", "ann", "s3", "left")
    await cluster.arrive("friends", "bob", "s4", "bob's")
    await cluster.leave("friends", "ann", "s3")
    await cluster.linger("friends", "ann", "s1")
    found = await cluster.sockets("friends", ["ann", "bob", "joe", "ann"], 10)
    assert {user: (number, sorted(data)) for user, (number, data) in found.items()} == {
        "ann": (2, ["", '{"device": "phone"}']),
        "bob": (1, ["bob's"]),
    }
    assert await cluster.sockets("friends", [], 10) == {}


async def test_who_has_nothing_but_lingering_sockets_is_not_connected(cluster: Cluster):
    """Though present; one that stands is enough."""
    for user, socket in (("ann", "s1"), ("ann", "s2"), ("bob", "s3"), ("eve", "s4")):
        await cluster.arrive("friends", user, socket)
    await cluster.linger("friends", "ann", "s1")
    await cluster.linger("friends", "bob", "s3")
    await cluster.leave("friends", "eve", "s4")
    assert await cluster.connected("friends", ["ann", "bob", "eve", "joe", "ann"]) == {"ann"}
    assert await cluster.present("friends", ["ann", "bob", "eve", "joe"]) == {"ann", "bob"}
    assert await cluster.connected("friends", []) == set()
    assert await cluster.connected("presence", ["ann"]) == set()


async def test_who_has_many_sockets_is_connected(cluster: Cluster):
    """Whichever of them stands."""
    for number in range(100):
        await cluster.arrive("friends", "ann", f"s{number}")
    for number in range(99):
        await cluster.linger("friends", "ann", f"s{number}")
    assert await cluster.connected("friends", ["ann"]) == {"ann"}


async def test_of_many_sockets_some_are_told_and_all_are_counted(cluster: Cluster):
    """However many a user has, an answer is bounded."""
    for number in range(20):
        await cluster.arrive("friends", "ann", f"s{number}", f"data {number}")
    number, data = (await cluster.sockets("friends", ["ann"], 3))["ann"]
    assert number == 20
    assert len(set(data)) == 3
    assert set(data) <= {f"data {number}" for number in range(20)}
    assert await cluster.sockets("friends", ["ann"], 0) == {"ann": (20, [])}


async def test_the_data_of_a_socket_can_be_replaced(cluster: Cluster):
    """It stays what it was in all else: connected or lingering, and nobody arrives by it."""
    await cluster.arrive("friends", "ann", "s1", "before")
    await cluster.arrive("friends", "ann", "s2", "before")
    await cluster.linger("friends", "ann", "s2")
    for socket in ("s1", "s2", "s3"):
        await cluster.update("friends", "ann", socket, f"after {socket}")
    await cluster.update("friends", "bob", "s4", "after")
    number, data = (await cluster.sockets("friends", ["ann", "bob"], 10))["ann"]
    assert (number, sorted(data)) == (2, ["after s1", "after s2"])
    assert await cluster.present("friends", ["ann", "bob"]) == {"ann"}
    assert await cluster.leave("friends", "ann", "s1") is False
    assert await cluster.leave("friends", "ann", "s2") is True


async def test_users_are_counted_once(cluster: Cluster):
    """However many sockets a user has, for as long as one is there."""
    assert await cluster.count("friends") == 0
    for user, socket in (("ann", "s1"), ("ann", "s2"), ("bob", "s3")):
        await cluster.arrive("friends", user, socket)
    assert await cluster.count("friends") == 2
    await cluster.leave("friends", "ann", "s1")
    await cluster.linger("friends", "bob", "s3")
    assert await cluster.count("friends") == 2
    await cluster.leave("friends", "ann", "s2")
    assert await cluster.count("friends") == 1
    assert await cluster.count("presence") == 0


async def test_pages_begin_with_those_who_have_been_present_for_longest(cluster: Cluster):
    """Another socket changes nothing in the order; who left and came back is last."""
    for user in ("eve", "ann", "joe", "bob"):
        await cluster.arrive("friends", user, f"socket of {user}")
    await cluster.arrive("friends", "eve", "another")
    await cluster.leave("friends", "ann", "socket of ann")
    await cluster.arrive("friends", "ann", "anew")
    assert await cluster.page("friends", 0, 10) == ["eve", "joe", "bob", "ann"]
    assert await cluster.page("friends", 1, 2) == ["joe", "bob"]
    assert await cluster.page("friends", 3, 2) == ["ann"]
    assert await cluster.page("friends", 4, 2) == []
    assert await cluster.page("friends", 0, 0) == []


async def test_calls_that_are_made_at_once_take_effect_in_their_order(cluster: Cluster):
    """Nobody need wait for one to make the next."""
    answers = await asyncio.gather(
        cluster.arrive("friends", "ann", "s1"),
        cluster.arrive("friends", "ann", "s2"),
        cluster.leave("friends", "ann", "s1"),
        cluster.leave("friends", "ann", "s2"),
        cluster.arrive("friends", "ann", "s3"),
        cluster.present("friends", ["ann"]),
    )
    assert answers == [True, False, False, True, True, {"ann"}]


# sessions, lists and counters


async def test_the_first_value_of_a_name_is_remembered(cluster: Cluster):
    """It counts, of many at once too, and each name has its own."""
    assert await cluster.recall("name") is None
    values = ("first", "second", "", "\u00fc \U0001f388\0")
    assert await asyncio.gather(*(cluster.remember("name", value, 10) for value in values)) == ["first"] * 4
    assert await cluster.remember("other", "", 10) == ""
    assert await cluster.recall("name") == "first"
    assert await cluster.recall("other") == ""


async def test_a_value_is_forgotten_when_its_time_has_passed(cluster: Cluster):
    """The time begins anew each time it is remembered."""
    await cluster.remember("short", "value", 0.05)
    await cluster.remember("long", "value", 0.05)
    await cluster.remember("long", "value", 60)
    async with asyncio.timeout(DEADLINE):
        while await cluster.recall("short") is not None:  # noqa: ASYNC110  (the time is the adapter's)
            await asyncio.sleep(0.01)
    assert await cluster.recall("long") == "value"


async def test_a_list_has_its_newest_members_first(cluster: Cluster):
    """One that is put there again is renewed, with its new value."""
    assert await cluster.listed("left", 10) == {}
    for member in ("ann", "bob", "eve"):
        await cluster.enlist("left", member, f"{member}'s", 10, 60)
    await cluster.enlist("left", "ann", "another", 10, 60)
    found = await cluster.listed("left", 10)
    assert list(found.items()) == [("ann", "another"), ("eve", "eve's"), ("bob", "bob's")]
    assert list(await cluster.listed("left", 2)) == ["ann", "eve"]
    assert await cluster.listed("left", 0) == {}


async def test_a_list_drops_its_oldest_members(cluster: Cluster):
    """Never are there more than the limit of the latest change; one that was dropped may come again."""
    members = [str(i) for i in range(20)]
    await asyncio.gather(*(cluster.enlist("left", member, "", 5, 60) for member in members))
    assert list(await cluster.listed("left", 100)) == members[:-6:-1]
    await cluster.enlist("left", "3", "again", 2, 60)
    assert await cluster.listed("left", 100) == {"3": "again", "19": ""}


async def test_lists_are_apart_and_forgotten_whole(cluster: Cluster):
    """Of a list that was forgotten nothing comes back when it is begun anew."""
    await cluster.enlist("one", "ann", "1", 10, 60)
    await cluster.enlist("other", "ann", "2", 10, 60)
    await cluster.unlist("one")
    await cluster.unlist("one")
    assert await cluster.listed("one", 10) == {}
    assert await cluster.listed("other", 10) == {"ann": "2"}
    await cluster.enlist("one", "bob", "3", 10, 60)
    assert await cluster.listed("one", 10) == {"bob": "3"}


async def test_a_list_is_forgotten_when_its_time_has_passed(cluster: Cluster):
    """The time begins anew with each change, for all of its members."""
    await cluster.enlist("short", "ann", "", 10, 60)
    await cluster.enlist("short", "eve", "", 10, 0.05)
    await cluster.enlist("long", "bob", "", 10, 0.05)
    await cluster.enlist("long", "bob", "", 10, 60)
    async with asyncio.timeout(DEADLINE):
        while await cluster.listed("short", 10):  # noqa: ASYNC110  (the time is the adapter's)
            await asyncio.sleep(0.01)
    await cluster.enlist("short", "bob", "", 10, 60)
    assert await cluster.listed("short", 10) == {"bob": ""}
    assert await cluster.listed("long", 10) == {"bob": ""}


async def test_events_are_counted_in_a_window(cluster: Cluster):
    """The first event begins the window, and those that follow do not prolong it."""
    assert await cluster.tally("one", 60) == (1, 60)
    count, left = await cluster.tally("one", 60)
    assert count == 2
    assert 50 < left <= 60
    assert (await cluster.tally("other", 60))[0] == 1


async def test_the_next_window_counts_from_one(cluster: Cluster):
    """An event after the end of a window begins another."""
    assert (await cluster.tally("name", 0.2))[0] == 1
    async with asyncio.timeout(DEADLINE):
        while (await cluster.tally("name", 0.2))[0] != 1:  # noqa: ASYNC110  (the time is the adapter's)
            await asyncio.sleep(0.01)
