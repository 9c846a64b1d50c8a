"""From what the processes of a generator counted and remember to a result."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from load.histogram import Histogram
from load.judge import Owed, judge
from load.plan import SERVER_ACTIONS, Plan
from load.result import Phase, Result, Sample, Second, Series
from load.tally import Tally

__all__ = ["OWED", "Stage", "measure"]

OWED = {
    "friends": Owed(kept=True, acknowledged=False),
    "direct": Owed(kept=True, acknowledged=True),
    "notifications": Owed(kept=True, acknowledged=True),
    "rooms": Owed(kept=False, acknowledged=True),
    "presence": Owed(kept=False, acknowledged=True),
}

_READY = 0.99
_MILLION = 1_000_000


@dataclass(slots=True)
class Stage:
    """A phase as it was run: microseconds since 1970, and how many users were there at its end."""

    began: int
    ended: int = 0
    users: int = 0


@dataclass(slots=True)
class Run:
    """What is known of a run besides what was counted.

    Attributes:
        began: microseconds since 1970.
        users: how many were connected, by the second since 1970.
        cut: whether deliveries still came when the drain ended, and some were owed still.
        generators: looks at each process of the generator, by its name; `at` is seconds since 1970 here.

    """

    plan: Plan
    id: str
    began: int
    stages: list[Stage] = field(default_factory=list[Stage])
    users: dict[int, int] = field(default_factory=dict[int, int])
    cut: bool = False
    generators: dict[str, list[Sample]] = field(default_factory=dict[str, list[Sample]])


def measure(run: Run, tally: Tally) -> Result:
    """Return what a run has found: everything but what only the servers know."""
    plan = run.plan
    both = zip(plan.phases, run.stages, strict=False)
    faults = [(stage.began, stage.ended) for phase, stage in both if phase.action in SERVER_ACTIONS]
    judgement = judge(tally.ledger, OWED[plan.contract], faults)
    return Result(
        run=run.id,
        began=run.began / _MILLION,
        plan=plan.dump(),
        setting={},
        phases=[_phase(run, tally, number) for number in range(len(run.stages))],
        seconds=_seconds(run, tally, judgement.seconds),
        verdict=judgement.verdict,
        connects=tally.connects.latency(),
        failures=dict(tally.failures),
        cut=run.cut,
        processes=[_series(run, name, samples) for name, samples in run.generators.items()],
    )


def _phase(run: Run, tally: Tally, number: int) -> Phase:
    phase, stage = run.plan.phases[number], run.stages[number]
    return Phase(
        name=phase.name,
        began=round((stage.began - run.began) / _MILLION, 3),
        ended=round((stage.ended - run.began) / _MILLION, 3),
        users=stage.users,
        rate=run.plan.traffic.rate * phase.rate,
        measured=phase.measured,
        action=phase.action,
        ready=_ready(tally, number),
        intended=tally.intended.get(number, Histogram()).latency(),
        actual=tally.actual.get(number, Histogram()).latency(),
    )


def _ready(tally: Tally, number: int) -> float | None:
    """Return the seconds until 99 of a hundred of those concerned were well again, None if they never were."""
    concerned, times = tally.concerned[number], sorted(tally.ready.get(number, ()))
    needed = -(-concerned * _READY // 1)  # rounded up
    return round(times[int(needed) - 1] / _MILLION, 3) if concerned and len(times) >= needed else None


def _seconds(run: Run, tally: Tally, judged: Mapping[int, tuple[int, int, int]]) -> Sequence[Second]:
    first = run.began // _MILLION
    last = max([first, *judged, *tally.arrived, *run.users])
    users, found = 0, list[Second]()
    for second in range(first, last + 1):
        sent, expected, delivered = judged.get(second, (0, 0, 0))
        users = run.users.get(second, users)
        curve = tally.curve.get(second, Histogram())
        arrived = tally.arrived.get(second, 0)
        found.append(Second(second - first, users, sent, expected, delivered, arrived, curve.latency()))
    return found


def _series(run: Run, name: str, samples: Sequence[Sample]) -> Series:
    began = run.began / _MILLION
    return Series(
        name,
        "generator",
        [Sample(round(it.at - began, 2), it.cpu, it.rss, it.lag) for it in samples],
    )


def started(plan: Plan, run: str) -> Run:
    """Return a run that begins now."""
    return Run(plan, run, time.time_ns() // 1000)


def sampled(found: Sequence[Any]) -> Sample:
    """Return a look at a process of the generator as it was sent: at, cpu, rss, lag."""
    return Sample(found[0], found[1], found[2], found[3])
