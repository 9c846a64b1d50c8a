"""Messages reach the sender's friends, all of their devices, and nobody else."""

import pytest

from e2e.harness.match import equals, has, instant, must, present, says, texts
from e2e.harness.people import People
from e2e.harness.shapes import LIVE


@pytest.mark.requirement("FRIENDS-MESSAGE-001", "FRIENDS-MESSAGE-014")
async def test_a_message_reaches_every_friend_and_not_the_sender(people: People):
    """A message reaches every connected friend, with the sender's first name and the instant, and not the sender."""
    alice, bob, carol = await people.friendship("Alice", "Bob", "Carol")
    alice_device, bob_device, carol_device = await alice.connect(), await bob.connect(), await carol.connect()

    await alice_device.say("hello")

    for friend in (bob_device, carol_device):
        message = await friend.expect_next("message", has(message="hello", username="Alice"))
        must(message.payload, present(*LIVE), instant("createdAt"))
    await bob_device.say("hello yourself")
    await alice_device.expect_next("message", says("hello yourself"), ignoring=["connected"])


@pytest.mark.requirement("FRIENDS-MESSAGE-002")
async def test_a_message_reaches_every_device_of_a_friend(people: People):
    """A message reaches all devices of a friend, over whatever transport, once, with the same id and instant."""
    alice, bob = await people.friendship("Alice", "Bob")
    alice_device = await alice.connect()
    devices = [await bob.connect(), await bob.connect(), await bob.connect(transport="polling")]

    await alice_device.say("to all of you")

    received = [(await device.expect_next("message", says("to all of you"))).payload for device in devices]
    assert received[0] == received[1] == received[2]
    await alice_device.say("marker")
    for device in devices:
        await device.expect_next("message", says("marker"))


@pytest.mark.requirement("FRIENDS-MESSAGE-002")
async def test_a_message_does_not_reach_other_devices_of_the_sender(people: People):
    """A message does not come back to any device of its sender."""
    alice, bob = await people.friendship("Alice", "Bob")
    phone, laptop, bob_device = await alice.connect(), await alice.connect(), await bob.connect()

    await phone.say("to Bob")
    await bob_device.expect_next("message", says("to Bob"))
    await bob_device.say("to Alice")

    for device in (phone, laptop):
        await device.expect_next("message", says("to Alice"), ignoring=["connected"])


@pytest.mark.requirement("FRIENDS-MESSAGE-003")
async def test_a_message_reaches_nobody_but_friends(people: People):
    """A message reaches neither strangers nor friends of friends."""
    bob, alice, carol = await people.friendship("Bob", "Alice", "Carol")
    stranger = await people.new("Stranger")
    alice_device, bob_device, carol_device = await alice.connect(), await bob.connect(), await carol.connect()
    stranger_device = await stranger.connect()

    await alice_device.say("for friends")
    await bob_device.expect_next("message", says("for friends"), ignoring=["connected"])
    await bob_device.say("marker")
    await carol_device.expect_next("message", says("marker"))
    await people.friends(stranger, bob)
    await bob_device.say("marker for the stranger")

    await stranger_device.expect_next("message", says("marker for the stranger"), ignoring=["connected"])


@pytest.mark.requirement("FRIENDS-MESSAGE-004")
async def test_a_message_is_never_acknowledged(people: People):
    """A client that asks for an ack gets none, and the message is delivered all the same."""
    alice, bob = await people.friendship("Alice", "Bob")
    alice_device, bob_device = await alice.connect(), await bob.connect()

    await alice_device.emit("message", "hello", ack=7)
    await alice_device.emit("message", 7, ack=8)

    await bob_device.expect_next("message", says("hello"))
    await alice_device.settle()
    assert alice_device.count("ACK") == 0


@pytest.mark.requirement("FRIENDS-MESSAGE-005")
async def test_an_empty_message_is_ignored(people: People):
    """An empty or missing payload is neither delivered, nor stored, nor answered."""
    alice, bob = await people.friendship("Alice", "Bob")
    alice_device, bob_device = await alice.connect(), await bob.connect()

    await alice_device.emit("message", "")
    await alice_device.emit("message")
    await alice_device.say("marker")

    await bob_device.expect_next("message", says("marker"))
    await alice_device.settle()
    assert alice_device.count("exception") == 0
    assert texts(await alice.history()) == ["marker"]


@pytest.mark.requirement("FRIENDS-MESSAGE-006", "FRIENDS-OFFLINE-012")
async def test_a_message_of_somebody_without_friends_is_ignored(people: People):
    """A sender without friends is not answered, and nothing is stored for whoever becomes a friend later."""
    alice, bob = await people.new("Alice"), await people.new("Bob")
    alice_device, bob_device = await alice.connect(), await bob.connect()

    await alice_device.say("into the void")
    await alice_device.settle()
    assert alice_device.count("exception") == 0
    await people.friends(alice, bob)
    await alice_device.say("marker")

    await bob_device.expect_next("message", says("marker"), ignoring=["connected"])
    assert texts(await alice.history()) == ["marker"]
    assert texts(await bob.history()) == ["marker"]


@pytest.mark.requirement("FRIENDS-MESSAGE-012")
async def test_messages_of_one_socket_keep_their_order(people: People):
    """Messages sent one after the other are delivered and listed in that order."""
    alice, bob = await people.friendship("Alice", "Bob")
    alice_device, bob_device = await alice.connect(), await bob.connect()
    sent = [f"number {number}" for number in range(100)]

    for text in sent:
        await alice_device.say(text)

    for text in sent:
        await bob_device.expect_next("message", says(text))
    assert texts(await bob.history(limit=100)) == sent[::-1]


@pytest.mark.requirement("FRIENDS-OFFLINE-004")
async def test_all_friends_see_the_same_ids_in_a_rising_order(people: People):
    """Ids sort in the order of sending, and every message has its own."""
    alice, bob = await people.friendship("Alice", "Bob")
    alice_device, bob_device = await alice.connect(), await bob.connect()

    for number in range(20):
        await alice_device.say(f"{number}")

    ids = [(await bob_device.expect_next("message")).payload["id"] for _ in range(20)]
    assert ids == sorted(set(ids))


@pytest.mark.requirement("FRIENDS-MESSAGE-014")
async def test_the_name_is_the_one_the_sender_has(people: People):
    """`username` is the sender's first name, whatever characters it has."""
    zoe, bob = await people.friendship("Zoë 🦊", "Bob")
    bob_device, zoe_device = await bob.connect(), await zoe.connect()

    await zoe_device.say("hello")

    await bob_device.expect_next("connected", has(username="Zoë 🦊", message="Zoë 🦊 connected now."))
    message = await bob_device.expect_next("message")
    must(message.payload["username"], equals("Zoë 🦊"))
