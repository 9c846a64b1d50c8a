"""`unseen_messages`: what was sent while somebody was away, at their next connect."""

import asyncio

import pytest

from e2e.harness.client import TransportName
from e2e.harness.deadline import DEADLINE, eventually
from e2e.harness.deployment import Fresh
from e2e.harness.match import equals, has, instant, must, present, says, texts
from e2e.harness.people import People, PeopleOf
from e2e.harness.shapes import LIVE


@pytest.mark.requirement("FRIENDS-OFFLINE-001", "FRIENDS-OFFLINE-002")
@pytest.mark.parametrize("transport", ["websocket", "polling"])
async def test_what_was_sent_while_away_comes_at_the_next_connect(people: People, transport: TransportName):
    """A message to a friend who is away is in the list that the friend gets on connecting."""
    alice, bob, carol = await people.friendship("Alice", "Bob", "Carol")
    alice_device, witness, carol_device = await alice.connect(), await alice.connect(), await carol.connect()
    await alice_device.say("while you were away")
    await carol_device.expect_next("message")

    bob_device = await bob.connect(transport=transport)

    (message,) = bob_device.unseen
    must(message, has(message="while you were away", username="Alice"), present(*LIVE), instant("createdAt"))
    assert witness.count("message") == 0


@pytest.mark.requirement("FRIENDS-OFFLINE-001")
async def test_unseen_messages_come_once_and_first(people: People):
    """Every connection gets `unseen_messages` exactly once, after CONNECT and before anything else, `[]` if none."""
    alice, bob = await people.friendship("Alice", "Bob")
    alice_device = await alice.connect()

    devices = [await bob.dial() for _ in range(3)]
    for device in devices:
        await device.expect_next("CONNECT")
        await device.expect_next("unseen_messages", equals([]))
    await alice_device.say("marker")

    for device in devices:
        await device.expect_next("message", says("marker"))
        assert device.count("unseen_messages") == 1


@pytest.mark.requirement("FRIENDS-OFFLINE-002")
async def test_a_burst_to_somebody_away_comes_whole(people: People):
    """Twenty messages in one burst are all unseen, newest first, each once."""
    alice, bob, carol = await people.friendship("Alice", "Bob", "Carol")
    alice_device, carol_device = await alice.connect(), await carol.connect()
    sent = [f"number {number}" for number in range(20)]

    await asyncio.gather(*(alice_device.say(text) for text in sent))
    await carol_device.expect("message", says("number 19"))

    unseen = await bob.peek()
    assert texts(unseen) == sent[::-1]


@pytest.mark.requirement("FRIENDS-OFFLINE-002")
async def test_messages_of_one_moment_are_all_unseen(people: People):
    """Of what many devices send at once, so that some of it is of one millisecond, all is unseen, each once."""
    alice, bob, carol = await people.friendship("Alice", "Bob", "Carol")
    devices, carol_device = [await alice.connect() for _ in range(10)], await carol.connect()
    sent = [f"number {number}" for number in range(100)]

    await asyncio.gather(*(devices[number % 10].say(text) for number, text in enumerate(sent)))
    for _ in sent:
        await carol_device.expect_next("message")

    unseen = await bob.peek()
    assert sorted(texts(unseen)) == sorted(sent)
    for device in range(10):
        own = [text for text in texts(unseen) if text in sent[device::10]]
        assert own == sent[device::10][::-1]


@pytest.mark.requirement("FRIENDS-OFFLINE-002")
async def test_equal_texts_are_different_messages(people: People):
    """The same text sent several times comes as many times."""
    alice, bob, carol = await people.friendship("Alice", "Bob", "Carol")
    alice_device, carol_device = await alice.connect(), await carol.connect()

    for _ in range(5):
        await alice_device.say("again")
    for _ in range(5):
        await carol_device.expect_next("message", says("again"))

    assert texts(await bob.peek()) == ["again"] * 5


@pytest.mark.requirement("FRIENDS-OFFLINE-003")
async def test_messages_of_several_senders_are_in_one_list(people: People):
    """Messages of several friends are in one list, in the reverse of the order in which they were sent."""
    bob, *friends = await people.friendship("Bob", "Alice", "Carol", "Dave")
    watcher = await people.new("Watcher")
    for friend in friends:
        await people.friends(friend, watcher)
    watching = await watcher.connect()
    devices = [await friend.connect() for friend in friends]
    sent = [(number % 3, f"number {number}") for number in range(20)]

    for who, text in sent:
        await devices[who].say(text)
        await watching.expect("message", says(text))

    unseen = await bob.peek()
    assert [(message["username"], message["message"]) for message in unseen] == [
        (friends[who].name, text) for who, text in sent[::-1]
    ]


@pytest.mark.requirement("FRIENDS-OFFLINE-003")
async def test_bursts_of_several_senders_keep_each_sender_s_order(people: People):
    """Of bursts that several friends send at once nothing is missing, and each sender's order is kept."""
    bob, *friends = await people.friendship("Bob", "Alice", "Carol", "Dave")
    watcher = await people.new("Watcher")
    for friend in friends:
        await people.friends(friend, watcher)
    watching = await watcher.connect()
    # on one server: what two of them take at the same moment has no order before it is stored
    devices = [await friend.connect(server=0) for friend in friends]

    async def burst(who: int) -> None:
        for number in range(20):
            await devices[who].say(f"{number}")

    await asyncio.gather(*(burst(who) for who in range(3)))
    live = [await watching.expect("message") for _ in range(60)]

    unseen = await bob.peek()
    for friend in friends:
        own = [message["message"] for message in unseen if message["username"] == friend.name]
        assert own == [f"{number}" for number in range(19, -1, -1)]
    assert [(it["username"], it["message"]) for it in unseen] == [
        (it.payload["username"], it.payload["message"]) for it in live[::-1]
    ]


