"""Results that tests make: only what a test is about is said."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from load.plan import Plan
from load.result import Latency, Phase, Result, Sample, Second, Series, Verdict

__all__ = ["flat", "generator", "phase", "plan", "result", "second", "seconds", "series", "value"]


def flat(ms: float, count: int = 100) -> Latency:
    """Return the latency of messages that all took as long."""
    return Latency(count, ms, ms, ms, ms, ms, ms)


def phase(name: str = "hold", began: float = 0.0, ended: float = 10.0, **changes: Any) -> Phase:
    values: dict[str, Any] = {"users": 10, "rate": 5.0, "measured": True, "action": "", "ready": None}
    return Phase(name, began, ended, **{**values, "intended": flat(2.0), "actual": flat(1.0), **changes})


def second(at: int, **changes: Any) -> Second:
    values: dict[str, Any] = {"users": 10, "sent": 5, "expected": 50, "delivered": 50, "arrived": 50}
    return Second(at, **{**values, "intended": flat(2.0), **changes})


def seconds(count: int, **changes: Any) -> list[Second]:
    return [second(at, **changes) for at in range(count)]


def series(
    name: str,
    kind: str,
    cpu: Iterable[float],
    *,
    rss: Sequence[int] = (),
    tasks: Sequence[int] = (),
    queued: Sequence[int] = (),
    lag: Sequence[float] = (),
    every: float = 1.0,
) -> Series:
    """Return a process that was looked at every second, from the beginning of the run."""

    def at(values: Sequence[Any], place: int) -> Any:
        return values[place] if place < len(values) else values[-1] if values else 0

    return Series(
        name,
        kind,
        [
            Sample(number * every, used, at(rss, number), at(lag, number), at(tasks, number), at(queued, number))
            for number, used in enumerate(cpu)
        ],
    )


def generator(share: float = 0.2, lag: Sequence[float] = (1.0,), looks: int = 11) -> Series:
    return series("generator 0", "generator", [share * number for number in range(looks)], rss=[10], lag=lag)


def result(**changes: Any) -> Result:
    """Return a run of ten seconds in which ten users sent five messages a second, to ten people each."""
    values: dict[str, Any] = {
        "run": "0badcafe",
        "began": 1_700_000_000.0,
        "plan": plan().dump(),
        "setting": {"commit": "dad7cc0", "cores": 2},
        "phases": [phase()],
        "seconds": seconds(10),
        "verdict": Verdict(sent=50, stored=50, expected=500, delivered=500),
        "connects": flat(3.0),
        "processes": [generator()],
    }
    return Result(**{**values, **changes})


def plan(**thresholds: float) -> Plan:
    found = Plan.parse(
        {"name": "made", "title": "Made", "about": "By a test.", "contract": "friends",
         "phases": [{"name": "hold", "seconds": 10, "rate": 1.0, "measured": True}]}
    )  # fmt: skip
    return replace(found, thresholds=thresholds)


def value(judged: Result, name: str) -> float | None:
    """Return a figure."""
    return next(it.value for it in judged.figures if it.name == name)
