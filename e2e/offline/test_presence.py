"""Messages of the presence contract to users who are not there: nothing is kept of them."""

import pytest

from e2e.harness.deadline import eventually
from e2e.harness.deployment import Fresh
from e2e.harness.match import equals, has, keys, must
from e2e.harness.people import People, PeopleOf
from e2e.harness.presence import Presence, reached


@pytest.mark.requirement("PRESENCE-MESSAGE-008")
async def test_what_was_sent_while_one_was_away_never_comes(people: People, presence: Presence):
    """The sender was told so; the first message after the connect is the first that was sent then."""
    alice, bob = [await people.new(name) for name in ("Alice", "Bob")]
    sender = await presence.connect(alice)

    answer = await sender.send([bob], "missed")
    must(answer, reached([], [bob]), keys("status", "error", "recipients", "timestamp"))
    must(answer, has(status="error", error="No recipients online"))
    device = await presence.connect(bob)
    must(await sender.send([bob], "live"), reached([bob]))

    await device.expect_next("message", has(message="live"))


@pytest.mark.requirement("PRESENCE-MESSAGE-008", "PRESENCE-MESSAGE-002")
@pytest.mark.parametrize("leave", ["goodbye", "close_transport", "abort"])
async def test_who_has_left_is_not_said_to_be_reached(fresh_deployment: Fresh, people_of: PeopleOf, leave: str):
    """Not even within the grace in which they may come back; others are reached meanwhile."""
    people = people_of(await fresh_deployment("--memory", PRESENCE_GRACE="60", CLUSTER_TIMEOUT="0.5"))
    presence = Presence(people)
    alice, bob, carol = await people.friendship("Alice", "Bob", "Carol")
    sender, device, carol_device = [await presence.connect(person) for person in (alice, bob, carol)]
    must(await sender.send([bob], "hello"), reached([bob]))

    await getattr(device, leave)()

    # the server has yet to notice
    await eventually(lambda: sender.send([bob, carol], "gone"), reached([carol], [bob]))
    await carol_device.expect("message", has(message="gone"))
    online = {user["userId"] for user in (await sender.call("get_online_users"))["users"]}
    assert (bob.id in online) is (leave != "goodbye")


@pytest.mark.requirement("PRESENCE-MESSAGE-008")
async def test_other_contracts_keep_nothing_of_it_either(people: People, presence: Presence):
    """The history of the friends contract does not have it."""
    alice, bob = await people.friendship("Alice", "Bob")
    sender = await presence.connect(alice)

    await sender.send([bob], "missed")

    assert await alice.history() == []
    must(await bob.peek(), equals([]))
