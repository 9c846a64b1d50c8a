"""The events of the direct contract: each with what is documented, and nothing beside it.

That nothing else comes is shown by a `ping`: its `pong` has to be the next.
"""

import asyncio
import re
import time

import pytest

from e2e.harness.direct import CHAT, DirectClient, fails
from e2e.harness.match import equals, has, keys, must, says, texts
from e2e.harness.people import People, Person

_UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


async def two(people: People) -> tuple[Person, Person]:
    """Return two people who are not friends: the contract knows no friendship."""
    return await people.new("Alice"), await people.new("Bob")


async def must_hear_nothing_more(*devices: DirectClient) -> None:
    """Show that nothing is under way to devices."""
    for device in devices:
        await device.emit("ping")
        await device.expect_next("pong", equals("Hello World!"))


# ping


@pytest.mark.requirement("DIRECT-EVENT-007")
@pytest.mark.parametrize("arguments", [[], [None], ["x"], [{"a": 1}], [1, 2]], ids=repr)
async def test_ping_is_answered_with_pong(people: People, arguments: list[object]):
    """`ping`, with or without a payload, is answered with `pong` and `Hello World!`, at that socket alone."""
    alice = await people.new("Alice")
    device, other = await alice.connect(DirectClient), await alice.connect(DirectClient)

    await device.emit("ping", *arguments)

    pong = await device.expect_next("pong", equals("Hello World!"))
    assert pong.args == ("Hello World!",)
    await must_hear_nothing_more(other)


@pytest.mark.requirement("DIRECT-EVENT-003")
async def test_every_event_is_acknowledged_where_the_client_asks_for_it(people: People):
    """An acknowledgement has what the event is answered with; the answering event comes as well."""
    alice, bob = await two(people)
    alice_device, bob_device = await alice.connect(DirectClient), await bob.connect(DirectClient)

    assert await bob_device.call("ping") == "Hello World!"
    chat = await alice_device.call("send message", {"receiver": bob.id, "message": "hello"})
    assert await bob_device.call("unreceived messages") == [chat]
    assert await bob_device.call("all messages") == {alice.id: [chat]}
    acknowledged = await bob_device.call("receive message", {"chatId": chat["id"]})

    must(acknowledged, has(chatId=chat["id"], received=True))
    for event in ("pong", "message", "unreceived messages", "all messages"):
        assert bob_device.count(event) == 1, event


@pytest.mark.requirement("DIRECT-EVENT-003", "DIRECT-EVENT-001")
async def test_an_acknowledgement_of_what_cannot_be_done_has_the_error(people: People):
    """The error comes as the event, and in the acknowledgement that was asked for."""
    alice = await people.new("Alice")
    device = await alice.connect(DirectClient)

    answer = await device.call("receive message", {"chatId": "unknown"})

    must(answer, fails(alice.id, "Chat not found"))
    await device.expect("error", equals(answer))


# send message


@pytest.mark.requirement("DIRECT-SEND-001", "DIRECT-SEND-002")
async def test_a_message_reaches_its_receiver_as_a_chat(people: People):
    """`message` has the documented keys: a UUID, both users, the text, the instant, and that it is not received."""
    alice, bob = await two(people)
    alice_device, bob_device = await alice.connect(DirectClient), await bob.connect(DirectClient)
    before = time.time()

    await alice_device.emit("send message", {"receiver": bob.id, "message": "hello"})

    chat = must((await bob_device.expect_next("message")).payload, keys(*CHAT))
    assert _UUID4.fullmatch(chat["id"])
    assert (chat["sender"], chat["receiver"], chat["message"]) == (alice.id, bob.id, "hello")
    assert type(chat["createdAt"]) is int
    assert before - 5 <= chat["createdAt"] / 1000 <= time.time() + 5
    assert chat["received"] is False


@pytest.mark.requirement("DIRECT-SEND-004")
async def test_a_message_is_acknowledged_with_its_chat(people: People):
    """The sender's acknowledgement has the same chat as the receiver's `message`."""
    alice, bob = await two(people)
    alice_device, bob_device = await alice.connect(DirectClient), await bob.connect(DirectClient)

    chat = await alice_device.send(bob.id, "hello")

    await bob_device.expect_next("message", equals(chat))


