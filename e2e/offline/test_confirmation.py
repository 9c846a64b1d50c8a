"""Confirmation: a message is seen once a socket answered a PING that was written after it.

A client that withholds its PONGs confirms nothing. `Person.peek` connects as such a client.
"""

import pytest

from e2e.harness.client import TransportName
from e2e.harness.deadline import eventually
from e2e.harness.deployment import Fresh
from e2e.harness.match import equals, says, texts
from e2e.harness.people import People, PeopleOf, Person


async def must_settle(person: Person, *wanted: str) -> None:
    """Wait until exactly these texts are unseen, newest first: a confirmation may be on its way into the store."""

    async def unseen() -> list[str]:
        return texts(await person.peek())

    await eventually(unseen, equals(list(wanted)))


@pytest.mark.requirement("FRIENDS-OFFLINE-005")
@pytest.mark.parametrize("transport", ["websocket", "polling"])
async def test_a_confirmed_message_does_not_come_again(people: People, transport: TransportName):
    """A message whose socket answered the PING after it is not unseen at the next connect."""
    alice, bob = await people.friendship("Alice", "Bob")
    alice_device, bob_device = await alice.connect(), await bob.connect(transport=transport)

    await alice_device.say("seen")
    await bob_device.expect("message", says("seen"))

    await must_settle(bob)


@pytest.mark.requirement("FRIENDS-OFFLINE-006")
@pytest.mark.parametrize("leave", ["goodbye", "close_transport", "abort"])
@pytest.mark.parametrize("transport", ["websocket", "polling"])
async def test_an_unconfirmed_message_comes_again(people: People, transport: TransportName, leave: str):
    """A message that arrived and was not confirmed is unseen at the next connect, however the user left."""
    alice, bob = await people.friendship("Alice", "Bob")
    alice_device = await alice.connect()
    bob_device = await bob.connect(transport=transport, answers_pings=False)

    await alice_device.say("seen, but who knows")
    live = await bob_device.expect("message", says("seen, but who knows"))
    await getattr(bob_device, leave)()

    (again,) = await bob.peek()
    assert again["id"] == live.payload["id"]


@pytest.mark.requirement("FRIENDS-OFFLINE-007")
async def test_a_pong_confirms_nothing_that_was_sent_after_its_ping(people: People):
    """A PONG confirms what was written before its PING: a later message stays unseen."""
    alice, bob = await people.friendship("Alice", "Bob")
    alice_device, bob_device = await alice.connect(), await bob.connect(answers_pings=False)
    await alice_device.say("before the ping")
    await bob_device.expect("message", says("before the ping"))
    await bob_device.expect("PING")

    await alice_device.say("after the ping")
    await bob_device.expect("message", says("after the ping"))
    await bob_device.pong()
    await bob_device.expect("PING")
    await bob_device.goodbye()

    await must_settle(bob, "after the ping")


@pytest.mark.requirement("FRIENDS-OFFLINE-009")
async def test_every_live_message_is_confirmed_in_time(people: People):
    """Messages that follow a confirmation get one of their own, without any further message."""
    alice, bob = await people.friendship("Alice", "Bob")
    alice_device, bob_device = await alice.connect(), await bob.connect()

    for number in range(3):
        await alice_device.say(f"{number}")
        await bob_device.expect("message", says(f"{number}"))
        await bob_device.expect("PING")

    await must_settle(bob)


@pytest.mark.requirement("FRIENDS-OFFLINE-006")
async def test_a_pong_that_nobody_asked_for_confirms_nothing(people: People):
    """PONGs that answer no PING confirm nothing."""
    alice, bob = await people.friendship("Alice", "Bob")
    alice_device, bob_device = await alice.connect(), await bob.connect(answers_pings=False)
    for _ in range(3):
        await bob_device.pong()

    await alice_device.say("unconfirmed")
    await bob_device.expect("message", says("unconfirmed"))
    await bob_device.goodbye()

    assert texts(await bob.peek()) == ["unconfirmed"]


@pytest.mark.requirement("FRIENDS-OFFLINE-009")
async def test_no_second_ping_while_one_is_open(people: People):
    """A socket that has not answered a PING gets no other, though messages go on; one that answered does."""
    alice, bob, carol = await people.friendship("Alice", "Bob", "Carol")
    alice_device = await alice.connect()
    silent, faithful = await bob.connect(answers_pings=False), await carol.connect()
    already = faithful.count("PING")

    for number in range(3):
        await alice_device.say(f"{number}")
        await silent.expect("message", says(f"{number}"))
        await faithful.expect("message", says(f"{number}"))
        await faithful.expect("PING")

    assert silent.count("PING") == 1
    assert faithful.count("PING") >= already + 3


