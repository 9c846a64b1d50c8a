"""What was sent while somebody was away, and what was ever sent: `unreceived messages` and `all messages`."""

import asyncio

import pytest

from e2e.harness.client import TransportName
from e2e.harness.deadline import DEADLINE
from e2e.harness.deployment import Fresh
from e2e.harness.direct import DirectClient
from e2e.harness.match import equals, says, texts
from e2e.harness.people import People, PeopleOf, Person


async def two(people: People) -> tuple[Person, Person, DirectClient]:
    """Return two people, and a device of the first."""
    alice, bob = await people.new("Alice"), await people.new("Bob")
    return alice, bob, await alice.connect(DirectClient)


# unreceived messages


@pytest.mark.requirement("DIRECT-UNRECEIVED-001")
@pytest.mark.parametrize("transport", ["websocket", "polling"])
async def test_what_was_sent_to_somebody_away_is_unreceived(people: People, transport: TransportName):
    """A burst sent while the receiver was away is unreceived, oldest first, and as its sender was told."""
    _, bob, alice_device = await two(people)
    sent = [await alice_device.send(bob.id, f"number {number}") for number in range(20)]

    device = await bob.connect(DirectClient, transport=transport)

    assert await device.unreceived() == sent


@pytest.mark.requirement("DIRECT-UNRECEIVED-001")
async def test_what_several_people_sent_is_in_one_list(people: People):
    """Messages of several senders, through several servers, are in one list in the order in which they were stored."""
    bob, *senders = [await people.new(name) for name in ("Bob", "Alice", "Carol", "Dave")]
    devices = [await sender.connect(DirectClient) for sender in senders]
    sent = [await devices[number % 3].send(bob.id, f"number {number}") for number in range(12)]

    device = await bob.connect(DirectClient)

    assert await device.unreceived() == sent


@pytest.mark.requirement("DIRECT-UNRECEIVED-002")
async def test_asking_for_what_is_unreceived_acknowledges_nothing(people: People):
    """It comes again, at the same connection and at the next, until it is acknowledged."""
    _, bob, alice_device = await two(people)
    first, second = await alice_device.send(bob.id, "first"), await alice_device.send(bob.id, "second")

    phone = await bob.connect(DirectClient)
    for _ in range(2):
        assert await phone.unreceived() == [first, second]
    await phone.goodbye()
    laptop = await bob.connect(DirectClient)
    assert await laptop.unreceived() == [first, second]
    await laptop.receive(second)

    assert await laptop.unreceived() == [first]


@pytest.mark.requirement("DIRECT-UNRECEIVED-002", "DIRECT-RECEIVE-001")
@pytest.mark.parametrize("leave", ["goodbye", "close_transport", "abort"])
async def test_what_was_delivered_and_not_acknowledged_is_unreceived(people: People, leave: str):
    """A message that arrived live, and was acknowledged by no device, is unreceived, however the device left."""
    _, bob, alice_device = await two(people)
    device = await bob.connect(DirectClient)
    kept, lost = await alice_device.send(bob.id, "acknowledged"), await alice_device.send(bob.id, "not")
    await device.expect("message", equals(lost))

    await device.receive(kept)
    await getattr(device, leave)()

    assert await (await bob.connect(DirectClient)).unreceived() == [lost]


@pytest.mark.requirement("DIRECT-UNRECEIVED-003")
async def test_of_too_many_unreceived_messages_the_oldest_come_first(fresh_deployment: Fresh, people_of: PeopleOf):
    """A client that acknowledges what it is given, and asks again, gets everything in its order."""
    people = people_of(await fresh_deployment("--memory", HISTORY_LIMIT="5"))
    _, bob, alice_device = await two(people)
    sent = [await alice_device.send(bob.id, f"{number}") for number in range(12)]
    device = await bob.connect(DirectClient)

    received: list[str] = []
    for count in (5, 5, 2, 0):
        chats = await device.unreceived()
        assert len(chats) == count
        for chat in chats:
            await device.receive(chat)
        received += texts(chats)

    assert received == texts(sent)


@pytest.mark.requirement("DIRECT-UNRECEIVED-004", "DIRECT-ALL-004")
async def test_nobody_is_locked_out_by_a_backlog(fresh_deployment: Fresh, people_of: PeopleOf):
    """Lists of more than the server lets wait for a client are cut, and the client stays connected.

    What is unreceived comes in parts, oldest first; of all messages the newest of every sender are there.
    """
    people = people_of(await fresh_deployment(MAX_BUFFER="40000"))
    _, bob, alice_device = await two(people)
    carol = await people.new("Carol")
    sent = [await alice_device.send(bob.id, f"{number}{'😀' * 1000}") for number in range(12)]
    short = await (await carol.connect(DirectClient)).send(bob.id, "short")
    device = await bob.connect(DirectClient)

    listed = await device.call("all messages")
    assert listed[carol.id] == [short]
    own = next(chats for sender, chats in listed.items() if sender != carol.id)
    assert 1 <= len(own) < len(sent)
    assert own == sent[-len(own) :]

    received: list[str] = []
    while chats := await device.call("unreceived messages"):
        for chat in chats:
            await device.receive(chat)
        received += texts(chats)
    assert received == texts([*sent, short])


