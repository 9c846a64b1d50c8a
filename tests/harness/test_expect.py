"""Expectations: what they consume, what they leave, and what they say when they give up."""

import asyncio

import pytest

from e2e.harness.expect import Inbox
from e2e.harness.match import has, says
from e2e.harness.transcript import Transcript

SOON = 0.05


@pytest.fixture
def transcript() -> Transcript:
    return Transcript()


@pytest.fixture
def inbox(transcript: Transcript) -> Inbox:
    return Inbox("Bob", transcript)


def arrive(inbox: Inbox, transcript: Transcript, label: str, **payload: object) -> None:
    inbox.put(transcript.add(inbox.who, "received", label, payload))


async def test_an_expectation_is_met_by_what_is_there_already(inbox: Inbox, transcript: Transcript):
    """A record that arrived before anybody waited for it is found."""
    arrive(inbox, transcript, "message", message="hello")

    record = await inbox.expect("message", says("hello"))

    assert record.payload == {"message": "hello"}


async def test_an_expectation_is_met_by_what_arrives_later(inbox: Inbox, transcript: Transcript):
    """A record that arrives while an expectation waits is found at once."""
    waiting = asyncio.create_task(inbox.expect("message", says("hello"), within=5))
    await asyncio.sleep(0)
    arrive(inbox, transcript, "message", message="not this one")
    await asyncio.sleep(0)
    assert not waiting.done()

    arrive(inbox, transcript, "message", message="hello")

    assert (await waiting).payload == {"message": "hello"}


async def test_a_record_meets_one_expectation(inbox: Inbox, transcript: Transcript):
    """What one expectation consumed, no other finds; what it passed over, the next one does."""
    arrive(inbox, transcript, "message", message="first")
    arrive(inbox, transcript, "message", message="second")

    await inbox.expect("message", says("second"))
    await inbox.expect("message", says("first"))

    with pytest.raises(AssertionError):
        await inbox.expect("message", within=SOON)


async def test_a_timeout_prints_what_was_rejected_and_why(inbox: Inbox, transcript: Transcript):
    """An expectation that gives up prints every record it passed over, each with the reason."""
    arrive(inbox, transcript, "connected", username="Alice")
    arrive(inbox, transcript, "message", message="hello", username="Carol")

    with pytest.raises(AssertionError) as failure:
        await inbox.expect("message", has(message="hello", username="Alice"), within=SOON)

    text = str(failure.value)
    assert "Bob: expected message, but nothing fitting came within 0.05 s" in text
    assert "is connected, want message" in text
    assert "username is 'Carol', want 'Alice'" in text


async def test_a_timeout_prints_the_transcript_of_all_clients(inbox: Inbox, transcript: Transcript):
    """An expectation that gives up prints what every client sent and received."""
    transcript.add("Alice", "sent", "message", "hello")

    with pytest.raises(AssertionError, match=r'Alice +-> message "hello"'):
        await inbox.expect("message", within=SOON)


async def test_the_next_record_must_be_the_one(inbox: Inbox, transcript: Transcript):
    """`expect_next` fails at once, without waiting for its deadline, if something else came first."""
    arrive(inbox, transcript, "message", message="stray")
    arrive(inbox, transcript, "message", message="marker")

    with pytest.raises(AssertionError, match="but something else came first") as failure:
        await asyncio.wait_for(inbox.expect_next("message", says("marker"), within=60), 1)

    assert "message is 'stray', want 'marker'" in str(failure.value)


async def test_the_next_record_may_come_after_ignored_ones(inbox: Inbox, transcript: Transcript):
    """`expect_next` consumes what it is told to ignore, and leaves pings to whoever wants one."""
    arrive(inbox, transcript, "connected", username="Alice")
    arrive(inbox, transcript, "PING")
    arrive(inbox, transcript, "message", message="marker")

    await inbox.expect_next("message", ignoring=["connected"])

    await inbox.expect("PING")
    with pytest.raises(AssertionError):
        await inbox.expect("connected", within=SOON)


async def test_what_was_passed_over_meets_no_expectation(inbox: Inbox, transcript: Transcript):
    """An expectation that begins afterwards is met by what comes then, not by what is left of before."""
    arrive(inbox, transcript, "list", of="before")
    arrive(inbox, transcript, "message", message="hello")

    inbox.pass_over("list")
    arrive(inbox, transcript, "list", of="now")

    assert (await inbox.expect("list")).payload == {"of": "now"}
    await inbox.expect("message", says("hello"))


async def test_one_of_several_labels_is_enough(inbox: Inbox, transcript: Transcript):
    """An expectation of several labels is met by any."""
    arrive(inbox, transcript, "CLOSED")

    record = await inbox.expect(("exception", "CLOSED"))

    assert record.label == "CLOSED"


async def test_an_expectation_gives_up_when_the_connection_is_over(inbox: Inbox):
    """No expectation waits for its deadline once nothing can arrive any more."""
    waiting = asyncio.create_task(inbox.expect("message", within=60))
    await asyncio.sleep(0)

    inbox.end()

    with pytest.raises(AssertionError, match="but the connection is over"):
        await asyncio.wait_for(waiting, 1)


async def test_what_arrived_before_the_end_is_still_found(inbox: Inbox, transcript: Transcript):
    """The end of a connection hides nothing that arrived before it."""
    arrive(inbox, transcript, "message", message="last words")
    inbox.end()

    await inbox.expect_next("message", says("last words"))