@pytest.mark.requirement("FRIENDS-OFFLINE-004", "FRIENDS-HISTORY-001")
async def test_a_message_is_the_same_live_unseen_and_in_the_history(people: People):
    """A message has the same id, text, name and instant live, in `unseen_messages` and in the history."""
    alice, bob, carol = await people.friendship("Alice", "Bob", "Carol")
    alice_device, carol_device = await alice.connect(), await carol.connect()

    await alice_device.say("the same")
    live = (await carol_device.expect_next("message")).payload

    (unseen,) = await bob.peek()
    (stored,) = await bob.history()
    for key in ("id", *LIVE):
        assert live[key] == unseen[key] == stored[key], key


@pytest.mark.requirement("FRIENDS-OFFLINE-012")
async def test_messages_from_before_a_friendship_are_not_delivered(people: People):
    """A new friend gets nothing that was sent before the friendship, at no connect and in no history."""
    alice, bob = await people.friendship("Alice", "Bob")
    carol = await people.new("Carol")
    alice_device, bob_device = await alice.connect(), await bob.connect()
    await alice_device.say("before")
    await bob_device.expect_next("message", says("before"))

    await people.friends(alice, carol)
    await alice_device.say("after")
    await bob_device.expect_next("message", says("after"))

    assert texts(await carol.peek()) == ["after"]
    assert texts(await carol.history()) == ["after"]


@pytest.mark.requirement("FRIENDS-OFFLINE-012")
async def test_messages_from_before_the_end_of_a_friendship_are_delivered(people: People):
    """What was sent to a friend who was away stays theirs though the friendship ended since."""
    alice, bob, carol = await people.friendship("Alice", "Bob", "Carol")
    alice_device, carol_device = await alice.connect(), await carol.connect()
    await alice_device.say("to friends")
    await carol_device.expect_next("message", says("to friends"))

    (await alice.rest.delete(f"/users/{alice.id}/friends/{bob.id}")).must(204)

    assert texts(await bob.peek()) == ["to friends"]


@pytest.mark.requirement("FRIENDS-OFFLINE-017", "FRIENDS-OFFLINE-001")
@pytest.mark.parametrize("transport", ["websocket", "polling"])
async def test_a_connect_amid_a_stream_misses_and_repeats_nothing(people: People, transport: TransportName):
    """A socket that connects while messages stream in gets each once and in order, the unseen ones first."""
    alice, bob, carol = await people.friendship("Alice", "Bob", "Carol")
    alice_device, carol_device = await alice.connect(), await carol.connect()
    sent = [f"number {number}" for number in range(200)]

    async def stream() -> None:
        for text in sent:
            await alice_device.say(text)
            await asyncio.sleep(0)

    streaming = asyncio.create_task(stream())
    await carol_device.expect("message", says("number 40"))
    devices = await asyncio.gather(*(bob.connect(transport=transport, answers_pings=False) for _ in range(3)))
    await streaming
    await alice_device.say("after all")  # to all as a message, even where a slow list has the whole stream

    for device in devices:
        await device.expect("message", says("after all"), within=3 * DEADLINE)  # durable writes, one after the other
        live = [record.payload for record in device.inbox.all("message")]
        assert texts([*device.unseen[::-1], *live]) == [*sent, "after all"]
        assert device.count("unseen_messages") == 1


@pytest.mark.requirement("FRIENDS-OFFLINE-013", "FRIENDS-HISTORY-002")
async def test_of_too_many_unseen_messages_the_newest_come(fresh_deployment: Fresh, people_of: PeopleOf):
    """Of more than `UNSEEN_LIMIT` messages the newest are sent, and the rest can be read page by page."""
    people = people_of(await fresh_deployment("--memory", UNSEEN_LIMIT="5"))
    alice, bob, carol = await people.friendship("Alice", "Bob", "Carol")
    alice_device, carol_device = await alice.connect(), await carol.connect()
    for number in range(12):
        await alice_device.say(f"{number}")
    await carol_device.expect("message", says("11"))

    bob_device = await bob.connect()

    assert texts(bob_device.unseen) == ["11", "10", "9", "8", "7"]
    oldest = bob_device.unseen[-1]["id"]
    first = await bob.history(before=oldest, limit=4)
    second = await bob.history(before=first[-1]["id"], limit=4)
    assert texts(first) == ["6", "5", "4", "3"]
    assert texts(second) == ["2", "1", "0"]


@pytest.mark.requirement("FRIENDS-OFFLINE-001", "FRIENDS-OFFLINE-002")
async def test_a_backlog_that_is_more_than_may_wait_comes_in_parts(fresh_deployment: Fresh, people_of: PeopleOf):
    """Messages beyond what the server lets wait for a client come with the next connects: nobody is locked out."""
    deployment = await fresh_deployment(MAX_BUFFER="40000")
    alice, bob = await people_of(deployment).friendship("Alice", "Bob")
    device = await alice.connect()
    sent = [f"{number}{'😀' * 1000}" for number in range(12)]
    for text in sent:
        await device.say(text)
    await device.say(7)
    await device.expect("exception")

    received: list[str] = []
    while len(received) < len(sent):
        phone = await bob.connect()
        assert phone.unseen
        received += reversed(texts(phone.unseen))
        given = {message["id"] for message in phone.unseen}
        await eventually(bob.peek, lambda rest, given=given: "given again" if given & {m["id"] for m in rest} else None)

    assert sorted(received) == sorted(sent)
