"""Live validation: what a client receives is looked up in its contract."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from e2e.harness.schemas import Wire, wire
from e2e.harness.transcript import Record
from tests.harness.test_suites import run_pytest

CHAT = {
    "id": "18f29b46-0000-4000-8000-a1b2c3000000",
    "sender": "a",
    "receiver": "b",
    "message": "hello",
    "createdAt": 1714392000000,
    "received": False,
}


def of(gateway: str, *, exact: bool = True) -> Wire:
    found = wire(gateway, exact=exact)
    assert found is not None
    return found


def got(label: str, *args: Any) -> Record:
    return Record(0.0, "Alice", "received", label, args)


@pytest.mark.parametrize(
    "record",
    [
        got("OPEN", {"sid": "x"}),
        got("PING"),
        got("CLOSED", "ended"),
        got("DISCONNECT"),
        got("CONNECT", {"sid": "x"}),
        got("CONNECT_ERROR", {"message": "Unauthorized"}),
        got("message", CHAT),
        got("all messages", {"a": [CHAT]}),
        got("error", {"id": "b", "message": "Chat not found"}),
    ],
    ids=lambda record: record.label,
)
def test_what_is_documented_is_not_objected_to(record: Record):
    """Packets of the contract, and those of the protocol beneath it."""
    assert of("direct").objection(record) is None


@pytest.mark.parametrize(
    ("record", "objection"),
    [
        (got("unheard of", {}), "the event 'unheard of' is not documented"),
        (got("message", {**CHAT, "createdAt": "now"}), '[\'createdAt\']: "now" is not of type "integer"'),
        (got("message", {key: CHAT[key] for key in CHAT if key != "id"}), '"id" is a required property'),
        (got("message", {**CHAT, "secret": 1}), "Additional properties are not allowed ('secret' was unexpected)"),
        (got("all messages", {"a": [{**CHAT, "received": None}]}), "['a'][0]['received']: null is not of type"),
        (got("message"), "has 0 arguments, not 1"),
        (got("message", CHAT, CHAT), "has 2 arguments, not 1"),
        (got("CONNECT"), "CONNECT has 0 arguments, not 1"),
        (got("CONNECT_ERROR", {"message": 1}), "['message']: 1 is not of type \"string\""),
        (got("DISCONNECT", "why"), "a client is sent DISCONNECT"),
        (got("GARBAGE", "4x"), "a client is sent GARBAGE"),
        (got("BINARY", "00"), "a client is sent BINARY"),
    ],
    ids=lambda value: value.label if isinstance(value, Record) else "",
)
def test_what_is_not_documented_is_objected_to(record: Record, objection: str):
    """An event, a key's type, a missing key, an undocumented key, arguments, and packets that no server sends."""
    assert objection in str(of("direct").objection(record))


def test_an_acknowledgement_is_looked_up_by_what_it_answers():
    """It has the payload that its event is acknowledged with, or that of an error."""
    direct = of("direct")
    assert direct.objection(got("ACK", CHAT), "send message") is None
    assert direct.objection(got("ACK", {"id": "b", "message": "receiver is required"}), "send message") is None
    assert "is not as documented" in str(direct.objection(got("ACK", CHAT), "receive message"))
    assert "'nothing' is not documented" in str(direct.objection(got("ACK", 1), "nothing"))
    assert "is not documented" in str(direct.objection(got("ACK", 1)))
    assert "is not documented" in str(of("friends").objection(got("ACK", None), "message"))


def test_an_event_that_is_named_after_a_room_is_found():
    """`participants/<roomId>` is documented for any room."""
    everybody = [{"roomId": "a/b\n", "username": "Ann", "connected": True}]
    assert of("rooms").objection(got("participants/a/b\n", everybody)) is None
    assert of("rooms").objection(got("participants/", everybody)) is not None


def test_a_key_that_is_part_of_a_payload_whatever_it_is_passes():
    """What a service puts into a notification comes with it."""
    told = {"message": "a", "userId": "b", "id": "c", "createdAt": "2024-04-29T12:00:00.000Z", "order": {"no": 7}}
    assert of("notifications").objection(got("newNotification", told)) is None


def test_a_server_of_somebody_else_may_send_more_keys():
    """Clients pass over those that they do not know; what is documented has to be there, and of its type."""
    direct = of("direct", exact=False)
    assert direct.objection(got("message", {**CHAT, "more": 1})) is None
    assert direct.objection(got("message", {**CHAT, "createdAt": "now"})) is not None
    assert direct.objection(got("unheard of")) is not None


TEST = """
from e2e.harness.client import Client
from e2e.harness.transcript import Transcript

def test_it(transcript: Transcript):
    transcript.breach("Alice", "direct: the event 'x' is not documented")
"""


def test_a_breach_fails_the_test_that_saw_it(tmp_path: Path):
    """Also where no expectation of the test was about the packet."""
    printed = run_pytest(tmp_path, TEST)
    assert "1 failed" in printed
    assert "Alice: direct: the event 'x' is not documented" in printed


LATE = """
import pytest
from e2e.harness.transcript import Transcript

@pytest.fixture
def late(transcript: Transcript):
    yield
    transcript.breach("Alice", "direct: the event 'x' is not documented")

def test_it(late):
    pass
"""


def test_a_breach_after_the_last_word_of_a_test_fails_it_too(tmp_path: Path):
    """What comes while devices are closed is looked at as well."""
    printed = run_pytest(tmp_path, LATE)
    assert "1 error" in printed
    assert "Alice: direct: the event 'x' is not documented" in printed