@pytest.mark.requirement("DIRECT-SEND-003")
async def test_a_message_reaches_every_device_of_the_receiver_and_nobody_else(people: People):
    """All sockets of the receiver get it, over whatever transport; no other socket gets anything."""
    alice, bob = await two(people)
    carol = await people.new("Carol")
    sending, own = await alice.connect(DirectClient), await alice.connect(DirectClient)
    carol_device = await carol.connect(DirectClient)
    devices = [
        await bob.connect(DirectClient),
        await bob.connect(DirectClient),
        await bob.connect(DirectClient, transport="polling"),
    ]

    chat = await sending.send(bob.id, "to all of you")

    for device in devices:
        await device.expect_next("message", equals(chat))
    await must_hear_nothing_more(own, carol_device, *devices)
    assert sending.count("message") == 0


@pytest.mark.requirement("DIRECT-SEND-006")
async def test_a_user_may_send_to_themselves(people: People):
    """A message to oneself comes to all one's own sockets, the sending one too, and is unreceived like any other."""
    alice = await people.new("Alice")
    sending, other = await alice.connect(DirectClient), await alice.connect(DirectClient)

    chat = await sending.send(alice.id, "note to self")

    for device in (sending, other):
        await device.expect("message", equals(chat))
    assert await other.unreceived() == [chat]
    await other.receive(chat)
    assert await sending.unreceived() == []
    assert await sending.all() == {alice.id: [{**chat, "received": True}]}


@pytest.mark.requirement("DIRECT-SEND-005")
@pytest.mark.parametrize(
    "receiver",
    [
        "nobody has this id",
        "5e2b1b1e-7b1f-4b7e-9a69-2f4b7d9d7c5a",
        " ",
        "*",
        "a:b*c?[d]",
        "$ne",
        "direct:user:x",
        "\x00\n",
        "😀" * 32,
        "x" * 64,
    ],
    ids=ascii,
)
async def test_a_message_to_an_id_that_nobody_has_is_stored(people: People, receiver: str):
    """Any receiver of 1 to 64 characters is accepted, and disturbs nobody."""
    alice, bob = await two(people)
    alice_device, bob_device = await alice.connect(DirectClient), await bob.connect(DirectClient)

    chat = await alice_device.send(receiver, "anybody there?")

    assert chat["receiver"] == receiver
    await must_hear_nothing_more(alice_device, bob_device)


@pytest.mark.requirement("DIRECT-SEND-003", "DIRECT-SEND-005")
async def test_a_receiver_that_looks_like_a_connection_reaches_nobody(people: People):
    """The id of somebody's session or socket is no user's id."""
    alice, bob = await two(people)
    alice_device, bob_device = await alice.connect(DirectClient), await bob.dial(DirectClient)
    socket = (await bob_device.expect_next("CONNECT")).payload["sid"]

    for receiver in (socket, bob_device.handshake["sid"], f" {bob.id}", bob.id.upper() + " ", f"user:{bob.id}"):
        await alice_device.send(receiver, "to a socket")

    await must_hear_nothing_more(bob_device)
    assert await bob_device.unreceived() == []


@pytest.mark.requirement("DIRECT-SEND-007")
async def test_messages_of_a_sender_come_in_their_order(people: People):
    """A burst, none of it awaited, arrives in its order at every device, and is in that order in both lists."""
    alice, bob = await two(people)
    alice_device = await alice.connect(DirectClient)
    devices = [await bob.connect(DirectClient), await bob.connect(DirectClient, transport="polling")]
    sent = [f"number {number}" for number in range(50)]

    for text in sent:
        await alice_device.emit("send message", {"receiver": bob.id, "message": text})

    for device in devices:
        for text in sent:
            await device.expect_next("message", says(text))
        assert texts(await device.unreceived()) == sent
        assert texts((await device.all())[alice.id]) == sent


