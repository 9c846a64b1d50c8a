"""Every event that is documented is proved: by what it does, by what breaks it, and by who may not.

`e2e/coverage.yaml` names the requirement of each case; that each of those has a test is held in `test_requirements.py`.
That the test sends or awaits the event is seen from its source (`reach.py`): whether it checks the right thing of it is
shown by the mutants alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml

from e2e.harness.requirements import CONTRACTS, load
from e2e.verify.catalogue import read
from tests.harness.reach import events

COVERAGE = Path(__file__).resolve().parents[2] / "e2e" / "coverage.yaml"
_PARAMETER = re.compile(r"\{[^}]*\}")
CASES = {"does", "broken", "unauthorised"}


def coverage() -> dict[str, dict[str, Any]]:
    return yaml.safe_load(COVERAGE.read_text(encoding="utf-8"))


def documented(action: str) -> set[tuple[str, str]]:
    """Return the events that a server receives, or sends, as gateway and name."""
    found: set[tuple[str, str]] = set()
    for path in CONTRACTS.glob("*/asyncapi.yaml"):
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        messages = document["components"]["messages"]
        for operation in document["operations"].values():
            gateway = operation["channel"]["$ref"].rpartition("/")[2]
            if operation["action"] == action:
                found |= {(gateway, messages[it["$ref"].rpartition("/")[2]]["name"]) for it in operation["messages"]}
    return found


def received() -> dict[tuple[str, str], dict[str, str | None]]:
    return {
        (it, event): cases for it, events in coverage().items() for event, cases in events.items() if event != "sends"
    }


def sent() -> dict[tuple[str, str], str]:
    return {
        (it, event): requirement for it, events in coverage().items() for event, requirement in events["sends"].items()
    }


def named() -> set[str]:
    return {it for cases in received().values() for it in cases.values() if it} | set(sent().values())


def test_every_event_that_a_server_receives_has_its_three_cases():
    """What it does, what a broken payload comes to, and who may not: none is left out, and none is of no event."""
    assert set(received()) == documented("receive")
    assert all(set(cases) == CASES and cases["does"] for cases in received().values())


def test_every_event_that_a_server_sends_is_proved():
    """By the requirement that says when it is sent."""
    assert set(sent()) == documented("send")


def test_every_case_is_a_requirement_that_a_test_proves():
    """A requirement of that contract, which a test names."""
    proved = {claim for test in read() for claim in test.claims}

    assert named() <= set(load()) & proved


def strays(cases: Iterable[tuple[str, str, str]]) -> list[str]:
    """Return the cases, as gateway, event and requirement, of which no test names the event on its way."""
    tests = read()
    return [
        f"{gateway}: no test of {requirement} names {event!r}"
        for gateway, event, requirement in cases
        if not any(_PARAMETER.sub("{}", event) in events(it.id, gateway) for it in tests if requirement in it.claims)
    ]


def test_every_case_is_proved_by_a_test_that_sends_its_event():
    """A requirement that is declared for an event, and whose tests never send it, proves nothing of it."""
    assert not strays((it, event, of) for (it, event), cases in received().items() for of in cases.values() if of)


def test_every_event_that_a_server_sends_is_awaited_by_a_test_of_its_requirement():
    """By name, in the test or in what it calls."""
    assert not strays((it, event, of) for (it, event), of in sent().items())


@pytest.mark.parametrize(
    ("gateway", "event", "requirement"),
    [
        ("direct", "all messages", "DIRECT-SEND-001"),
        ("friends", "message", "FRIENDS-AUTH-004"),
        ("presence", "get_all_online_users", "PRESENCE-AUTH-001"),
        ("rooms", "leave", "ROOMS-CLOSE-001"),
    ],
)
def test_a_declaration_that_is_not_so_is_found(gateway: str, event: str, requirement: str):
    """These requirements have tests, and none of them comes near the event."""
    assert strays([(gateway, event, requirement)]) == [f"{gateway}: no test of {requirement} names {event!r}"]


def test_a_case_that_is_left_out_says_why():
    """Beside the contract: a null is not to be had for nothing."""
    text = COVERAGE.read_text(encoding="utf-8")

    for gateway, declared in coverage().items():
        if any(None in cases.values() for event, cases in declared.items() if event != "sends"):
            assert f"\n{gateway}:  # " in text
