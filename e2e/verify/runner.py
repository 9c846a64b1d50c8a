"""One run: what is to be judged, the tests that judge it, and the report."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from e2e.harness import requirements
from e2e.harness.deployment import RemoteDeployment
from e2e.report.files import write
from e2e.report.progress import Progress
from e2e.report.table import show
from e2e.report.terminal import Terminal
from e2e.verify import preflight
from e2e.verify.catalogue import SUITES, Test, read
from e2e.verify.collector import Collector
from e2e.verify.preflight import SetUpError
from e2e.verify.profile import Profile, public
from e2e.verify.result import Report, TestResult, Tool, count
from e2e.verify.selection import selected
from e2e.verify.target import circles, target_of
from e2e.verify.verdicts import Run, judge, sum_up

__all__ = ["Request", "run"]

_TIMEOUT = 60
"""Seconds that a test may take."""


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for on the command line.

    Attributes:
        profile_path: where the profile was read from, for the workers.
        patterns: ids of requirements, or patterns of them; all, without any.
        directory: of the report, None for none.
        everything: list every requirement, not only those that are not met.

    """

    contract: str
    targets: tuple[str, ...]
    profile: Profile
    profile_path: Path | None = None
    patterns: tuple[str, ...] = ()
    strict: bool = False
    directory: Path | None = None
    workers: int = 0
    everything: bool = False


def run(request: Request) -> int:
    """Judge a target, print the verdict, write the report, and return the exit code.

    Raises:
        SelectionError: a pattern or an expected failure matches no requirement.
        ProfileError: the profile does not fit the targets.
        SetUpError: the target cannot be judged, or the report not be written.

    """
    terminal = Terminal.of(sys.stdout)
    everything = requirements.load()
    ours = [it for it in everything.values() if it.contract == request.contract]
    chosen = frozenset(selected(request.patterns, [it.id for it in ours], where="-k"))
    expected = _expected(request.profile, list(everything))
    _look(request)
    if request.directory is not None:
        _must_take_files(request.directory)

    began, started = time.monotonic(), datetime.now(UTC)
    tests = [it for it in _tests(request.profile) if chosen.intersection(it.claims)]
    terminal.say(f"{request.contract}: {len(chosen)} of {len(ours)} requirements, against {', '.join(request.targets)}")
    collector = _run_tests(request, {it.id: it for it in tests if it.hindrance is None}, terminal)
    runs = [*collector.runs, *(_hindered(it) for it in tests if it.hindrance)]
    results = judge(ours, runs, selected=chosen, missing=collector.missing, expected=expected)
    judgement = sum_up(results, chosen, strict=request.strict)
    report = Report(
        tool=Tool("parley", _version()),
        contracts=requirements.version(),
        contract=request.contract,
        targets=request.targets,
        label=request.profile.name or urlsplit(request.targets[0]).netloc,
        started=started.isoformat(timespec="seconds").replace("+00:00", "Z"),
        seconds=round(time.monotonic() - began, 1),
        strict=request.strict,
        outcome=judgement.outcome,
        exit=judgement.exit,
        counts=count(it.verdict for it in results),
        requirements=tuple(results),
        warnings=judgement.warnings,
        profile=public(request.profile) | ({"file": str(request.profile_path)} if request.profile_path else {}),
    )
    show(report, terminal, everything=request.everything)
    if request.directory is not None:
        try:
            write(report, request.directory)
        except OSError as error:
            raise SetUpError(f"--report {request.directory}: {error.strerror}") from None
        terminal.say(f"The report is {request.directory / 'report.html'}")
    return report.exit


def _expected(profile: Profile, ids: Sequence[str]) -> dict[str, str]:
    """Return why each requirement fails that is expected to."""
    return {
        meant: expected.reason
        for expected in profile.expected
        for meant in selected([expected.id], ids, where="expected_failures of the profile")
    }


def _look(request: Request) -> None:
    deployment = RemoteDeployment(target_of(request.profile, request.targets, request.contract))
    asyncio.run(preflight.look(request.contract, deployment, request.profile))


def _must_take_files(directory: Path) -> None:
    """Raise `SetUpError` for a directory that cannot be written to: better now than after the run."""
    nearest = next(it for it in (directory, *directory.absolute().parents) if it.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        raise SetUpError(f"--report {directory}: {nearest} is no directory in which files can be made")


def _tests(profile: Profile) -> list[Test]:
    """Return all tests of the suites, each with what hinders it here."""
    tests = read(allowed=frozenset({"node"}) if profile.clients.javascript else frozenset())
    past = "looks at all that was ever written to a user, and fixed users may have a past"
    lent = profile.users.source == "fixed"
    return [replace(it, hindrance=past) if lent and it.looks_back and not it.hindrance else it for it in tests]


def _hindered(test: Test) -> Run:
    return Run(TestResult(test.id, test.title, "skipped", 0.0), test.claims, test.hindrance)


def _run_tests(request: Request, tests: Mapping[str, Test], terminal: Terminal) -> Collector:
    """Have pytest run these tests. What it prints is of no use to who does not know the suites."""
    progress: list[Progress] = []
    collector = Collector(
        tests,
        lambda total: progress.append(Progress(total, terminal)),
        lambda title, outcome: progress[0].advance(title, outcome),
    )
    if not tests:
        return collector
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        try:
            code = pytest.main(_arguments(request, tests), plugins=[collector])
        except Exception:
            if collector.interrupted:  # a test that was ended amid something may not be able to tidy up
                raise KeyboardInterrupt from None
            raise
    for it in progress:
        it.end()
    if collector.interrupted or (code == pytest.ExitCode.INTERRUPTED and not collector.troubles):
        raise KeyboardInterrupt
    if code in (pytest.ExitCode.INTERNAL_ERROR, pytest.ExitCode.USAGE_ERROR) or collector.troubles:
        raise SetUpError(f"the tests could not be run:\n{collector.troubles or printed.getvalue()[-4000:]}")
    return collector


def _arguments(request: Request, tests: Mapping[str, Test]) -> list[str]:
    targets = [argument for url in request.targets for argument in ("--target", url)]
    profile = [f"--verify-profile={request.profile_path.resolve()}"] if request.profile_path else []
    # a worker takes longer to come than a few tests take
    number = min(request.workers, 1 + len(tests) // 8)
    if request.profile.users.source == "fixed":
        number = min(number, len(circles(request.profile.users.fixed)))
    workers = [f"--numprocesses={number}", "--dist=worksteal"] if number > 1 else []
    return [
        f"--config-file={Path(__file__).with_name('pytest.ini')}",
        f"--rootdir={SUITES.parent}",
        f"--confcutdir={SUITES}",
        "--disable-warnings",
        f"--timeout={_TIMEOUT * request.profile.factor:g}",
        *("-p", "e2e.verify.plugin"),
        *("-p", "no:cacheprovider"),
        *("-p", "no:randomly"),
        f"--verify-contract={request.contract}",
        *targets,
        *profile,
        *workers,
        *(str(SUITES.parent / test) for test in tests),
    ]


def _version() -> str:
    try:
        return version("parley")
    except PackageNotFoundError:
        return "0"
