"""`e2e.report.hints`: what a profile might say."""

from __future__ import annotations

import pytest

from e2e.report.hints import unoffered
from e2e.report.html import page
from e2e.verify.result import Entry
from tests.report.reports import failed, report, requirement


def called(*calls: str):
    transcript = [Entry(0.1, "rest", "noted", call) for call in calls]
    return report(requirement("A-001", "FAIL", failed(None, *transcript)))


@pytest.mark.parametrize(
    ("calls", "found"),
    [
        (["GET /messages -> 404 {}"] * 3, ["history"]),
        (["GET /messages -> 404 {}"] * 2, []),
        (["GET /messages -> 404 {}", "GET /messages?limit=x -> 400 {}", "GET /messages -> 404 {}"], []),
        (["GET /nowhere -> 404 {}"] * 9, []),
        (["GET /healthz -> 404 {}", "GET /metrics -> 404 {}", "GET /readyz -> 404 {}"], ["probes"]),
    ],
)
def test_what_is_answered_404_whatever_is_asked_of_it_seems_not_to_be_offered(calls: list[str], found: list[str]):
    """Not after one or two, not if anything else was ever answered, and not what is of no feature."""
    assert unoffered(called(*calls)) == found


def test_the_page_says_what_to_write():
    """Whoever runs the command for the first time has no profile, and thinks that everything is wrong."""
    assert "<code>history = false</code>" in page([called(*["GET /messages -> 404 {}"] * 3)])
    assert "= false</code>" not in page([called("GET /messages -> 404 {}")])
