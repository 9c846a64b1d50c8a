"""`e2e.report.badge`: what shields.io shows."""

import json

import pytest

from e2e.report.badge import badge
from e2e.verify.result import UNSELECTED
from tests.report.reports import report, requirement

KNOWN = {"schemaVersion", "label", "message", "color", "isError"}
"""Keys of the endpoint badge's schema; the service refuses others."""


@pytest.mark.parametrize(
    ("found", "message", "color"),
    [
        (report(requirement()), "conforms", "brightgreen"),
        (report(requirement("A-001", "FAIL"), requirement()), "1 of 2 not met", "red"),
        (report(requirement("A-001", "FAIL", level="SHOULD")), "conforms, 1 warning", "yellowgreen"),
        (
            report(requirement(), requirement("A-002", "NOT-RUN", reason=UNSELECTED)),
            "conforms (1 of 2 tried)",
            "lightgrey",
        ),
        (report(requirement("A-001", "NOT-RUN"), outcome="nothing ran", exit=3), "nothing ran", "lightgrey"),
    ],
)
def test_the_badge_says_how_it_went(found, message: str, color: str):
    """In words and in a colour, by the version of the contract."""
    shown = json.loads(badge(found))

    assert set(shown) == KNOWN
    assert shown["schemaVersion"] == 1
    assert (shown["label"], shown["message"], shown["color"]) == ("friends 1.0", message, color)
    assert shown["isError"] is (found.exit != 0)
