"""A mutant put to the tests: pytest in a process of its own, over servers that are wrong in one way."""

from __future__ import annotations

import asyncio
import functools
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
from e2e.mutants.serve import RIGHT
from e2e.verify.catalogue import Test
from e2e.verify.catalogue import read as read_tests

__all__ = ["Result", "control", "put", "tests_of"]

LEFT_OUT = frozenset(("own_engines", "browser", "node"))
"""Fixtures of tests that are left out: what those see that take a browser or a fault, others see more quickly."""

LIMIT = 900.0
"""Seconds after which a run is ended."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a mutant.

    Attributes:
        others: the other requirements of the contract that fail too, None where that was not looked for.
        outcomes: how each test ended.
        seconds: that it took.
        note: what there is to say of a verdict that is not as it should be.

    """

    name: str
    wrong: str
    caught_by: str
    verdict: Verdict
    others: frozenset[str] | None
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
        return Result(mutant.name, mutant.wrong, mutant.caught_by, Verdict.DOES_NOT_FIT, None, (), 0.0, str(error))
    wanted = f"{mutant.contract.upper()}-" if wide else mutant.caught_by
    options = [] if wide else ["-x"]
    outcomes, printed = await _run(mutant.name, [wanted], mutant.deployment, directory, environment, options)
    verdict = judge(mutant.caught_by, outcomes)
    return Result(
        mutant.name,
        mutant.wrong,
        mutant.caught_by,
        verdict,
        frozenset(failed(outcomes) - {mutant.caught_by}) if wide else None,
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
        None,
        tuple(outcomes),
        time.monotonic() - began,
        "\n".join(f"{outcome.test}\n{outcome.text}" for outcome in bad) or ("" if outcomes else printed[-2000:]),
    )


def tests_of(prefixes: Collection[str]) -> list[str]:
    """Return the tests, by node id, of the requirements whose ids begin so."""
    return [
        test.id
        for test in _tests()
        if any(claim.startswith(tuple(prefixes)) for claim in test.claims) and not test.fixtures & LEFT_OUT
    ]


@functools.cache
def _tests() -> tuple[Test, ...]:
    return read_tests()


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
        *(sys.executable, "-m", "pytest", *tests_of(ids), *options),
        *("-p", "e2e.mutants.plugin", "-p", "no:randomly", "-p", "no:cacheprovider", "-q"),
        *("--deployment", deployment, "--outcomes", str(outcomes), "--basetemp", str(directory / "tmp")),
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
