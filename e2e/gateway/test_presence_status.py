"""`user_status_update`: friends hear of the change between no session and some, and nobody else hears of anything."""

from datetime import datetime
from typing import Any

import pytest

from e2e.harness.client import TransportName
from e2e.harness.deadline import SECOND, eventually
from e2e.harness.deployment import Fresh
from e2e.harness.match import Check, has
from e2e.harness.people import People, PeopleOf, Person
from e2e.harness.presence import Presence, status_of

UPDATE = "user_status_update"


@pytest.mark.requirement("PRESENCE-STATUS-001", "PRESENCE-STATUS-002")
@pytest.mark.parametrize("transport", ["websocket", "polling"])
async def test_friends_hear_who_comes_and_goes(people: People, presence: Presence, transport: TransportName):
    """On all their devices, on whichever servers, with the id and the e-mail."""
    alice, bob, carol = await people.friendship("Alice", "Bob", "Carol")
    watching = [await presence.connect(person) for person in (bob, bob, carol, carol)]

    device = await presence.connect(alice, transport=transport)
    for watcher in watching:
        await watcher.expect(UPDATE, status_of(alice, "online"))
    await device.goodbye()

    for watcher in watching:
        await watcher.expect(UPDATE, status_of(alice, "offline"))


@pytest.mark.requirement("PRESENCE-STATUS-001")
async def test_one_who_comes_is_not_told_of_those_who_are_there(people: People, presence: Presence):
    """Their status has not changed; a later change is the first that is heard of."""
    alice, bob, carol = await people.friendship("Alice", "Bob", "Carol")
    await presence.connect(bob)
    device = await presence.connect(alice)

    await presence.connect(carol)

    await device.expect_next(UPDATE, status_of(carol, "online"))


@pytest.mark.requirement("PRESENCE-STATUS-003")
async def test_nobody_else_hears_of_anything(people: People, presence: Presence):
    """Neither strangers, nor friends of friends, nor one's own devices, nor sockets that are nobody's."""
    alice, bob = await people.friendship("Alice", "Bob")
    carol = await people.new("Carol")
    await people.friends(bob, carol)
    stranger, nobody = await presence.connect(await people.new("Stranger")), await presence.dial()
    carol_device, own = await presence.connect(carol), await presence.connect(alice)

    other = await presence.connect(alice)
    await other.goodbye()
    await own.goodbye()
    bob_device = await presence.connect(bob)

    await carol_device.expect_next(UPDATE, status_of(bob, "online"))
    await bob_device.send([carol], "marker")
    await carol_device.expect_next("message", has(message="marker"))
    for device in (stranger, nobody):
        await device.call("ping")
        assert device.count(UPDATE) == 0
    assert own.count(UPDATE) == 0


@pytest.mark.requirement("PRESENCE-STATUS-003")
async def test_a_socket_that_has_not_authenticated_is_nobody_s(people: People, presence: Presence):
    """Its coming and going is announced to nobody; what it is refused changes nothing."""
    alice, bob, carol = await people.friendship("Alice", "Bob", "Carol")
    device = await presence.connect(alice)

    for payload in ({"token": bob.token[:-2]}, {}):
        stranger = await presence.dial()
        await stranger.emit("authenticate", payload)
        await stranger.expect_next("authentication_error")
    await (await presence.dial()).goodbye()
    await presence.connect(carol)

    await device.expect_next(UPDATE, status_of(carol, "online"))


@pytest.mark.requirement("PRESENCE-STATUS-004")
async def test_a_second_device_is_not_announced(people: People, presence: Presence):
    """One of two devices leaving does not put a user offline, in whatever way and from whichever server it leaves."""
    bob, alice, carol = await people.friendship("Bob", "Alice", "Carol")
    device = await presence.connect(bob)
    staying = await presence.connect(alice)
    await device.expect_next(UPDATE, status_of(alice, "online"))

    for leave in ("goodbye", "close_transport", "abort"):
        leaving = await presence.connect(alice)
        await getattr(leaving, leave)()
        carol_device = await presence.connect(carol)
        await device.expect_next(UPDATE, status_of(carol, "online"))
        await carol_device.abort()  # after the grace of the one that left before
        await device.expect_next(UPDATE, status_of(carol, "offline"))

    await staying.goodbye()
    await device.expect_next(UPDATE, status_of(alice, "offline"))


