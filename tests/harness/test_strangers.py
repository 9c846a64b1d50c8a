"""A stranger's server and what is said of it: each fault, by the requirement that it breaks, and nothing else."""

import json
from pathlib import Path

import pytest

from e2e.verify.result import load
from e2e.verify.verdicts import VIOLATES
from tests.stranger import over, stranger

BROKEN = {
    "FRIENDS-AUTH-006": "a login that lacks something, or is no JSON, is answered 500",
    "FRIENDS-USER-002": "the same e-mail in capitals makes another user",
    "FRIENDS-USER-003": "no field of a registration is looked at",
    "FRIENDS-USER-006": "who adds a friend, and whom, is not looked at",
    "FRIENDS-REST-004": "REST has no CORS, so no page of another origin can log in",
    "FRIENDS-REST-010": "a body that cannot be read is answered 500",
    "FRIENDS-CONNECT-002": "a token that is no string is answered by nothing at all",
    "FRIENDS-CONNECT-007": "a socket outlives its token",
    "FRIENDS-MESSAGE-004": "python-socketio acknowledges whatever asks for it",
    "FRIENDS-MESSAGE-007": "a payload of any type is delivered",
    "FRIENDS-MESSAGE-008": "a message has no limit",
    "FRIENDS-MESSAGE-010": "half a surrogate pair is delivered",
    "FRIENDS-MESSAGE-013": "NaN is delivered, which no browser can parse: it loses its connection",
    "FRIENDS-PRESENCE-003": "a lost connection has no grace",
    "FRIENDS-PRESENCE-004": "every device is announced, coming and going",
    "FRIENDS-PRESENCE-005": "a reload is announced",
    "FRIENDS-OFFLINE-001": "unseen_messages is sent before CONNECT",
    "FRIENDS-OFFLINE-004": "messages have no id",
    "FRIENDS-OFFLINE-006": "what was sent to a socket counts as seen",
    "FRIENDS-OFFLINE-007": "likewise, whatever its PONG was to",
    "FRIENDS-OFFLINE-008": "a list that was sent is forgotten",
    "FRIENDS-OFFLINE-009": "no PING follows a message",
    "FRIENDS-OFFLINE-010": "what was sent to a dead connection is lost",
    "FRIENDS-OFFLINE-011": "what was sent to a frozen client is lost",
    "FRIENDS-OFFLINE-017": "who connects amid a stream gets what is live before what was unseen",
    "FRIENDS-WIRE-001": "where the examples have an exception, it is silent",
}
"""What breaks each MUST. All were looked at by hand: it is so, and somebody would come to harm by it."""

WARNED = {
    "FRIENDS-AUTH-003": "a form is answered 500",
    "FRIENDS-AUTH-010": "a user is named by sub alone",
    "FRIENDS-REST-003": "a 405 does not say what is allowed: the middleware drops the header",
    "FRIENDS-REST-006": "there are no security headers",
    "FRIENDS-REST-007": "there are no request ids",
}


@pytest.mark.timeout(300)
async def test_a_report_on_a_strangers_server_names_its_faults_and_nothing_else(tmp_path: Path):
    """Every MUST that is said to be broken is, for a reason of its own; what is not, could be judged and is kept."""
    async with stranger() as url:
        command = ("verify", "--contract", "friends", "--workers", "8", "--report", "report")
        code, printed = await over(url, tmp_path, *command)

    assert code == VIOLATES, printed
    report = load(tmp_path / "report" / "report.json")
    failed = {it.id: it for it in report.requirements if it.verdict == "FAIL"}
    why = {id_: [test.failure.message for test in it.tests if test.failure] for id_, it in failed.items()}
    assert {id_ for id_, it in failed.items() if it.level == "MUST"} == set(BROKEN), json.dumps(why, indent=1)
    assert set(report.warnings) == set(WARNED), json.dumps(why, indent=1)
    assert report.counts["NOT-RUN"] == 0
    assert report.counts["PASS"] >= 38