@pytest.mark.requirement("DIRECT-SEND-007")
async def test_bursts_of_several_senders_keep_each_sender_s_order(people: People):
    """Of bursts that several people send at once, through any server, nothing is missing, and each order is kept."""
    bob, *senders = [await people.new(name) for name in ("Bob", "Alice", "Carol", "Dave")]
    bob_device = await bob.connect(DirectClient)
    devices = [await sender.connect(DirectClient) for sender in senders]
    sent = [f"{number}" for number in range(20)]

    async def burst(device: DirectClient) -> None:
        for text in sent:
            await device.emit("send message", {"receiver": bob.id, "message": text})
            await asyncio.sleep(0)

    await asyncio.gather(*map(burst, devices))

    live = [(await bob_device.expect("message")).payload for _ in range(60)]
    listed = await bob_device.all()
    unreceived = await bob_device.unreceived()
    for sender in senders:
        for chats in (live, listed[sender.id], unreceived):
            assert texts(chat for chat in chats if chat["sender"] == sender.id) == sent


# receive message


@pytest.mark.requirement("DIRECT-RECEIVE-001", "DIRECT-RECEIVE-004")
async def test_an_acknowledged_message_is_received(people: People):
    """It is unreceived no more, `received` is true, and no socket is sent any event for it."""
    alice, bob = await two(people)
    alice_device, bob_device, other = [await it.connect(DirectClient) for it in (alice, bob, bob)]
    chat = await alice_device.send(bob.id, "hello")
    for device in (bob_device, other):
        await device.expect_next("message", equals(chat))

    await bob_device.emit("receive message", {"chatId": chat["id"]})

    assert await bob_device.unreceived() == []
    assert await other.all() == {alice.id: [{**chat, "received": True}]}
    await must_hear_nothing_more(alice_device, bob_device, other)


@pytest.mark.requirement("DIRECT-RECEIVE-002")
async def test_acknowledging_again_changes_nothing(people: People):
    """A second acknowledgement, from any device, is answered like the first."""
    alice, bob = await two(people)
    alice_device = await alice.connect(DirectClient)
    phone, laptop = await bob.connect(DirectClient), await bob.connect(DirectClient)
    first, second = await alice_device.send(bob.id, "first"), await alice_device.send(bob.id, "second")

    for device in (phone, phone, laptop):
        await device.receive(first)

    for device in (phone, laptop):
        assert await device.unreceived() == [second]


@pytest.mark.requirement("DIRECT-RECEIVE-003")
@pytest.mark.parametrize(
    "chat", ["", "unknown", "00000000-0000-4000-8000-000000000000", "x" * 10_000, "$ne"], ids=ascii
)
async def test_an_unknown_chat_cannot_be_acknowledged(people: People, chat: str):
    """A chat that is none is answered with `Chat not found`, and the session goes on."""
    alice = await people.new("Alice")
    device = await alice.connect(DirectClient)

    await device.emit("receive message", {"chatId": chat})

    await device.expect_next("error", fails(alice.id, "Chat not found"))
    await must_hear_nothing_more(device)


@pytest.mark.requirement("DIRECT-RECEIVE-003")
async def test_nobody_acknowledges_for_another(people: People):
    """Neither the sender nor a third person acknowledges a message; they are told what they are of an unknown one."""
    alice, bob = await two(people)
    mallory = await people.new("Mallory")
    alice_device, bob_device = await alice.connect(DirectClient), await bob.connect(DirectClient)
    chat = await alice_device.send(bob.id, "for Bob")

    for person, device in ((alice, alice_device), (mallory, await mallory.connect(DirectClient))):
        await device.emit("receive message", {"chatId": chat["id"]})
        await device.expect_next("error", fails(person.id, "Chat not found"))

    assert await bob_device.unreceived() == [chat]


# errors


@pytest.mark.requirement("DIRECT-EVENT-001")
async def test_an_error_is_told_to_the_socket_that_asked_alone(people: People):
    """`error` has the id of the user and says what is wrong; no other socket of the user hears of it."""
    alice, bob = await two(people)
    device, other, bob_device = [await it.connect(DirectClient) for it in (alice, alice, bob)]

    await device.emit("send message", {"receiver": bob.id})

    told = await device.expect_next("error", fails(alice.id, naming=["message"]))
    must(told.payload, keys("id", "message"))
    await must_hear_nothing_more(device, other, bob_device)
