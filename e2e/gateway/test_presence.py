"""Presence: who is told of whose coming and going, and when.

That nothing was announced is shown by what has to be announced after it: a friend's later coming or going.
"""

import pytest

from e2e.harness.client import TransportName
from e2e.harness.deployment import Fresh
from e2e.harness.match import has, instant, must, present, says
from e2e.harness.people import People, PeopleOf
from e2e.harness.shapes import LIVE


@pytest.mark.requirement("FRIENDS-PRESENCE-001", "FRIENDS-MESSAGE-014")
async def test_coming_is_announced_to_friends(people: People):
    """A user's first socket is announced to all sockets of all friends, with name and instant."""
    alice, bob, carol = await people.friendship("Alice", "Bob", "Carol")
    devices = [await bob.connect(), await bob.connect(transport="polling"), await carol.connect()]

    await alice.connect()

    for device in devices:
        announced = await device.expect_next("connected", has(message="Alice connected now.", username="Alice"))
        must(announced.payload, present(*LIVE), instant("createdAt"))


@pytest.mark.requirement("FRIENDS-PRESENCE-002", "FRIENDS-MESSAGE-014")
async def test_a_goodbye_is_announced_to_friends(people: People):
    """A user whose last socket says goodbye is announced gone, with name and instant."""
    alice, bob, carol = await people.friendship("Alice", "Bob", "Carol")
    devices = [await bob.connect(), await bob.connect(), await carol.connect()]
    alice_device = await alice.connect()

    await alice_device.goodbye()

    for device in devices:
        await device.expect_next("connected", has(username="Alice"))
        gone = await device.expect_next("disconnected", has(message="Alice disconnected now.", username="Alice"))
        must(gone.payload, present(*LIVE), instant("createdAt"))


@pytest.mark.requirement("FRIENDS-PRESENCE-003")
@pytest.mark.parametrize("transport", ["websocket", "polling"])
async def test_a_goodbye_is_announced_at_once_and_a_closed_transport_after_a_grace(
    people: People, transport: TransportName
):
    """A goodbye is announced before the going of a friend whose transport was closed earlier."""
    bob, alice, carol = await people.friendship("Bob", "Alice", "Carol")
    alice_device, carol_device = await alice.connect(transport=transport), await carol.connect()
    bob_device = await bob.connect()

    await carol_device.close_transport()
    await alice_device.goodbye()

    await bob_device.expect_next("disconnected", has(username="Alice"))
    await bob_device.expect_next("disconnected", has(username="Carol"))


@pytest.mark.requirement("FRIENDS-PRESENCE-002")
async def test_a_goodbye_over_an_open_transport_is_announced(people: People):
    """A DISCONNECT packet is a goodbye though the transport stays open."""
    alice, bob = await people.friendship("Alice", "Bob")
    alice_device, bob_device = await alice.connect(), await bob.connect()

    await alice_device.send_raw("41")

    await bob_device.expect_next("disconnected", has(username="Alice"))


@pytest.mark.requirement("FRIENDS-PRESENCE-003")
async def test_a_dropped_connection_is_announced(people: People):
    """A user whose TCP connection ends without any close is announced gone."""
    alice, bob = await people.friendship("Alice", "Bob")
    alice_device, bob_device = await alice.connect(), await bob.connect()

    await alice_device.abort()

    await bob_device.expect_next("disconnected", has(username="Alice"))


@pytest.mark.requirement("FRIENDS-PRESENCE-004")
async def test_a_second_device_is_announced_to_nobody(people: People):
    """With several devices only the first coming and the last leaving are announced."""
    bob, alice, carol = await people.friendship("Bob", "Alice", "Carol")
    bob_device = await bob.connect()
    phone = await alice.connect()
    await bob_device.expect_next("connected", has(username="Alice"))

    laptop = await alice.connect()
    carol_device = await carol.connect()
    await bob_device.expect_next("connected", has(username="Carol"))
    await phone.goodbye()
    await carol_device.goodbye()
    await bob_device.expect_next("disconnected", has(username="Carol"))
    await laptop.goodbye()

    await bob_device.expect_next("disconnected", has(username="Alice"))
    assert len([it for it in bob_device.inbox.all("connected") if it.payload["username"] == "Alice"]) == 1


@pytest.mark.requirement("FRIENDS-PRESENCE-004")
async def test_a_device_that_leaves_disturbs_no_other(people: People):
    """When one of two devices leaves, in whatever way, the other goes on sending and receiving."""
    alice, bob = await people.friendship("Alice", "Bob")
    bob_device = await bob.connect()
    staying = await alice.connect()
    await bob_device.expect_next("connected")

    for leave in ("goodbye", "close_transport", "abort"):
        leaving = await alice.connect()
        await getattr(leaving, leave)()
        await bob_device.say(f"after {leave}")
        await staying.expect_next("message", says(f"after {leave}"))
        await staying.say(f"here after {leave}")
        await bob_device.expect_next("message", says(f"here after {leave}"))


