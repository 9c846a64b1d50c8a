"""The examples that were written by hand: valid, and of everything that there is. The e2e suites play them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.contracts.registry import CONTRACTS, FOLDERS
from e2e.harness import requirements
from e2e.harness.examples import Example, Step, Values, load
from e2e.harness.schemas import wire
from e2e.harness.transcript import Record

EXAMPLES = load()


def steps(example: Example) -> Iterator[tuple[str, Step, str | None]]:
    """Yield the steps on the wire, each with the gateway that it is of, and the event that an acknowledgement is of."""
    gateways: dict[str, str] = {}
    asked: dict[tuple[str, int | None], str] = {}
    for step in example.exchange:
        if step.label == "CONNECT" and step.way == "sent":
            gateways[step.who] = step.gateway or example.contract
        if step.way == "sent":
            asked[step.who, step.ack] = step.label
        if not step.rest and (step.way, step.label) != ("sent", "DISCONNECT"):
            yield gateways[step.who], step, asked.get((step.who, step.ack))


def named(example: object) -> str:
    return f"{example.contract}-{example.name}" if isinstance(example, Example) else str(example)


@pytest.mark.parametrize("example", EXAMPLES, ids=named)
def test_an_example_is_valid(example: Example):
    """Every packet of both sides is as the schemas have it, but for what is said to be broken, which is not."""
    for gateway, step, asked in steps(example):
        found = wire(gateway, exact=True)
        assert found is not None
        record, broken = step.record, step.broken
        objection = found.objection(record, asked if step.label == "ACK" else None)
        assert (objection is not None) == broken, (objection, step)


@pytest.mark.parametrize("example", EXAMPLES, ids=named)
def test_an_example_says_what_it_shows(example: Example):
    """It has a title, and names requirements of its contract."""
    known = requirements.load()
    assert example.title
    assert example.requirements
    assert set(example.requirements) <= known.keys()
    assert all(one.startswith(example.contract.upper()) for one in example.requirements)


@pytest.mark.parametrize("example", EXAMPLES, ids=named)
def test_every_value_of_an_example_is_used(example: Example):
    """What is said to be chosen, made or somebody's stands somewhere in the exchange."""
    told = str([(step.label, step.args, step.query, step.headers) for step in example.exchange])
    assert [value for value in (*example.chosen, *example.made) if str(value) not in told] == []
    assert {one for pair in example.friends for one in pair} <= set(example.people)


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_examples_of_a_contract_have_all_of_it(folder: str):
    """Every event of both ways, every acknowledgement, every way to be refused, and a broken payload."""
    shown: set[tuple[str, str, str]] = set()
    for example in EXAMPLES:
        if example.contract == folder:
            for gateway, step, asked in steps(example):
                label = "participants/{roomId}" if step.label.startswith("participants/") else step.label
                shown.add((gateway, step.way, f"ACK {asked}" if step.label == "ACK" else label))
                shown |= {(gateway, step.way, "broken")} if step.broken else set()
    wanted: set[tuple[str, str, str]] = set()
    for contract in FOLDERS[folder]:
        wanted |= {(contract.name, "sent", event.name) for event in (*contract.sent,)}
        wanted |= {(contract.name, "sent", "broken")}
        wanted |= {(contract.name, "received", event.name) for event in contract.received}
        wanted |= {(contract.name, "received", f"ACK {event.name}") for event in contract.sent if event.answer}
        if contract.failure.event:
            wanted.add((contract.name, "received", contract.failure.event))
        if contract.name != "internal" and any(it.packet == "connect_error" for it in contract.refusals):
            wanted.add((contract.name, "received", "CONNECT_ERROR"))
    assert wanted - shown == set()


def test_there_is_an_example_of_every_contract():
    """Whoever adds a contract writes one."""
    assert {example.contract for example in EXAMPLES} == {contract.folder for contract in CONTRACTS}


def test_what_the_server_made_is_the_same_wherever_it_stands():
    """Its first occurrence stands for whatever comes there, and the others for the same."""
    values = Values(["id", 7])
    assert values.problem({"a": "id", "b": 7}, {"a": "x", "b": 8}) is None
    assert values.filled(["id", 7, {"id": "an id"}]) == ["x", 8, {"x": "an x"}]
    assert values.problem(["id"], ["y"]) == "it[0] is 'y', want 'x'"


@pytest.mark.parametrize(
    ("wanted", "got", "problem"),
    [
        ({"a": 1}, {"a": True}, "it['a'] is True, want 1"),
        ({"a": 1, "b": 2}, {"a": 1}, "it has no b"),
        ([1, 2], [1], "it has 1 entries, want 2"),
        ("made", 1, "it is 1, want 'made'"),
        ([{"a": 1}], [], "it has 0 entries, want 1"),
    ],
)
def test_what_differs_is_told(wanted: object, got: object, problem: str):
    """A key, a type, a number of entries."""
    assert Values(["made"]).problem(wanted, got) == problem


def test_keys_may_be_missing_or_more():
    """What clients pass over is the schemas' business, and some keys a server need not send."""
    assert Values([], ["id"]).problem({"a": 1, "id": 2}, {"a": 1, "b": 2}) is None
    assert Values([], ["id"]).problem({"a": 1, "id": 2}, {"a": 1, "id": 3}) == "it['id'] is 3, want 2"


def test_a_list_may_have_others_too():
    """Where an example says so, entries are looked for in any order, and what differs makes nothing known."""
    values = Values(["t"])
    assert values.problem([{"a": 1, "at": "t"}], [{"a": 2, "at": "x"}, {"a": 1, "at": "y"}], among=True) is None
    assert values.filled("t") == "y"
    assert values.problem([{"a": 3}], [{"a": 2}], among=True) == "it has no {'a': 3}"


def test_what_is_sent_is_looked_up_too():
    """A payload of a client has a schema, and may be left out where that is documented."""
    direct = wire("direct", exact=True)
    assert direct is not None
    assert direct.objection(Record(0.0, "Ann", "sent", "all messages")) is None
    assert direct.objection(Record(0.0, "Ann", "sent", "receive message")) is not None
    assert direct.objection(Record(0.0, "Ann", "sent", "message", ({},))) is not None
