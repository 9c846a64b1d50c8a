"""A plugin of pytest: runs the tests of some requirements only, and writes down how each ended.

    pytest -p e2e.mutants.plugin --proves FRIENDS-AUTH-009 --outcomes outcomes.json

Only tests that need neither a browser nor an engine of their own are run: what those see, others see more quickly.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from e2e.mutants.outcomes import Outcome, worst

__all__ = ["SLOW"]

SLOW = ("faults", "javascript", "python", "examples")
"""Folders of the suites that are left out."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("mutants")
    group.addoption("--proves", action="append", metavar="ID", help="run tests of requirements that begin so (any)")
    group.addoption("--outcomes", metavar="FILE", help="write down how each test ended, as JSON")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(_Selection(config), "mutants-selection")


class _Selection:
    def __init__(self, config: pytest.Config) -> None:
        self._wanted = tuple(config.getoption("--proves") or ("",))
        self._file: str | None = config.getoption("--outcomes")
        self._outcomes: dict[str, Outcome] = {}

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        chosen: list[pytest.Item] = []
        for item in items:
            ids = [one for mark in item.iter_markers("requirement") for one in mark.args]
            if any(one.startswith(self._wanted) for one in ids) and not _is_slow(item):
                self._outcomes[item.nodeid] = Outcome(item.nodeid, tuple(ids))
                chosen.append(item)
        config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
        items[:] = chosen

    def pytest_runtest_logreport(self, report: Any) -> None:
        if known := self._outcomes.get(report.nodeid):
            text = report.longreprtext if report.failed else ""
            known.note(worst(report.when, report.outcome, text), text)

    def pytest_sessionfinish(self) -> None:
        if self._file:
            ran = [outcome.shown() for outcome in self._outcomes.values() if outcome.ended]
            Path(self._file).write_text(json.dumps(ran), encoding="utf-8")


def _is_slow(item: pytest.Item) -> bool:
    return item.get_closest_marker("faults") is not None or any(part in SLOW for part in item.path.parent.parts[-1:])