@pytest.mark.requirement("FRIENDS-PRESENCE-004")
async def test_a_device_lost_while_another_stays_is_never_announced(people: People):
    """One of two devices whose transport closed is not announced, not even after the grace period."""
    bob, alice, carol = await people.friendship("Bob", "Alice", "Carol")
    phone, laptop, carol_device = await alice.connect(), await alice.connect(), await carol.connect()
    bob_device = await bob.connect()

    await phone.abort()
    await carol_device.abort()
    await bob_device.expect_next("disconnected", has(username="Carol"))

    await laptop.goodbye()
    await bob_device.expect_next("disconnected", has(username="Alice"))


@pytest.mark.requirement("FRIENDS-PRESENCE-005")
@pytest.mark.parametrize("leave", ["close_transport", "abort"])
@pytest.mark.parametrize("transport", ["websocket", "polling"])
async def test_a_reload_announces_nothing(people: People, transport: TransportName, leave: str):
    """A transport that closes and is back within the grace period is not announced, neither going nor coming.

    A friend who is lost after it, and does not come back, is the next to be announced.
    """
    if transport == "polling" and leave == "abort":
        leave = "close_transport"  # a poll that is not repeated is noticed by the heartbeat alone
    bob, alice, carol = await people.friendship("Bob", "Alice", "Carol")
    before, carol_device = await alice.connect(transport=transport), await carol.connect()
    bob_device = await bob.connect()

    await getattr(before, leave)()
    after = await alice.connect(transport=transport)
    await carol_device.close_transport()

    await bob_device.expect_next("disconnected", has(username="Carol"))
    await after.goodbye()
    await bob_device.expect_next("disconnected", has(username="Alice"))


@pytest.mark.requirement("FRIENDS-PRESENCE-002", "FRIENDS-PRESENCE-005")
async def test_a_goodbye_is_announced_once(people: People):
    """After a goodbye the closing of its transport announces nothing more, and coming back is announced anew."""
    bob, alice, carol = await people.friendship("Bob", "Alice", "Carol")
    bob_device = await bob.connect()

    for _ in range(2):
        device = await alice.connect()
        await bob_device.expect_next("connected", has(username="Alice"))
        await device.goodbye()
        await bob_device.expect_next("disconnected", has(username="Alice"))
    carol_device = await carol.connect()
    await bob_device.expect_next("connected", has(username="Carol"))
    await carol_device.close_transport()

    await bob_device.expect_next("disconnected", has(username="Carol"))


@pytest.mark.requirement("FRIENDS-PRESENCE-005")
async def test_a_goodbye_within_the_grace_of_a_lost_device_is_announced_at_once(people: People):
    """The last device's goodbye is announced though another one was lost a moment ago."""
    bob, alice, carol = await people.friendship("Bob", "Alice", "Carol")
    phone, laptop, carol_device = await alice.connect(), await alice.connect(), await carol.connect()
    bob_device = await bob.connect()

    await carol_device.close_transport()
    await phone.close_transport()
    await laptop.goodbye()

    await bob_device.expect("disconnected", has(username="Alice"))
    await bob_device.expect("disconnected", has(username="Carol"))
    assert bob_device.count("disconnected") == 2


@pytest.mark.requirement("FRIENDS-PRESENCE-006", "FRIENDS-CONNECT-006")
@pytest.mark.parametrize("transport", ["websocket", "polling"])
async def test_a_connection_that_died_is_announced(
    fresh_deployment: Fresh, people_of: PeopleOf, transport: TransportName
):
    """A user whose machine froze, with the connection still standing, is announced gone after a missed heartbeat."""
    people = people_of(
        await fresh_deployment("--memory", PING_INTERVAL="0.4", PING_TIMEOUT="0.4", PRESENCE_GRACE="0.2")
    )
    alice, bob = await people.friendship("Alice", "Bob")
    alice_device, bob_device = await alice.connect(transport=transport), await bob.connect()

    await alice_device.stop_reading()

    await bob_device.expect_next("disconnected", has(username="Alice"))


@pytest.mark.requirement("FRIENDS-PRESENCE-003")
async def test_the_grace_period_can_be_set(fresh_deployment: Fresh, people_of: PeopleOf):
    """With a grace period of nothing a closed transport is announced at once, and a reload as going and coming."""
    people = people_of(await fresh_deployment("--memory", PRESENCE_GRACE="0"))
    alice, bob = await people.friendship("Alice", "Bob")
    bob_device = await bob.connect()
    device = await alice.connect()

    await device.close_transport()
    await bob_device.expect_next("connected", has(username="Alice"))
    await bob_device.expect_next("disconnected", has(username="Alice"))
    await alice.connect()
    await bob_device.expect_next("connected", has(username="Alice"))


@pytest.mark.requirement("FRIENDS-PRESENCE-008")
async def test_nobody_is_told_of_strangers_or_of_themselves(people: People):
    """Coming and going are announced neither to strangers nor to the user's own devices."""
    alice, bob = await people.friendship("Alice", "Bob")
    stranger = await people.new("Stranger")
    own, watcher = await alice.connect(), await bob.connect()
    await own.expect_next("connected", has(username="Bob"))

    stranger_device = await stranger.connect()
    other = await alice.connect()
    await other.goodbye()
    await stranger_device.goodbye()
    await watcher.goodbye()

    await own.expect_next("disconnected", has(username="Bob"))
