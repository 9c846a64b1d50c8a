"""Reports that tests make: only what a test is about is said."""

from __future__ import annotations

from typing import Any

from e2e.verify.result import (
    VERDICTS,
    Entry,
    Failure,
    Report,
    RequirementResult,
    TestResult,
    Tool,
    Verdict,
    count,
)

__all__ = ["HOSTILE", "failed", "passed", "report", "requirement", "with_every_verdict"]

HOSTILE = (
    "</script><script>document.title='owned'</script><img src=x onerror=document.title='owned'>\x1b[2J\u202e\ud800\0"
)
"""What an attacker would have us show."""


def passed(title: str = "It does.", parameter: str = "") -> TestResult:
    name = f"e2e/gateway/test_it.py::test_it_does{f'[{parameter}]' if parameter else ''}"
    return TestResult(name, title, "passed", 0.2)


def failed(failure: Failure | None = None, *transcript: Entry, title: str = "It does not.") -> TestResult:
    failure = failure or Failure("got 1, want 2", "2", "1", "e2e/gateway/test_it.py:7", 0.5)
    return TestResult("e2e/gateway/test_it.py::test_it", title, "failed", 0.5, failure, transcript)


def requirement(
    name: str = "AREA-001", verdict: Verdict = "PASS", *tests: TestResult, **changes: Any
) -> RequirementResult:
    values: dict[str, Any] = {"level": "MUST", "text": "A server does it.", "source": "decision", "since": "1.0"}
    return RequirementResult(id=f"FRIENDS-{name}", verdict=verdict, tests=tests, **values | changes)


def report(*requirements: RequirementResult, **changes: Any) -> Report:
    bad = any(it.verdict in ("FAIL", "XPASS") and it.level == "MUST" for it in requirements)
    values: dict[str, Any] = {
        "tool": Tool("parley", "0.1.0"),
        "contracts": "1.0",
        "contract": "friends",
        "targets": ("http://127.0.0.1:3000",),
        "label": "A server",
        "started": "2026-11-28T13:00:00Z",
        "seconds": 41.2,
        "strict": False,
        "outcome": "does not conform" if bad else "conforms",
        "exit": int(bad),
        "counts": count(it.verdict for it in requirements),
        "warnings": tuple(it.id for it in requirements if it.verdict == "FAIL" and it.level != "MUST"),
    }
    return Report(requirements=requirements, **values | changes)


def with_every_verdict(**changes: Any) -> Report:
    """Return a report that has each verdict once, and a warning."""
    reasons = {"XFAIL": "known: issue 7", "NOT-APPLICABLE": "offers no REST", "NOT-RUN": "no test was chosen"}
    found = [
        requirement(f"{verdict.replace('-', '')}-001", verdict, *_tests(verdict), reason=reasons.get(verdict))
        for verdict in VERDICTS
    ]
    warned = requirement("WARN-001", "FAIL", failed(), level="SHOULD")
    return report(*found, warned, **changes)


def _tests(verdict: Verdict) -> tuple[TestResult, ...]:
    if verdict in ("FAIL", "XFAIL"):
        return (failed(), passed())
    return (passed(),) if verdict in ("PASS", "XPASS") else ()
