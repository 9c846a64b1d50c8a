"""`e2e.report.matrix`: requirements against runs."""

from e2e.report.matrix import matrix, status
from tests.report.reports import report, requirement, with_every_verdict


def test_a_failure_that_does_not_count_is_a_warning():
    """A SHOULD is one, unless the run was strict and so does not list it."""
    found = requirement("A-001", "FAIL", level="SHOULD")
    assert status(report(found), found) == "WARN"
    assert status(report(found, warnings=()), found) == "FAIL"


def test_what_is_wrong_comes_worst_first():
    """Failures, then unexpected passes, then warnings; nothing that is in order."""
    assert [row.worst for row in matrix([with_every_verdict()]).problems] == ["FAIL", "XPASS", "WARN"]


def test_runs_differ_where_their_verdicts_do():
    """A requirement that one of them does not know differs too."""
    one = report(requirement("A-001"), requirement("A-002"), requirement("B-001"))
    other = report(requirement("A-001"), requirement("A-002", "FAIL"), requirement("C-001"))
    found = matrix([one, other])

    assert {row.id: row.statuses for row in found.differences} == {
        "FRIENDS-A-002": ("PASS", "FAIL"),
        "FRIENDS-B-001": ("PASS", "UNKNOWN"),
        "FRIENDS-C-001": ("UNKNOWN", "PASS"),
    }
    assert len(found.rows) == 4


def test_requirements_are_counted_by_status():
    """In the matrix as rows, in a run as requirements."""
    one = report(requirement("A-001"), requirement("A-002"))
    other = report(requirement("A-001"), requirement("A-002", "FAIL"))
    found = matrix([one, other])

    assert found.counts == {"FAIL": 1, "PASS": 2}
    assert found.tally(1) == (("PASS", 1), ("FAIL", 1))


def test_an_area_is_one_wherever_its_requirements_stand():
    """An id says it; one of several words does too."""
    rows = matrix([report(requirement("A-001"), requirement("B-C-001"), requirement("A-002"))])
    assert [(area.name, len(area.rows)) for area in rows.areas(rows.rows)] == [("A", 2), ("B c", 1)]
