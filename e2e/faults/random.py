"""Faults at random, one trial after the other on the same two servers, for as long as one likes.

    python -m e2e.faults.random --minutes 30 [--seed 7] [--round 12]

Every round is drawn from the seed and its number alone: `--round` repeats one by itself. Ends with 1 if anything that
is promised was not so in any round; the transcript of such a round, and the servers' logs, are kept.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import aiohttp

from e2e.faults.fault import (
    FaultKind,
    frozen,
    network,
    restarted,
    server_frozen,
    server_killed,
    server_replaced,
    server_stopped,
    together,
)
from e2e.faults.stage import BOTH, Engines, Stage
from e2e.faults.traffic import Traffic
from e2e.faults.trial import Step, Trial
from e2e.faults.vitals import vitals
from e2e.harness.engines import Engines as EngineFinder
from e2e.harness.people import People
from e2e.harness.transcript import Transcript

__all__ = ["drawn", "main"]

_SHORTEST, _LONGEST = 0.2, 12.0
_MOST = 3
_DESCRIPTORS = 150
"""The most that a server without clients may have open, however many rounds it has been through."""


def drawn(dice: random.Random) -> list[Step]:
    """Draw the faults of a round and how long each lasts: now and then several at once."""
    return [(_kind(dice), _duration(dice)) for _ in range(dice.randint(1, _MOST))]


def _duration(dice: random.Random) -> float:
    # as many short ones as long ones: most of what can go wrong is decided in the first second
    return round(_SHORTEST * (_LONGEST / _SHORTEST) ** dice.random(), 1)


def _kind(dice: random.Random) -> FaultKind:
    servers = dice.choice([BOTH, BOTH, (0,), (1,)])
    victim = dice.choice(BOTH)
    of_redis = [
        network("redis", dice.choice(["cut", "black-holed"]), servers),
        frozen("redis"),
        restarted("redis", empty=True),
    ]
    of_mongo = [
        network("mongo", dice.choice(["cut", "black-holed"]), servers),
        frozen("mongo"),
        restarted("mongo", empty=False),
    ]
    of_servers = [server_frozen(victim), server_killed(victim), server_stopped(victim)]
    kinds = [dice.choice(of_redis), dice.choice(of_mongo), dice.choice(of_servers)]
    several = dice.sample(range(len(kinds)), dice.choice([1, 1, 1, 2, 3]))
    return dice.choice(
        [together(*(kinds[index] for index in sorted(several)))] * 9 + [server_replaced(round(dice.random(), 1))]
    )


async def _round(stage: Stage, steps: list[Step], transcript: Transcript) -> str:
    """Run one trial. Return a line on it. Raise `AssertionError` with a report."""
    async with aiohttp.ClientSession() as http:
        people = People(stage.cluster, transcript, http)
        try:
            outcome = await Trial(stage, Traffic(people, transcript)).run(steps)
        finally:
            await people.release()
    await stage.cluster.forget()  # a stand-in that scans would be slower with every round, and time out
    assert outcome.sound, str(outcome)
    opened = [(await vitals(server)).descriptors for server in stage.cluster.processes]
    assert max(opened) <= _DESCRIPTORS, f"the servers have {opened} descriptors open"
    return f"{outcome.verdict.summary}; {' and '.join(map(str, opened))} descriptors open"


async def _rounds(seed: int, numbers: Iterable[int], until: float) -> int:
    """Return how many rounds went wrong. A round under way at the end is finished."""
    finder = EngineFinder()
    directory = Path(tempfile.mkdtemp(prefix="parley-faults-"))
    failed = 0
    try:
        engines = Engines(await finder.redis(of_our_own=True), await finder.mongo(of_our_own=True))
        print(f"{engines.redis.description}\n{engines.mongo.description}", flush=True)
        stage = await Stage.set_up(engines, directory)
        for number in numbers:
            if time.monotonic() > until:
                break
            steps = drawn(random.Random(f"{seed}/{number}"))
            print(
                f"round {number}: {', '.join(f'{kind.name} for {seconds:g} s' for kind, seconds in steps)}", flush=True
            )
            transcript = Transcript()
            try:
                print(f"    {await _round(stage, steps, transcript)}", flush=True)
            except Exception as error:
                failed += 1
                kept = directory / f"round-{number}.txt"
                kept.write_text(f"{error}\n\n{stage.cluster.log_tail()}\n\n{transcript}\n")
                print(f"    FAILED ({type(error).__name__}), see {kept}\n{error}", flush=True)
                await stage.clear()
                stage = await Stage.set_up(engines, directory / f"after-{number}")
        await stage.clear()
    finally:
        await finder.close()
        if not failed:
            shutil.rmtree(directory, ignore_errors=True)
    return failed


def main() -> int:
    """Run the command line. Return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m e2e.faults.random", description="Faults at random.")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=None, help="what the faults are drawn from; another each time")
    parser.add_argument("--round", type=int, default=None, help="run this round alone")
    options = parser.parse_args()
    seed = random.SystemRandom().randrange(10**6) if options.seed is None else options.seed
    numbers = itertools.count(1) if options.round is None else [options.round]
    print(f"seed {seed}, {options.minutes:g} minutes", flush=True)
    failed = asyncio.run(_rounds(seed, numbers, time.monotonic() + 60 * options.minutes))
    print(f"seed {seed}: {f'{failed} rounds FAILED' if failed else 'all rounds as promised'}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
