"""A plugin of pytest: writes down how each test ended, and which requirements it proves.

pytest -p e2e.mutants.plugin --outcomes outcomes.json
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from e2e.mutants.outcomes import Outcome, worst

__all__ = ["Recorder"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("mutants").addoption("--outcomes", metavar="FILE", help="write down how each test ended, as JSON")


def pytest_configure(config: pytest.Config) -> None:
    if file := config.getoption("--outcomes"):
        config.pluginmanager.register(Recorder(Path(file)), "mutants-recorder")


class Recorder:
    """Keeps how each test ended, until the end of the run."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._outcomes: dict[str, Outcome] = {}

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Learn which tests there are."""
        for item in session.items:
            ids = tuple(one for mark in item.iter_markers("requirement") for one in mark.args)
            self._outcomes[item.nodeid] = Outcome(item.nodeid, ids)

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Take the end of a phase of a test."""
        text = report.longreprtext if report.failed else ""
        self._outcomes[report.nodeid].note(worst(report.when, report.outcome, text), text)

    def pytest_sessionfinish(self) -> None:
        """Write down those that have ended."""
        ran = [outcome.shown() for outcome in self._outcomes.values() if outcome.ended]
        self._file.write_text(json.dumps(ran), encoding="utf-8")
