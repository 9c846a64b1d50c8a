"""What a reader may be spared: features that the server seems not to offer, of which no profile says so."""

from __future__ import annotations

import re
from collections.abc import Iterator

from e2e.harness.features import FEATURES, feature_of
from e2e.verify.result import Report

__all__ = ["unoffered"]

_CALL = re.compile(r"[A-Z]+ (\S+) -> (\d{3})")
_LEAST = 3
"""So many calls that are answered 404 are no accident."""


def unoffered(report: Report) -> list[str]:
    """Return the features of which every call in a failed test was answered 404."""
    answers: dict[str, set[str]] = {}
    number: dict[str, int] = {}
    for path, status in _calls(report):
        feature = feature_of(path)
        answers.setdefault(feature, set()).add(status)
        number[feature] = number.get(feature, 0) + 1
    # `rest` is what is of no feature: /nowhere is to be answered 404
    return [it for it in FEATURES if it != "rest" and answers.get(it) == {"404"} and number[it] >= _LEAST]


def _calls(report: Report) -> Iterator[tuple[str, str]]:
    tests = {test.id: test for requirement in report.requirements for test in requirement.tests}
    for test in tests.values():
        for entry in test.transcript:
            if entry.way == "noted" and (found := _CALL.match(entry.label)):
                yield found[1], found[2]
