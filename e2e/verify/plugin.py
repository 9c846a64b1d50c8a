"""The pytest plugin of a run: it tells the suites of the target, and gives reports what a verdict needs to know.

Every worker of a run loads it. `Collector`, which hears of all workers, is beside it in `collector.py`.
"""

from __future__ import annotations

import json
import traceback
from collections.abc import Generator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from e2e.harness.transcript import Record, Transcript
from e2e.verify.failure import failure
from e2e.verify.profile import Profile
from e2e.verify.profile_file import load
from e2e.verify.result import Entry
from e2e.verify.statement import statement
from e2e.verify.target import target_of, users_of

PROPERTY = "parley verify"
"""The property under which a report has a failure and its transcript, as JSON."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("parley verify")
    group.addoption("--verify-contract", help="what the target is judged by")
    group.addoption("--verify-profile", type=Path, help="what is known of the target")


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    from e2e import conftest

    contract: str = config.getoption("--verify-contract") or ""
    targets: list[str] = config.getoption("--target") or []
    path: Path | None = config.getoption("--verify-profile")
    profile = Profile() if path is None else load(path)
    config.stash[conftest.USERS] = partial(users_of, profile, _share(config))
    config.stash[conftest.TARGET] = target_of(profile, targets, contract)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed and call.excinfo is not None:
        report.user_properties.append((PROPERTY, json.dumps(_told(item, call.excinfo.value), default=repr)))
    return report


def _share(config: pytest.Config) -> tuple[int, int]:
    """Return which worker this is, and of how many."""
    given: dict[str, Any] = getattr(config, "workerinput", {})
    return int(given.get("workerid", "gw0").removeprefix("gw")), int(given.get("workercount", 1))


def _told(item: pytest.Item, error: BaseException) -> dict[str, Any]:
    from e2e.conftest import TRANSCRIPT

    transcript = item.stash.get(TRANSCRIPT, Transcript())
    return {
        "failure": asdict(failure(error, *_place(item, error, transcript.now))),
        "transcript": [asdict(_entry(record)) for record in transcript.records],
    }


def _place(item: pytest.Item, error: BaseException, now: float) -> tuple[str | None, float, str | None]:
    """Return `file:line` of the last line of the test's own file that the error came through, and the statement."""
    path, root = Path(str(item.path)), item.config.rootpath
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename) == path]
    if not lines or lines[-1] is None:
        return None, now, None
    source = path.read_text(encoding="utf-8")
    return f"{path.relative_to(root).as_posix()}:{lines[-1]}", now, statement(source, lines[-1])


def _entry(record: Record) -> Entry:
    return Entry(record.at, record.who, record.way, record.label, record.args, record.ack, record.namespace)
