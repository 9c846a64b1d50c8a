"""What hears of every test of a run, on whichever worker it ran, and keeps what became of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from pydantic import TypeAdapter

from e2e.verify.catalogue import Test
from e2e.verify.plugin import PROPERTY
from e2e.verify.result import Entry, Failure, TestOutcome, TestResult
from e2e.verify.verdicts import Run

__all__ = ["Collector"]

_FAILURE = TypeAdapter(Failure)
_TRANSCRIPT = TypeAdapter(tuple[Entry, ...])


class Collector:
    """Listens to pytest.

    Args:
        tests: those that are to run, by node id without parameters.
        begin: called once it is known how many there are with all parameters.
        advance: called with the title and the outcome of each test that ended.

    Attributes:
        troubles: what kept files from being read.
        interrupted: whether somebody pressed Ctrl-C.

    """

    def __init__(
        self,
        tests: Mapping[str, Test],
        begin: Callable[[int], None],
        advance: Callable[[str, TestOutcome], None],
    ) -> None:
        self._tests = tests
        self._begin = begin
        self._advance = advance
        self._expected: Sequence[str] = ()
        self._begun: dict[str, Run] = {}
        self._ended: dict[str, Run] = {}
        self.troubles: list[str] = []
        self.interrupted = False

    @property
    def runs(self) -> list[Run]:
        """Every test that came to an end, in the order of the suites."""
        return [self._ended[node] for node in self._expected if node in self._ended]

    @property
    def missing(self) -> dict[str, list[str]]:
        """By requirement, the tests that did not come to an end."""
        found: dict[str, list[str]] = {}
        for node in (it for it in self._expected if it not in self._ended):
            for claim in self._test(node).claims:
                found.setdefault(claim, []).append(node)
        return found

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Learn what runs, without workers."""
        if session.items:
            self._expect([item.nodeid for item in session.items])

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: Any, ids: Sequence[str]) -> None:
        """Learn what runs, from the first worker."""
        if not self._expected:
            self._expect(ids)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Keep what went wrong before any test."""
        if report.failed:
            self.troubles.append(report.longreprtext)

    def pytest_keyboard_interrupt(self) -> None:
        """Know of a Ctrl-C, whatever a test that it ended then says in its teardown."""
        self.interrupted = True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep what one phase of a test brought; a failure stays one, whatever follows."""
        run = _with(self._begun.pop(report.nodeid, None) or self._empty(report.nodeid), report)
        if report.when in ("setup", "call"):
            self._begun[report.nodeid] = run
            return
        self._ended[report.nodeid] = run
        self._advance(run.result.title, run.result.outcome)

    def _expect(self, ids: Sequence[str]) -> None:
        self._expected = list(ids)
        self._begin(len(ids))

    def _test(self, node: str) -> Test:
        return self._tests[node.partition("[")[0]]

    def _empty(self, node: str) -> Run:
        test = self._test(node)
        return Run(TestResult(node, test.title, "passed", 0.0), test.claims)


def _with(run: Run, report: pytest.TestReport) -> Run:
    result = replace(run.result, seconds=round(run.result.seconds + report.duration, 3))
    if report.skipped:
        return replace(run, result=replace(result, outcome="skipped"), reason=_reason(report))
    if not report.failed or result.outcome in ("failed", "error"):
        return replace(run, result=result)
    told = next((json.loads(str(value)) for key, value in report.user_properties if key == PROPERTY), None)
    failure = Failure(_last_line(report.longreprtext), details=report.longreprtext)
    transcript: tuple[Entry, ...] = ()
    if told is not None:
        failure, transcript = (
            _FAILURE.validate_python(told["failure"]),
            _TRANSCRIPT.validate_python(told["transcript"]),
        )
    outcome: TestOutcome = "error" if report.when in ("setup", "teardown") else "failed"
    return replace(run, result=replace(result, outcome=outcome, failure=failure, transcript=transcript))


def _reason(report: pytest.TestReport) -> str:
    """Return why a test was skipped, as `pytest.skip` was told."""
    told = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longreprtext
    return str(told).removeprefix("Skipped: ")


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else "the test ended without a word"
