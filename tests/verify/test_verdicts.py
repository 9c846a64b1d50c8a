"""`e2e.verify.verdicts`: what tests say of requirements, and requirements of a server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from e2e.harness.requirements import Requirement
from e2e.verify.result import RequirementResult, TestOutcome, TestResult
from e2e.verify.verdicts import CONFORMS, NOTHING_RAN, VIOLATES, Run, judge, sum_up

MUST = Requirement("A-001", "MUST", "It works.", "decision", "1.0", "a")
SHOULD = Requirement("A-002", "SHOULD", "It is quick.", "decision", "1.0", "a")
MAY = Requirement("A-003", "MAY", "It is blue.", "decision", "1.0", "a")
ALL = frozenset({"A-001", "A-002", "A-003"})


def ran(outcome: TestOutcome, *claims: str, reason: str | None = None) -> Run:
    return Run(TestResult(f"e2e/test_a.py::test_{outcome}", "It works.", outcome, 0.1), claims or ("A-001",), reason)


def verdict_of(
    *runs: Run, missing: Sequence[str] = (), expected: str | None = None, selected: frozenset[str] = ALL
) -> RequirementResult:
    lost: Mapping[str, Sequence[str]] = {"A-001": missing} if missing else {}
    (result,) = judge([MUST], runs, selected=selected, missing=lost, expected={"A-001": expected} if expected else {})
    return result


@pytest.mark.parametrize(
    ("outcomes", "verdict", "verdict_if_expected"),
    [
        (["passed"], "PASS", "XPASS"),
        (["failed"], "FAIL", "XFAIL"),
        (["error"], "FAIL", "XFAIL"),
        (["passed", "failed"], "FAIL", "XFAIL"),
        (["skipped", "failed"], "FAIL", "XFAIL"),
        (["skipped", "passed"], "PASS", "XPASS"),
        (["skipped"], "NOT-APPLICABLE", "NOT-APPLICABLE"),
        ([], "NOT-RUN", "NOT-RUN"),
    ],
)
def test_a_requirement_is_judged_by_what_ran(outcomes: list[TestOutcome], verdict: str, verdict_if_expected: str):
    """One failure is enough; what was skipped does not count, unless all was; an expected failure has to fail."""
    runs = [ran(outcome, reason="why") for outcome in outcomes]

    assert verdict_of(*runs).verdict == verdict
    assert verdict_of(*runs, expected="an old bug").verdict == verdict_if_expected


def test_a_failure_counts_for_every_requirement_that_the_test_proves():
    """As does a success, and for no other requirement."""
    results = judge(
        [MUST, SHOULD, MAY],
        [ran("failed", "A-001", "A-002"), ran("passed", "A-002", "A-003")],
        selected=ALL,
        missing={},
        expected={},
    )

    assert [it.verdict for it in results] == ["FAIL", "FAIL", "PASS"]


def test_what_is_not_applicable_says_each_reason_once():
    """In the order in which the tests are."""
    result = verdict_of(*(ran("skipped", reason=it) for it in ("kills it", "needs a secret", "kills it")))

    assert result.reason == "kills it; needs a secret"


def test_a_test_that_did_not_end_leaves_its_requirement_open():
    """Though others of it passed; a failure is one all the same."""
    assert verdict_of(ran("passed"), missing=["test_b"]).verdict == "NOT-RUN"
    assert verdict_of(ran("failed"), missing=["test_b"]).verdict == "FAIL"
    assert "test_b" in str(verdict_of(missing=["test_b"]).reason)


def test_what_was_not_selected_is_not_judged():
    """A test that proves it too ran for another requirement."""
    result = verdict_of(ran("failed", "A-001", "A-002"), selected=frozenset({"A-002"}))

    assert (result.verdict, result.reason, result.tests) == ("NOT-RUN", "was not selected", ())


def test_an_expected_failure_says_why():
    """So does one that passes."""
    assert verdict_of(ran("failed"), expected="an old bug").reason == "an old bug"
    assert "an old bug" in str(verdict_of(ran("passed"), expected="an old bug").reason)


@pytest.mark.parametrize(
    ("failing", "strict", "code", "warnings"),
    [
        ("A-001", False, VIOLATES, ()),
        ("A-002", False, CONFORMS, ("A-002",)),
        ("A-003", False, CONFORMS, ("A-003",)),
        ("A-002", True, VIOLATES, ()),
        ("A-003", True, VIOLATES, ()),
    ],
)
@pytest.mark.parametrize("how", ["failed", "missing"])
def test_a_must_is_needed_and_the_rest_is_where_it_is_strict(
    failing: str, strict: bool, code: int, warnings: tuple[str, ...], how: str
):
    """A SHOULD or MAY that fails, or could not be judged, is a warning, unless the run is strict."""
    runs = [ran("failed" if it == failing else "passed", it) for it in sorted(ALL) if how == "failed" or it != failing]
    missing = {failing: ["test_b"]} if how == "missing" else {}
    results = judge([MUST, SHOULD, MAY], runs, selected=ALL, missing=missing, expected={})

    judgement = sum_up(results, ALL, strict=strict)

    assert (judgement.exit, judgement.warnings) == (code, warnings)


def test_an_expected_failure_that_passes_is_red():
    """The list is wrong, and would hide the day on which it fails again; one that fails is no harm."""
    outcomes: list[tuple[TestOutcome, int]] = [("passed", VIOLATES), ("failed", CONFORMS)]
    for outcome, code in outcomes:
        results = judge([MUST], [ran(outcome)], selected=ALL, missing={}, expected={"A-001": "an old bug"})
        assert sum_up(results, ALL, strict=True).exit == code


def test_where_nothing_was_judged_nothing_ran():
    """That is neither a success nor a failure."""
    results = judge([MUST], [ran("skipped", reason="kills it")], selected=ALL, missing={}, expected={})

    judgement = sum_up(results, ALL, strict=True)

    assert (judgement.exit, judgement.outcome) == (NOTHING_RAN, "nothing ran")
