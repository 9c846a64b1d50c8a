"""What may be demanded of a run, each figure once; and whether a run has it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from load import figures as of
from load.health import busiest, faults, slowest
from load.plan import Plan, PlanError
from load.result import Measured, Phase, Result

__all__ = ["BY_NAME", "DEMANDED", "EXITS", "FIGURES", "Figure", "Outcome", "demands", "judge", "outcome", "verdict"]

Outcome = Literal["passed", "failed", "invalid"]

EXITS: Mapping[Outcome, int] = {"passed": 0, "failed": 1, "invalid": 3}
"""The exit code of a run; 2 is for one that could not be made."""

VERDICT = "parley-load-verdict/1"


@dataclass(frozen=True, slots=True)
class Figure:
    """Something that can be demanded.

    Attributes:
        name: in the [thresholds] of a scenario.
        group: under which it is shown.
        unit: "" for a count, "%" for a share, which is a number up to 1.
        meaning: half a sentence.
        bound: whether a limit is the most or the least that it may be.
        value: what a result has of it, None where it cannot be had.
        seconds: how long the longest measured phase must be; in a shorter run it says nothing, and is not demanded.

    """

    name: str
    group: str
    unit: str
    meaning: str
    value: Callable[[Result], float | None]
    bound: Literal["most", "least"] = "most"
    seconds: float = 0.0

    def holds(self, value: float | None, limit: float | None) -> bool:
        """Whether a value is within a limit."""
        if limit is None:
            return True
        return value is not None and (value <= limit if self.bound == "most" else value >= limit)


LONG = 240.0
"""Seconds of a measured phase from which on a slope over half of it says something of an hour."""

DEMANDED: Mapping[str, float] = {
    "lost": 0,
    "duplicated": 0,
    "reordered": 0,
    "unexpected": 0,
    "late": 0,
    "refused_share": 0.01,
    "present": 0.99,
    "troubles": 0,
}
"""What is demanded of every scenario that does not say otherwise."""

_WHATEVER = ("lost", "duplicated", "reordered", "unexpected", "troubles")
"""What no slow generator and no clock can do."""

_OF_SERVERS = ("cost", "growth")
"""The groups of figures that only servers know."""

_HOUR = "in an hour, by the least squares over the second half of the longest measured phase"
_MB = 1_000_000


def _count(name: str, meaning: str) -> Figure:
    return Figure(name, "messages", "", meaning, lambda result: getattr(result.verdict, name))


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _latency(key: str, words: str) -> tuple[Figure, Figure]:
    """Return the figures of a percentile, from when messages were due, and from when they were written."""

    def intended(phase: Phase):
        return phase.intended

    def actual(phase: Phase):
        return phase.actual

    return (
        Figure(
            f"{key}_ms", "latency", "ms", f"{words}, from when it was due",
            lambda it: of.latency(it, intended, key),
        ),
        Figure(
            f"actual_{key}_ms", "latency", "ms", f"{words}, from when it was written",
            lambda it: of.latency(it, actual, key),
        ),
    )  # fmt: skip


def _cost(prefix: str, kind: str, who: str) -> tuple[Figure, Figure]:
    return (
        Figure(
            f"{prefix}cpu_us_per_delivery", "cost", "µs", f"processor time of {who} for each delivery",
            lambda it: of.cost(it, kind, of.arrived(it)),
        ),
        Figure(
            f"{prefix}cpu_us_per_message", "cost", "µs", f"processor time of {who} for each message stored",
            lambda it: of.cost(it, kind, of.stored(it)),
        ),
    )  # fmt: skip


def _scaled(value: float | None, unit: float) -> float | None:
    return None if value is None else value / unit


FIGURES: tuple[Figure, ...] = (
    _count("lost", "messages owed to somebody and not delivered"),
    _count("duplicated", "messages that came twice over one connection"),
    _count("reordered", "messages that came after a later one of the same sender"),
    _count("late", "messages that came more than ten seconds after they could have"),
    _count("unexpected", "messages that came to somebody whom they were not for, or of nobody"),
    _count("repeated", "messages that came again over another connection"),
    _count("refused", "messages that the server said had failed"),
    _count("unknown", "messages of which nobody can say whether they were stored"),
    Figure(
        "refused_share", "messages", "%", "of the messages sent, those that the server said had failed",
        lambda it: _share(it.verdict.refused, it.verdict.sent),
    ),
    Figure(
        "unknown_share", "messages", "%", "of the messages sent, those of which nobody can say that they were stored",
        lambda it: _share(it.verdict.unknown, it.verdict.sent),
    ),
    Figure(
        "unsent_share", "messages", "%", "of the messages due, those whose sender had no connection then",
        lambda it: _share(it.verdict.unsent, it.verdict.sent + it.verdict.unsent),
    ),
    Figure(
        "reach", "messages", "%", "of the deliveries owed in the worst measured phase, those made", of.reach, "least",
    ),
    Figure("worst_reach", "messages", "%", "of those owed in its worst second, those made", of.worst_reach, "least"),
    *_latency("p50", "half of the deliveries took at most"),
    *_latency("p99", "99 of 100 deliveries took at most"),
    *_latency("p999", "999 of 1,000 deliveries took at most"),
    Figure("p99_ratio", "latency", "x", "p99 while something is done to clients or servers, over p99 before", of.ratio),
    Figure("present", "connections", "%", "of the users who were to be there, those who were", of.present, "least"),
    Figure(
        "connect_p99_ms", "connections", "ms", "99 of 100 connections were made within",
        lambda it: it.connects.p99 if it.connects.count else None,
    ),
    Figure("ready", "connections", "s", "until 99 of 100 clients were back and knew what they had missed", of.ready),
    Figure(
        "troubles", "servers", "", "times that a server or an engine ended, or did not start or end as it was told to",
        lambda it: len(it.troubles),
    ),
    Figure(
        "messages_per_second", "throughput", "/s", "messages that were due", lambda it: of.per_second(of.due(it), it),
        "least",
    ),
    Figure(
        "deliveries_per_second", "throughput", "/s", "deliveries that were made",
        lambda it: of.per_second(of.arrived(it), it), "least",
    ),
    *_cost("", "server", "all servers together"),
    *_cost("engine_", "engine", "Redis and MongoDB together"),
    *_cost("proxy_", "proxy", "the proxy before the servers"),
    Figure(
        "redis_per_message", "cost", "", "commands of Redis for each message stored",
        lambda it: of.per_message(it, of.operations(it, "redis")),
    ),
    Figure(
        "mongo_per_message", "cost", "", "operations of MongoDB for each message stored",
        lambda it: of.per_message(it, of.operations(it, "mongo")),
    ),
    Figure(
        "rss_kb_per_connection", "cost", "kB", "memory that all servers together added for each connection",
        lambda it: _scaled(of.per_connection(it), 1000),
    ),
    Figure(
        "rss_growth_mb", "growth", "MB", "rise of all servers' memory above that when the first measured phase began",
        lambda it: _scaled(of.growth(it), _MB),
    ),
    Figure(
        "memory_slope_mb_per_hour", "growth", "MB/h", f"rise of all servers' memory {_HOUR}",
        lambda it: _scaled(of.trend(it, lambda sample: sample.rss), _MB), seconds=LONG,
    ),
    Figure(
        "tasks_slope_per_hour", "growth", "/h", f"rise of all servers' tasks {_HOUR}",
        lambda it: of.trend(it, lambda sample: sample.tasks) if _told(it) else None, seconds=LONG,
    ),
    Figure(
        "queued_slope_bytes_per_hour", "growth", "B/h", f"rise of the bytes that wait for slow clients {_HOUR}",
        lambda it: of.trend(it, lambda sample: sample.queued) if _told(it) else None, seconds=LONG,
    ),
    Figure("generator_cpu", "generator", "%", "of a core, what the busiest process of the generator used", busiest),
    Figure(
        "generator_lag_ms", "generator", "ms", "99 of 100 looks found the generator's timers at most so late", slowest,
    ),
)  # fmt: skip

BY_NAME: Mapping[str, Figure] = {figure.name: figure for figure in FIGURES}


def _told(result: Result) -> bool:
    """Return whether a server tells of its tasks and queues."""
    return any(sample.tasks for series in of.of_kind(result, "server") for sample in series.samples)


def demands(plan: Plan) -> dict[str, float]:
    """Return all that is demanded of a scenario, by the name of the figure. Raise `PlanError` for one not known."""
    for name, limit in plan.thresholds.items():
        if name not in BY_NAME:
            raise PlanError(f"thresholds.{name} is not known; there is {', '.join(sorted(BY_NAME))}")
        if isinstance(limit, bool) or not isinstance(limit, int | float):
            raise PlanError(f"thresholds.{name} is {limit!r}, want a number")
    return {**DEMANDED, **plan.thresholds}


def judge(result: Result, plan: Plan) -> Result:
    """Return a result with its figures, why it is invalid, if it is, and whether it has passed.

    Raise `PlanError` if the scenario demands what is not known.
    """
    limits = demands(plan)
    longest = max((phase.ended - phase.began for phase in of.measured(result)), default=0.0)
    figures = [_measured(it, result, limits.get(it.name), long_enough=longest >= it.seconds) for it in FIGURES]
    # nor is anything of servers demanded of somebody else's, if they do not tell it
    mute = str(result.setting.get("deployment", "")).startswith("target")
    figures = [
        replace(it, limit=None, ok=True) if mute and it.value is None and BY_NAME[it.name].group in _OF_SERVERS else it
        for it in figures
    ]
    # what every scenario has to keep is not demanded of one in which it cannot be seen
    usual = DEMANDED.keys() - plan.thresholds.keys()
    figures = [replace(it, limit=None, ok=True) if it.value is None and it.name in usual else it for it in figures]
    invalid = faults(result, plan)
    passed = not invalid and all(it.ok for it in figures)
    return replace(result, figures=figures, invalid=invalid, passed=passed)


def _measured(figure: Figure, result: Result, limit: float | None, *, long_enough: bool) -> Measured:
    if not long_enough:
        return Measured(figure.name, None, None, ok=True)
    value = figure.value(result)
    if isinstance(value, float):
        value = float(f"{value:.6g}")
    return Measured(figure.name, value, limit, ok=figure.holds(value, limit))


def outcome(result: Result) -> Outcome:
    """Return what came out of a run that is judged: what a server did to messages is so, however the generator was.

    But for what was only on its way: a generator that is too slow has not taken all of it when the drain ends.
    """
    if any(not it.ok for it in result.figures if it.name in _WHATEVER and not (it.name == "lost" and result.cut)):
        return "failed"
    return "invalid" if result.invalid else "passed" if result.passed else "failed"


def verdict(result: Result) -> dict[str, Any]:
    """Return what a program needs to know of a run, as what JSON can hold."""
    return {
        "schema": VERDICT,
        "run": result.run,
        "scenario": result.plan["name"],
        "outcome": outcome(result),
        "invalid": list(result.invalid),
        "failed": [
            {"name": it.name, "value": it.value, "limit": it.limit, "bound": BY_NAME[it.name].bound}
            for it in result.figures
            if not it.ok
        ],
        "figures": {it.name: it.value for it in result.figures if it.value is not None},
        "examples": list(result.verdict.examples),
        "failures": dict(result.failures),
    }
