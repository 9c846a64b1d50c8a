"""What users make of what servers say, whatever that is."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from load.ledger import REFUSED, STORED

SPEAKING = str(Path(__file__).with_name("speaking.py"))


async def told(contract: str, *events: tuple[str, list[Any]], answer: object = None) -> dict[str, Any]:
    """Return what a user has noted who was told these events, and whose message was answered so."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, SPEAKING, contract, json.dumps(events), json.dumps([answer]) if answer else ""),
        stdout=asyncio.subprocess.PIPE,
    )
    printed, _ = await process.communicate()
    assert process.returncode == 0
    return json.loads(printed.decode().splitlines()[-1])


@pytest.mark.parametrize(
    ("contract", "event", "arguments"),
    [
        ("friends", "message", [5]),
        ("friends", "message", []),
        ("friends", "unseen_messages", [{"not": "a list"}]),
        ("direct", "unreceived messages", [7]),
        ("notifications", "newNotification", []),
        ("presence", "message", ["text"]),
    ],
)
async def test_an_event_that_cannot_be_read_is_unexpected(contract: str, event: str, arguments: list[Any]):
    """It ends nothing, and it is not passed over either."""
    found = await told(contract, (event, arguments))
    assert sum(found["strange"].values()) >= 1, found


async def test_a_process_with_more_users_than_numbers_has_spare_ones():
    """They take no part: a number that nobody has would be of a user that there is not."""
    found = await told("friends")
    assert found["spares"] == [False, True]


async def test_presence_is_held_to_what_it_says_of_whom_it_reached():
    """Who is said not to be there is noted, whatever else the answer says."""
    sent = {"status": "sent", "recipients": {"total": 1, "sent": ["id1"], "failed": []}}
    found = await told("presence", answer=sent)
    assert (found["outcome"], found["audience"], found["denied"]) == (STORED, [1], [])

    half = {"status": "sent", "recipients": {"total": 1, "sent": [], "failed": ["id1"]}}
    found = await told("presence", answer=half)
    assert (found["outcome"], found["audience"], found["denied"]) == (STORED, [], [[0, 1]])

    nobody = {"status": "error", "error": "No recipients online", "recipients": {"sent": [], "failed": ["id1"]}}
    found = await told("presence", answer=nobody)
    assert (found["outcome"], found["denied"]) == (REFUSED, [[0, 1]])

    limited = {"status": "error", "error": "Too many requests", "recipients": {"sent": [], "failed": ["id1"]}}
    found = await told("presence", answer=limited)
    assert (found["outcome"], found["denied"]) == (REFUSED, [])
