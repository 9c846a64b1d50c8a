"""`e2e.report.diagram`: who told whom what, and when."""

from __future__ import annotations

from typing import Any

import pytest

from e2e.report.diagram import MOST_LANES, MOST_STEPS, Diagram, diagram
from e2e.verify.result import Entry, Failure
from tests.report.reports import failed, passed


def drawn(*entries: Entry, **changes: Any) -> Diagram:
    failure = Failure(**{"message": "Bob was to receive “message”, but nothing came", "at": 9.0} | changes)
    found = diagram(failed(failure, *entries))
    assert found
    return found


def sent(at: float, who: str, label: str = "message", *args: Any) -> Entry:
    return Entry(at, who, "sent", label, args)


def received(at: float, who: str, label: str = "message", *args: Any, ack: int | None = None) -> Entry:
    return Entry(at, who, "received", label, args, ack)


def test_the_server_stands_between_the_clients():
    """What one says goes to it, and comes from it to the other."""
    found = drawn(sent(0.1, "Ann"), received(0.2, "Bob"))
    ann, server, bob = found.lanes
    there, back, _ = found.steps

    assert [lane.name for lane in found.lanes] == ["Ann", "server", "Bob"]
    assert server.is_server
    assert (there.start, there.end) == (ann.x, server.x)
    assert (back.start, back.end) == (server.x, bob.x)
    assert there.told == "Ann sent the server message"
    assert back.told == "the server sent Bob message"


def test_devices_of_one_person_stand_together():
    """Ann's second device is beside her first, whoever came between."""
    found = drawn(sent(0.1, "Ann"), sent(0.2, "Bob"), sent(0.3, "Ann#2"), sent(0.4, "Carol"))
    assert [lane.name for lane in found.lanes] == ["Ann", "Ann#2", "server", "Bob", "Carol"]


def test_the_moment_of_the_failure_stands_in_its_place():
    """On the lifeline of whoever waited, after what came before it; what the test did afterwards is marked."""
    found = drawn(sent(0.1, "Ann"), sent(0.9, "Ann", "DISCONNECT"), received(0.2, "Bob"), at=0.5, who="Bob")

    assert [step.kind for step in found.steps] == ["sent", "received", "failed", "sent"]
    assert [step.after for step in found.steps] == [False, False, False, True]
    assert found.steps[2].start == found.lanes[-1].x
    assert found.steps[2].at == 0.5
    assert found.steps[2].line == "Bob was to receive “message”, but nothing came"


def test_a_failure_without_an_instant_is_after_everything():
    """A report of another tool may not say when."""
    assert drawn(sent(0.1, "Ann"), sent(0.9, "Ann"), at=None).steps[-1].at == 0.9


def test_who_waited_is_read_from_the_message_too():
    """`Bob: expected ...` is about Bob."""
    found = drawn(sent(0.1, "Ann"), received(0.2, "Bob"), message="Bob: expected x")
    assert found.steps[-1].start == found.lanes[-1].x


def test_what_came_instead_is_marked():
    """The packet that the failure lists, at the client that waited, and no other."""
    got = 'something else came first\n   0.200  Bob          <- message {"n": 1}\n            n is 1, want 2'
    found = drawn(received(0.2, "Ann"), received(0.2001, "Bob"), received(0.2002, "Bob", "PING"), got=got)
    assert [step.why for step in found.steps] == [None, "n is 1, want 2", None, None]


@pytest.mark.parametrize("payload", [{"n": 1}, [{"n": 0}, {"n": 1}]], ids=["alone", "in a list"])
def test_a_payload_with_a_fault_is_marked(payload: Any):
    """Where a test looked at one packet, and not at what came next."""
    got = "n is 1\nin {'n': 1}"
    found = drawn(received(0.1, "Bob", "a", {"n": 2}), received(0.2, "Bob", "a", payload), got=got, message="n is 1")
    assert [step.why for step in found.steps] == [None, "n is 1", None]


def test_a_pause_is_wider_the_longer_it_is():
    """And told in words where it is worth some."""
    found = drawn(sent(0.0, "Ann"), sent(0.001, "Ann"), sent(0.2, "Ann"), sent(5.0, "Ann"))

    assert [step.pause for step in found.steps] == [0, 0, 2, 4, 4]
    assert [step.silence for step in found.steps] == ["", "", "", "4.80 s later", "4.00 s later"]


def test_a_call_of_rest_goes_there_and_back():
    """With its status on the arrow, its path and body beside it."""
    call = Entry(0.2, "Ann", "noted", 'GET /users/me -> 200 {"name": "Ann"}')
    step = drawn(sent(0.1, "Ann"), call).steps[1]

    assert (step.kind, step.label, step.line) == ("called", "GET → 200", '/users/me {"name": "Ann"}')


