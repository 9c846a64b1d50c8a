"""A mutant put to the tests: pytest in a process of its own, over servers that are wrong in one way."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from e2e.harness.process import SERVER
from e2e.mutants.mutant import BACKEND, ChangeDoesNotFitError, Mutant
from e2e.mutants.outcomes import Outcome, Verdict, failed, judge, read
from e2e.mutants.plugin import SLOW
from e2e.mutants.serve import RIGHT

__all__ = ["Result", "control", "files", "put"]

SUITES = BACKEND / "e2e"
LIMIT = 900.0
"""Seconds after which a run is ended."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a mutant.

    Attributes:
        others: the other requirements that failed.
        outcomes: how each test ended.
        seconds: that it took.
        note: what there is to say of a verdict that is not as it should be.

    """

    name: str
    wrong: str
    caught_by: str
    verdict: Verdict
    others: frozenset[str]
    outcomes: tuple[Outcome, ...]
    seconds: float
    note: str = ""

    @property
    def red(self) -> bool:
        """Whether this must not be."""
        return self.verdict not in (Verdict.CAUGHT, Verdict.NOT_RUN)


async def put(mutant: Mutant, directory: Path, environment: Mapping[str, str], *, wide: bool) -> Result:
    """Put a mutant to the tests of its requirement, up to the first that fails, or to all of its contract."""
    began = time.monotonic()
    try:
        mutant.sources()
    except ChangeDoesNotFitError as error:
        return Result(
            mutant.name, mutant.wrong, mutant.caught_by, Verdict.DOES_NOT_FIT, frozenset(), (), 0.0, str(error)
        )
    wanted = f"{mutant.contract.upper()}-" if wide else mutant.caught_by
    options = [] if wide else ["-x"]
    outcomes, printed = await _run(mutant.name, [wanted], mutant.deployment, directory, environment, options)
    verdict = judge(mutant.caught_by, outcomes)
    return Result(
        mutant.name,
        mutant.wrong,
        mutant.caught_by,
        verdict,
        frozenset(failed(outcomes) - {mutant.caught_by}),
        tuple(outcomes),
        time.monotonic() - began,
        "" if verdict is Verdict.CAUGHT else _told(mutant.caught_by, outcomes) or printed[-2000:],
    )


async def control(deployment: str, ids: Collection[str], directory: Path, environment: Mapping[str, str]) -> Result:
    """Put the server that nothing is wrong about to the same tests: whatever fails there catches nothing."""
    began = time.monotonic()
    outcomes, printed = await _run(RIGHT, ids, deployment, directory, environment, [])
    bad = [outcome for outcome in outcomes if outcome.ended in ("failed", "error")]
    verdict = Verdict.CAUGHT if outcomes and not bad else Verdict.BROKEN
    if outcomes and all(outcome.ended == "skipped" for outcome in outcomes):
        verdict = Verdict.NOT_RUN
    return Result(
        RIGHT,
        f"nothing; over {deployment}",
        "",
        verdict,
        frozenset(failed(outcomes)),
        tuple(outcomes),
        time.monotonic() - began,
        "\n".join(f"{outcome.test}\n{outcome.text}" for outcome in bad) or ("" if outcomes else printed[-2000:]),
    )


def files(prefixes: Collection[str], suites: Path = SUITES) -> list[Path]:
    """Return the files of the suites in which a requirement is named that begins so."""
    found = sorted(path for path in suites.rglob("test_*.py") if path.parent.name not in SLOW)
    return [path for path in found if any(f'"{one}' in path.read_text(encoding="utf-8") for one in prefixes)]


def _told(caught_by: str, outcomes: Collection[Outcome]) -> str:
    return "\n".join(
        f"{one.test}: {one.ended}" + (f"\n{one.text}" if one.ended == "error" else "")
        for one in outcomes
        if caught_by in one.ids
    )


async def _run(
    server: str,
    ids: Collection[str],
    deployment: str,
    directory: Path,
    environment: Mapping[str, str],
    options: Collection[str],
) -> tuple[list[Outcome], str]:
    """Run tests over servers, and return how each ended and what was printed."""
    outcomes = directory / "outcomes.json"
    command = [
        *(sys.executable, "-m", "pytest", *map(str, files(ids)), *options),
        *("-p", "e2e.mutants.plugin", "-p", "no:randomly", "-p", "no:cacheprovider", "-q"),
        *("--deployment", deployment, "--outcomes", str(outcomes), "--basetemp", str(directory / "tmp")),
        *(word for one in ids for word in ("--proves", one)),
    ]
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=BACKEND,
        env={**os.environ, **environment, SERVER: f"e2e.mutants.serve {server}"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        printed, _ = await asyncio.wait_for(process.communicate(), LIMIT)
    except BaseException as error:
        # its servers are of its session
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        if not isinstance(error, TimeoutError):
            raise
        printed = f"did not end in {LIMIT:g} s".encode()
    return read(outcomes), printed.decode(errors="replace")