@pytest.mark.requirement("PRESENCE-STATUS-005")
@pytest.mark.parametrize("leave", ["close_transport", "abort"])
async def test_a_reload_announces_nothing(people: People, presence: Presence, leave: str):
    """Who is back within the grace was never gone."""
    bob, alice, carol = await people.friendship("Bob", "Alice", "Carol")
    before, carol_device = await presence.connect(alice), await presence.connect(carol)
    device = await presence.connect(bob)

    await getattr(before, leave)()
    after = await presence.connect(alice)
    await carol_device.close_transport()

    await device.expect_next(UPDATE, status_of(carol, "offline"))
    await after.goodbye()
    await device.expect_next(UPDATE, status_of(alice, "offline"))


@pytest.mark.requirement("PRESENCE-STATUS-005")
async def test_a_goodbye_is_announced_at_once_and_once(people: People, presence: Presence):
    """Before the grace of one who was lost earlier has ended; and coming back is announced anew."""
    bob, alice, carol = await people.friendship("Bob", "Alice", "Carol")
    carol_device = await presence.connect(carol)
    device = await presence.connect(bob)

    await carol_device.close_transport()
    for _ in range(2):
        alice_device = await presence.connect(alice)
        await device.expect_next(UPDATE, status_of(alice, "online"))
        await alice_device.goodbye()
        await device.expect_next(UPDATE, status_of(alice, "offline"))

    await device.expect_next(UPDATE, status_of(carol, "offline"))


@pytest.mark.requirement("PRESENCE-STATUS-006")
async def test_a_new_friend_is_heard_at_once(people: People, presence: Presence):
    """By sessions that stand, on whichever server the friendship was made."""
    alice, bob = [await people.new(name) for name in ("Alice", "Bob")]
    alice_device, bob_device = await presence.connect(alice), await presence.connect(bob)

    await people.friends(alice, bob)
    await alice_device.goodbye()

    await bob_device.expect_next(UPDATE, status_of(alice, "offline"))
    await presence.connect(alice)
    await bob_device.expect_next(UPDATE, status_of(alice, "online"))


@pytest.mark.requirement("PRESENCE-STATUS-006", "PRESENCE-STATUS-003")
async def test_who_is_no_friend_any_more_is_heard_no_more(people: People, presence: Presence):
    """From the moment at which the friendship ended."""
    alice, bob, carol = await people.friendship("Alice", "Bob", "Carol")
    await people.friends(bob, carol)
    alice_device, device = await presence.connect(alice), await presence.connect(bob)
    carol_device = await presence.connect(carol)
    await device.expect_next(UPDATE, status_of(carol, "online"))

    (await alice.rest.delete(f"/users/{alice.id}/friends/{bob.id}")).must(204)
    await alice_device.goodbye()
    await carol_device.goodbye()

    await device.expect_next(UPDATE, status_of(carol, "offline"))


@pytest.mark.requirement("PRESENCE-STATUS-008")
async def test_a_quiet_session_is_never_removed(fresh_deployment: Fresh, people_of: PeopleOf):
    """However short the time is after which the sessions of the dead are removed."""
    people = people_of(await fresh_deployment("--memory", SESSION_SWEEP_SECONDS="1", CLUSTER_TIMEOUT="0.4"))
    presence = Presence(people)
    alice, bob = await people.friendship("Alice", "Bob")
    device, bob_device = await presence.connect(alice), await presence.connect(bob)
    await device.expect_next(UPDATE, status_of(bob, "online"))

    await eventually(lambda: device.call("get_detailed_online_users"), _quiet(bob, 3 * SECOND))

    await bob_device.goodbye()
    await device.expect_next(UPDATE, status_of(bob, "offline"), ignoring=["ACK"])


def _quiet(person: Person, seconds: float) -> Check:
    """Check that a person is online, and has asked for nothing for so long."""

    def check(answer: Any) -> str | None:
        [found] = [user for user in answer["users"] if user["userId"] == person.id]
        now, then = (datetime.fromisoformat(instant) for instant in (answer["timestamp"], found["lastSeen"]))
        return None if (now - then).total_seconds() > seconds else f"was last seen at {then}, and it is {now}"

    return check