# all messages


@pytest.mark.requirement("DIRECT-ALL-001", "DIRECT-ALL-002")
async def test_all_messages_are_listed_by_sender(people: People):
    """Every message that the user was sent is there, oldest first, by who sent it, and whether it was acknowledged."""
    alice, bob, alice_device = await two(people)
    carol = await people.new("Carol")
    carol_device = await carol.connect(DirectClient)
    one = await alice_device.send(bob.id, "one")
    two_ = await carol_device.send(bob.id, "two")
    three = await alice_device.send(bob.id, "three")
    device = await bob.connect(DirectClient)
    await device.receive(one)

    assert await device.all() == {alice.id: [{**one, "received": True}, three], carol.id: [two_]}
    assert await alice_device.all() == {}


@pytest.mark.requirement("DIRECT-ALL-005")
async def test_nobody_reads_what_was_not_sent_to_them(people: People):
    """Neither the sender nor anybody else finds a message in a list of theirs, nor by asking for a page of it."""
    alice, bob, alice_device = await two(people)
    mallory = await people.new("Mallory")
    chat = await alice_device.send(bob.id, "for Bob")
    marker = await alice_device.send(mallory.id, "for Mallory")
    device = await mallory.connect(DirectClient)

    assert await device.unreceived() == [marker]
    assert await device.all() == {alice.id: [marker]}
    assert await device.all(sender=alice.id) == {alice.id: [marker]}
    assert await device.all(sender=bob.id) == {}
    assert await device.all(sender=alice.id, before=chat["id"]) == {}
    assert await alice_device.all(sender=alice.id) == {}


@pytest.mark.requirement("DIRECT-ALL-003")
async def test_the_messages_of_a_sender_are_paged(fresh_deployment: Fresh, people_of: PeopleOf):
    """Of more than `HISTORY_LIMIT` messages the newest come, and pages of any size bring the rest, each once."""
    people = people_of(await fresh_deployment("--memory", HISTORY_LIMIT="5"))
    alice, bob, alice_device = await two(people)
    carol = await people.new("Carol")
    carols = await (await carol.connect(DirectClient)).send(bob.id, "of Carol")
    sent = [await alice_device.send(bob.id, f"{number}") for number in range(12)]
    device = await bob.connect(DirectClient)

    assert await device.all() == {alice.id: sent[7:], carol.id: [carols]}
    assert await device.all(sender=alice.id) == {alice.id: sent[7:]}
    assert await device.all(sender=alice.id, before=sent[7]["id"], limit=4) == {alice.id: sent[3:7]}
    assert await device.all(sender=alice.id, before=sent[3]["id"], limit=4) == {alice.id: sent[:3]}
    assert await device.all(sender=alice.id, before=sent[0]["id"]) == {}
    assert await device.all(sender=alice.id, before=carols["id"]) == {}


# while messages stream


@pytest.mark.requirement("DIRECT-DELIVERY-003")
@pytest.mark.parametrize("transport", ["websocket", "polling"])
async def test_who_comes_amid_a_stream_misses_nothing(people: People, transport: TransportName):
    """What a device is not given live after it connected is unreceived when it asks; live ones are in their order."""
    _, bob, alice_device = await two(people)
    watching = await bob.connect(DirectClient)
    sent = [f"number {number}" for number in range(300)]

    async def stream() -> None:
        for text in sent:
            await alice_device.emit("send message", {"receiver": bob.id, "message": text})
            await asyncio.sleep(0)

    streaming = asyncio.create_task(stream())
    await watching.expect("message", says("number 40"))
    devices = await asyncio.gather(*(bob.connect(DirectClient, transport=transport) for _ in range(3)))
    lists = await asyncio.gather(*(device.unreceived() for device in devices))
    await streaming
    # all of the stream may have come before the devices did; this is live for each
    sent.append((await alice_device.send(bob.id, "the end"))["message"])

    for device, unreceived in zip(devices, lists, strict=True):
        await device.expect("message", says(sent[-1]), within=3 * DEADLINE)  # 300 durable writes, one after the other
        live = texts(record.payload for record in device.inbox.all("message"))
        assert live == sent[-len(live) :]
        assert [*texts(unreceived), *(text for text in live if text not in texts(unreceived))] == sent