def test_a_call_of_rest_can_be_read_whole():
    """What was asked is half of why an answer is wrong: its body on the line, all headers of both in a block."""
    exchange = {"asked": {"Origin": "http://a"}, "body": {"email": 7}, "answered": {"Allow": "GET"}}
    call = Entry(0.2, "Ann", "noted", "POST /auth/login -> 500 oops", (exchange,))
    step = drawn(sent(0.1, "Ann"), call).steps[1]

    assert step.line == '/auth/login {"email": 7} → oops'
    assert step.block == 'POST /auth/login\nOrigin: http://a\n\n{"email": 7}\n\n→ 500\nAllow: GET\n\noops'


def test_what_is_not_in_the_contract_stands_out():
    """In red, and the objection once."""
    noted = Entry(0.2, "Ann", "noted", "BREAKS THE CONTRACT the acknowledgement is not documented")
    step = drawn(sent(0.1, "Ann"), noted).steps[1]

    assert (step.label, step.line) == ("not in the contract", "the acknowledgement is not documented")
    assert step.breach


def test_a_packet_of_another_namespace_names_it():
    """Without it a test that waits for a refusal seems to be refused."""
    refused = Entry(0.2, "Ann", "received", "CONNECT_ERROR", ("no",), None, "/nowhere")
    assert drawn(sent(0.1, "Ann"), refused).steps[1].label == "CONNECT_ERROR /nowhere"


def test_calls_before_anybody_connects_are_one_step():
    """They make the users of the test; who called them has no lifeline for it."""
    call = Entry(0.1, "rest", "noted", "POST /users -> 201 {}")
    found = drawn(call, call, sent(0.2, "Ann"))

    assert [lane.name for lane in found.lanes] == ["Ann", "server"]
    assert found.steps[0].line == "2 calls over HTTP before anybody connected"
    assert found.steps[0].block == "\n".join(["0.100  rest: POST /users -> 201 {}"] * 2)


def test_a_test_of_rest_alone_shows_its_calls():
    """They are what it is about."""
    call = Entry(0.1, "rest", "noted", "POST /users -> 500 oops")
    assert [step.kind for step in drawn(call).steps] == ["called", "failed"]


def test_an_acknowledgement_says_of_what_it_is_one():
    """By its number, on both ways."""
    found = drawn(Entry(0.1, "Ann", "sent", "join", (), 4), received(0.2, "Ann", "ACK", {}, ack=4))
    assert [step.label for step in found.steps[:2]] == ["join #4", "ACK #4"]


def test_a_long_payload_can_be_read_whole():
    """Its beginning on the line, and all of it, indented, in a block; a short one needs none."""
    long, short, _ = drawn(sent(0.1, "Ann", "message", {"text": "x" * 500}), sent(0.2, "Ann", "message", "hi")).steps

    assert len(long.line) < 200
    assert long.block == '{\n  "text": "' + "x" * 500 + '"\n}'
    assert (short.line, short.block) == ('"hi"', None)


def test_the_middle_of_a_very_long_transcript_is_left_out():
    """And said to be; its end, where it failed, is there."""
    found = drawn(*(sent(at / 1000, "Ann", "message", at) for at in range(2000)))

    assert len(found.steps) == MOST_STEPS + 2
    (gap,) = [step for step in found.steps if step.kind == "omitted"]
    assert gap.line == f"{2000 - MOST_STEPS} packets are left out here; report.json has them"
    assert found.steps[-2].line == "1999"


def test_many_clients_share_a_lifeline():
    """Whoever waited has one of their own; the others' packets say whose they are."""
    clients = [f"Guest {number}" for number in range(30)]
    found = drawn(*(sent(0.1, who) for who in clients), who="Guest 29")

    assert len(found.lanes) == MOST_LANES + 2
    assert "Guest 29" in [lane.name for lane in found.lanes]
    assert "+21 others" in [lane.name for lane in found.lanes]
    assert found.steps[20].line == "Guest 20:"


def test_lifelines_fit_the_width():
    """None stands on the edge, and no two in one place."""
    places = [lane.x for lane in drawn(*(sent(0.1, who) for who in "ABCDEFGH")).lanes]
    assert places == sorted(set(places))
    assert 0 < places[0] < places[-1] < 100


@pytest.mark.parametrize("test", [passed(), failed()], ids=["it passed", "nobody was connected"])
def test_there_is_none_without_a_transcript_of_a_failure(test: Any):
    """Nothing is drawn of nothing."""
    assert diagram(test) is None


def test_what_cannot_be_seen_is_shown_as_an_escape():
    """Names, events and payloads may be an attacker's."""
    found = drawn(sent(0.1, "Ann\x1b[2J", "ev\u202eil", {"k": "\x9b\u2028"}), message="\x1b[0m")
    shown = "".join(f"{step.told}{step.label}{step.line}{step.block}" for step in found.steps)
    assert shown.isprintable()
    assert "\\u202e" in shown
