"""Puts every mutant to the tests, and prints what became of each.

    tox -e mutants                        # each to the tests of the requirement that it must be caught by
    tox -e mutants -- --wide              # each to all tests of its contract: who else catches it
    tox -e mutants -- -k rooms            # those of which the name, the contract or the id has this in it
    python -m e2e.mutants.run --list      # what there is

Ends with 0 if every mutant is caught by the requirement that it names, and the server that nothing is wrong about by
none; with 1 if not; with 2 if nothing is chosen. A mutant that needs a Redis and a MongoDB is not run where there is
none, which is an error with `E2E_NO_SKIP=1`.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from e2e.harness.engines import CHOICE, Engines, NoEngineError
from e2e.mutants.catalog import MUTANTS
from e2e.mutants.mutant import Mutant
from e2e.mutants.outcomes import Verdict
from e2e.mutants.table import row, summary
from e2e.mutants.trial import Result, control, put

__all__ = ["main"]

Job = Callable[[Path, dict[str, str]], Awaitable[Result]]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line, and return the exit code."""
    arguments = _parser().parse_args(argv)
    chosen = [mutant for mutant in MUTANTS if _fits(mutant, arguments.k)]
    if not chosen:
        print(f"no mutant fits {arguments.k!r}", file=sys.stderr)
        return 2
    if arguments.list:
        for mutant in chosen:
            print(f"{mutant.caught_by:<26} {mutant.name:<50} {mutant.wrong}")
        return 0
    with tempfile.TemporaryDirectory(prefix="mutants-") as directory:
        return asyncio.run(_all(chosen, Path(directory), wide=arguments.wide, workers=arguments.workers))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m e2e.mutants.run", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("-k", metavar="TEXT", default="", help="only mutants with this in name, contract or id")
    parser.add_argument("--wide", action="store_true", help="run all tests of each mutant's contract")
    parser.add_argument("--list", action="store_true", help="say what mutants there are")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, metavar="N", help="at a time (cores)")
    return parser


def _fits(mutant: Mutant, text: str) -> bool:
    return any(text.lower() in one.lower() for one in (mutant.name, mutant.contract, mutant.caught_by))


async def _all(mutants: Sequence[Mutant], directory: Path, *, wide: bool, workers: int) -> int:
    """Put mutants to the tests, so many at a time, and return the exit code."""
    began, engines = time.monotonic(), Engines()
    try:
        environment = await _environment(engines)
        jobs = [*_controls(mutants, wide=wide), *(_job(mutant, wide=wide) for mutant in mutants)]
        slots = asyncio.Semaphore(workers)

        async def run(number: int, job: Job) -> Result:
            async with slots:
                place = directory / str(number)
                await asyncio.to_thread(place.mkdir)
                result = await job(place, environment)
            print(row(result), flush=True)
            return result

        results = await asyncio.gather(*(run(number, job) for number, job in enumerate(jobs)))
    finally:
        await engines.close()
    print(summary(results, time.monotonic() - began))
    no_skip = os.environ.get("E2E_NO_SKIP") == "1"
    return int(any(result.red or (no_skip and result.verdict is Verdict.NOT_RUN) for result in results))


def _job(mutant: Mutant, *, wide: bool) -> Job:
    return lambda directory, environment: put(mutant, directory, environment, wide=wide)


def _controls(mutants: Sequence[Mutant], *, wide: bool) -> list[Job]:
    """Return what puts the right server to the tests that the mutants are put to, for each contract and kind."""
    groups: dict[tuple[str, str], dict[str, None]] = {}
    for mutant in mutants:
        wanted = f"{mutant.contract.upper()}-" if wide else mutant.caught_by
        groups.setdefault((mutant.deployment, mutant.contract), {})[wanted] = None

    def job(deployment: str, ids: Sequence[str]) -> Job:
        return lambda directory, environment: control(deployment, ids, directory, environment)

    return [job(deployment, list(ids)) for (deployment, _), ids in groups.items()]


async def _environment(engines: Engines) -> dict[str, str]:
    """Return what tells every run of pytest which engines there are: they are started once, for all."""
    try:
        redis, mongo = await engines.redis(), await engines.mongo()
    except NoEngineError as error:
        print(f"{error}\nMutants that need a cluster are not run.", file=sys.stderr)
        return {}
    print(f"redis: {redis.description}\nmongo: {mongo.description}\n", flush=True)
    return {"REDIS_URL": redis.url, "MONGO_URL": mongo.url, CHOICE: "url"}


if __name__ == "__main__":
    raise SystemExit(main())
