"""The history: `GET /messages`."""

import pytest

from e2e.harness.match import has, instant, keys, must, says, texts
from e2e.harness.people import People
from e2e.harness.shapes import ENVELOPE, HISTORY


@pytest.mark.requirement("FRIENDS-HISTORY-001")
async def test_the_history_has_what_was_sent_and_received(people: People):
    """The history lists what the user sent and was sent, newest first, with sender and instant."""
    alice, bob = await people.friendship("Alice", "Bob")
    alice_device, bob_device = await alice.connect(), await bob.connect()
    await alice_device.say("question")
    await bob_device.expect_next("message", says("question"))
    await bob_device.say("answer")
    await alice_device.expect_next("message", says("answer"), ignoring=["connected"])

    for person in (alice, bob):
        newest, oldest = await person.history()
        for message in (newest, oldest):
            must(message, keys(*HISTORY), instant("createdAt"))
        must(newest, has(message="answer", username="Bob", senderId=bob.id))
        must(oldest, has(message="question", username="Alice", senderId=alice.id))


@pytest.mark.requirement("FRIENDS-HISTORY-001")
async def test_a_new_user_has_no_history(people: People):
    """The history of somebody who neither sent nor received anything is `[]`."""
    alice = await people.new("Alice")

    assert await alice.history() == []


@pytest.mark.requirement("FRIENDS-HISTORY-002")
async def test_the_history_is_read_page_by_page(people: People):
    """Pages follow one another without a gap or a repeat, down to the oldest message."""
    alice, bob = await people.friendship("Alice", "Bob")
    alice_device, bob_device = await alice.connect(), await bob.connect()
    for number in range(25):
        await alice_device.say(f"{number}")
    await bob_device.expect("message", says("24"))

    pages = [await bob.history(limit=10)]
    while pages[-1]:
        pages.append(await bob.history(limit=10, before=pages[-1][-1]["id"]))

    assert [len(page) for page in pages] == [10, 10, 5, 0]
    assert [text for page in pages for text in texts(page)] == [f"{number}" for number in range(24, -1, -1)]


@pytest.mark.requirement("FRIENDS-HISTORY-003")
async def test_nobody_reads_the_messages_of_others(people: People):
    """A user sees neither what strangers wrote nor what a friend wrote to somebody else's friends."""
    bob, alice, carol = await people.friendship("Bob", "Alice", "Carol")
    alice_device, bob_device = await alice.connect(), await bob.connect()

    await alice_device.say("for Bob alone")
    await bob_device.expect_next("message", says("for Bob alone"))

    assert await carol.history() == []
    assert texts(await alice.history()) == ["for Bob alone"]


@pytest.mark.requirement("FRIENDS-HISTORY-002", "FRIENDS-REST-010")
@pytest.mark.parametrize("query", ["limit=x", "limit=0", "limit=-1", "limit=1.5"])
async def test_a_page_of_a_wrong_size_is_refused(people: People, query: str):
    """A `limit` that is no positive whole number is answered 400."""
    alice = await people.new("Alice")

    answer = await alice.rest.get(f"/messages?{query}")

    answer.must(400, keys(*ENVELOPE), has(errorName="BadRequestException"))


@pytest.mark.requirement("FRIENDS-HISTORY-002")
@pytest.mark.parametrize("query", ["before=", "before=zzz", "before=%00", "before=%F0%9F%A6%8A", "limit=99999999999"])
async def test_an_odd_page_is_answered(people: People, query: str):
    """An odd `before` or a huge `limit` is answered with a list or a 400, never with a failure of the server."""
    alice = await people.new("Alice")

    answer = await alice.rest.get(f"/messages?{query}")

    assert answer.status in (200, 400), answer
