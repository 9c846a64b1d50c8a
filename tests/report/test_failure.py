"""`e2e.verify.failure`: what the harness and pytest say is understood without knowing either."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from e2e.harness.expect import Inbox
from e2e.harness.match import equals, has, keys, must, says
from e2e.harness.rest import Answer
from e2e.harness.transcript import Transcript
from e2e.report.explanation import explain
from e2e.verify.failure import failure


def inbox(*payloads: Any) -> Inbox:
    """Return the inbox of Bob, who received messages."""
    transcript = Transcript()
    found = Inbox("Bob", transcript)
    for payload in payloads:
        found.put(transcript.add("Bob", "received", "message", payload))
    return found


async def test_a_packet_that_came_instead_is_told():
    """Who waited for what, with which contents, and what came, with its fault."""
    with pytest.raises(AssertionError) as raised:
        await inbox({"message": "once"}).expect_next("message", says("back"))
    found = failure(raised.value, "e2e/test_it.py:3", 0.5)

    assert found.message == "Bob was to receive “message”, as the very next packet, but something else came first"
    assert found.expected == "“message”, as the very next packet, in which\n  message is 'back'"
    assert found.got is not None
    assert found.got.startswith("something else came first\n")
    assert 'message {"message": "once"}' in found.got
    assert found.got.endswith("message is 'once', want 'back'")
    assert (found.who, found.where, found.at) == ("Bob", "e2e/test_it.py:3", 0.5)
    assert "transcript" not in f"{found.message}{found.expected}{found.got}"


async def test_a_packet_that_never_came_is_told():
    """Nothing came: nothing is listed."""
    with pytest.raises(AssertionError) as raised:
        await inbox().expect("message", says("hello"), within=0.01)
    found = failure(raised.value)

    assert found.message == "Bob was to receive “message”, but nothing fitting came within 0.01 s"
    assert (found.expected, found.got) == ("“message”", "nothing fitting came within 0.01 s")


@pytest.mark.parametrize(
    ("payload", "check", "message", "expected", "got"),
    [
        ({"n": 1}, has(n=2), "n is 1, want 2", "n is 2", "n is 1\nin {'n': 1}"),
        ({}, has(n=2), "n is missing, want 2", "n is 2", "n is missing\nin {}"),
        ({"b": 1}, keys("a"), "keys are ['b'], want ['a']", "keys are ['a']", "keys are ['b']\nin {'b': 1}"),
        ([1], equals([2]), "got [1], want [2]", "[2]", "[1]"),
    ],
)
def test_a_matcher_s_objection_is_taken_apart(
    payload: Any, check: Callable[[Any], str | None], message: str, expected: str, got: str
):
    """Expected and got each name the key."""
    with pytest.raises(AssertionError) as raised:
        must(payload, check)
    found = failure(raised.value)

    assert (found.message, found.expected, found.got) == (message, expected, got)


def test_an_answer_of_another_status_is_taken_apart():
    """The status that was wanted, and the whole answer that came."""
    answer = Answer("POST /users", 400, CIMultiDictProxy(CIMultiDict()), '{"message": "name is missing"}')
    with pytest.raises(AssertionError) as raised:
        answer.must(201)
    found = failure(raised.value)

    assert found.message == "POST /users was answered 400, want 201"
    assert (found.expected, found.got) == ("status 201", 'POST /users -> 400 {"message": "name is missing"}')


def test_a_body_with_a_fault_is_taken_apart():
    """What is wrong with it comes first, the whole answer after it."""
    answer = Answer("GET /users/me", 200, CIMultiDictProxy(CIMultiDict()), '{"name": "Bob"}')
    with pytest.raises(AssertionError) as raised:
        answer.must(200, has(name="Ann"))
    found = failure(raised.value)

    assert found.message == "name is 'Bob', want 'Ann'"
    assert (found.expected, found.got) == ("name is 'Ann'", 'name is \'Bob\'\nin GET /users/me -> 200 {"name": "Bob"}')


def test_a_comparison_of_pytest_is_taken_apart():
    """The first difference is the message; what the test says of it comes before."""
    text = "order\nassert ['one', 'two'] == ['two', 'one']\n  \n  At index 0 diff: 'one' != 'two'\n  Use -v to see more"
    found = failure(AssertionError(text))

    assert found.message == (
        "order: the same values in another order; the first difference is at index 0: got 'one', want 'two'"
    )
    assert (found.expected, found.got) == ("['two', 'one']", "['one', 'two']")


@pytest.mark.parametrize(
    ("got", "want", "told"),
    [
        (["a"], ["b", "a", "c"], "2 missing ('b', 'c'); "),
        (["b", "b", "a"], ["a", "b"], "1 too many ('b'); "),
        ([{"n": 1}], [{"n": 2}], "1 missing ({'n': 2}); 1 too many ({'n': 1}); "),
    ],
)
def test_what_is_missing_or_too_much_is_said(got: list[Any], want: list[Any], told: str):
    """A list of messages is seldom wrong at one index alone."""
    found = failure(AssertionError(f"assert {got} == {want}\n  \n  At index 0 diff: {got[0]!r} != {want[0]!r}"))
    assert found.message == f"{told}the first difference is at index 0: got {got[0]!r}, want {want[0]!r}"


def test_strings_are_no_lists():
    """Nobody wants their letters counted."""
    assert failure(AssertionError("assert 'ab' == 'bc'\n  \n  - bc\n  + ab")).message == "got 'ab', want 'bc'"


def test_a_comparison_without_a_difference_says_both():
    """Numbers and such."""
    found = failure(AssertionError("assert 3 == 2\n +  where 3 = count()"))

    assert (found.message, found.expected, found.got) == ("got 3, want 2", "2", "3")


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (AssertionError("assert not ['late']"), "this does not hold: not ['late']"),
        (AssertionError("it came twice\nassert 'a' in 'b'"), "it came twice"),
        (AssertionError("undocumented event gossip"), "undocumented event gossip"),
        (AssertionError(), "a check of the test failed; it does not say why"),
        (TimeoutError(), "the server did not answer in time"),
        (ConnectionRefusedError(111, "refused"), "the connection failed: [Errno 111] refused"),
        (ValueError("no JSON"), "ValueError: no JSON"),
        (KeyError("id"), "what came has no key 'id'"),
        (ValueError("not enough values to unpack (expected 1, got 0)"), "got 0, want 1 in a list"),
        (ValueError("too many values to unpack (expected 1)"), "got more than 1, want 1 in a list"),
        (asyncio.CancelledError(), "CancelledError"),
    ],
)
def test_whatever_else_is_said_in_words(error: BaseException, message: str):
    """Nothing is left empty, and a failed connection is no fault of the suite."""
    assert failure(error).message == message


async def test_a_packet_that_is_no_object_is_said_to_have_to_be_one():
    """“in which an object” is no sentence."""
    with pytest.raises(AssertionError) as raised:
        await inbox("no").expect_next("message", has(n=1))
    assert failure(raised.value).expected == "“message”, as the very next packet, in which\n  it is an object"


def test_a_complaint_that_names_nothing_is_shown_with_what_the_test_looked_at():
    """`got 2, want 0` is of no use to who has not the test; one that names its subject stays short."""
    check = 'assert alice.count("ACK") == 0'
    bare = failure(AssertionError("assert 2 == 0"), check=check)
    told = failure(AssertionError("it was acknowledged\nassert 2 == 0"), check=check)

    assert explain(bare).headline == f"got 2, want 0: {check}"
    assert explain(told).headline == "it was acknowledged: got 2, want 0"


def test_the_whole_text_is_kept():
    """For those who know the suite."""
    assert failure(AssertionError("short\n\ntranscript (seconds):\n 0.1 Ann")).details == (
        "short\n\ntranscript (seconds):\n 0.1 Ann"
    )