@pytest.mark.requirement("FRIENDS-OFFLINE-009")
async def test_many_messages_need_few_pings(fresh_deployment: Fresh, people_of: PeopleOf):
    """A burst is confirmed by few PINGs: at most one per interval."""
    people = people_of(await fresh_deployment("--memory", CONFIRM_INTERVAL="3600"))
    alice, bob = await people.friendship("Alice", "Bob")
    alice_device, bob_device = await alice.connect(), await bob.connect()

    for number in range(100):
        await alice_device.say(f"{number}")
    await bob_device.expect("message", says("99"))

    assert bob_device.count("PING") <= 1


@pytest.mark.requirement("FRIENDS-OFFLINE-008")
@pytest.mark.parametrize("transport", ["websocket", "polling"])
async def test_a_list_of_unseen_messages_is_confirmed_by_a_pong(people: People, transport: TransportName):
    """An unseen message stays so until a socket that got the list answered a PING."""
    alice, bob, carol = await people.friendship("Alice", "Bob", "Carol")
    alice_device, carol_device = await alice.connect(), await carol.connect()
    await alice_device.say("one")
    await alice_device.say("two")
    await carol_device.expect("message", says("two"))

    for _ in range(2):
        assert texts(await bob.peek()) == ["two", "one"]
    bob_device = await bob.connect(transport=transport)
    assert texts(bob_device.unseen) == ["two", "one"]
    await bob_device.expect("PING")

    await must_settle(bob)


@pytest.mark.requirement("FRIENDS-OFFLINE-014")
async def test_one_device_confirms_for_the_user(people: People):
    """A message that one of a user's sockets confirmed is seen, though another did not."""
    alice, bob = await people.friendship("Alice", "Bob")
    alice_device = await alice.connect()
    silent, faithful = await bob.connect(answers_pings=False), await bob.connect()

    await alice_device.say("to both")
    await silent.expect("message", says("to both"))
    await faithful.expect("message", says("to both"))

    await must_settle(bob)


@pytest.mark.requirement("FRIENDS-OFFLINE-006")
async def test_one_user_s_confirmation_is_not_another_s(people: People):
    """A message that one friend confirmed stays unseen for another."""
    alice, bob, carol = await people.friendship("Alice", "Bob", "Carol")
    alice_device, carol_device = await alice.connect(), await carol.connect()

    await alice_device.say("to both")
    await carol_device.expect("message", says("to both"))
    await carol_device.expect("PING")
    await must_settle(carol)

    assert texts(await bob.peek()) == ["to both"]


@pytest.mark.requirement("FRIENDS-OFFLINE-010")
async def test_what_was_sent_to_a_dropped_connection_is_unseen(people: People):
    """Messages sent around the moment in which a friend's connection was dropped are unseen at the next connect."""
    alice, bob, carol = await people.friendship("Alice", "Bob", "Carol")
    alice_device, carol_device = await alice.connect(), await carol.connect()
    bob_device = await bob.connect(answers_pings=False)

    await alice_device.say("just before")
    await bob_device.abort()
    await alice_device.say("just after")
    await carol_device.expect("message", says("just after"))

    assert texts(await bob.peek()) == ["just after", "just before"]


@pytest.mark.requirement("FRIENDS-OFFLINE-011")
async def test_what_was_sent_to_a_frozen_client_is_unseen(people: People):
    """Messages written to a socket that reads nothing more are unseen at the next connect."""
    alice, bob, carol = await people.friendship("Alice", "Bob", "Carol")
    alice_device, bob_device, carol_device = await alice.connect(), await bob.connect(), await carol.connect()

    await bob_device.stop_reading()
    await alice_device.say("anybody there?")
    await carol_device.expect_next("message")

    assert texts(await bob.peek()) == ["anybody there?"]


@pytest.mark.requirement("FRIENDS-OFFLINE-011")
async def test_a_client_that_stops_reading_holds_up_nobody(people: People):
    """While one friend's socket takes nothing any more, others get every message, and that friend does later."""
    alice, bob, carol = await people.friendship("Alice", "Bob", "Carol")
    alice_device, carol_device = await alice.connect(), await carol.connect()
    bob_device = await bob.connect(small_buffer=True)
    sent = [f"{number} {'x' * 4000}" for number in range(300)]

    await bob_device.stop_reading()
    for text in sent:
        await alice_device.say(text)

    for text in sent:
        await carol_device.expect_next("message", says(text), ignoring=["connected"])
    assert texts(await bob.peek()) == sent[::-1]
