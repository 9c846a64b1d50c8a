"""Whether anything may be concluded from a run: a generator that has no time measures itself."""

from __future__ import annotations

from collections.abc import Iterator

from load import figures as of
from load.plan import Plan
from load.result import Phase, Result

__all__ = ["MOST_CPU", "MOST_LAG", "busiest", "faults", "slowest"]

MOST_CPU = 0.8
"""Of a core, that a process of the generator may use."""

MOST_LAG = 50.0
"""Milliseconds that its timers may be late, in 99 of a hundred looks."""

_WINDOW = 10.0
"""Seconds that a process must be busy before it counts as busy."""

_ROUNDED = 1.01
"""Two percentiles are equal if they differ by less: they come of histograms."""


def faults(result: Result, plan: Plan) -> list[str]:
    """Return why nothing may be concluded from a run, a sentence each; none where something may."""
    return [*_nothing(result, plan), *_generator(result), *_clock(result)]


def busiest(result: Result) -> float | None:
    """Return the share of a core that the busiest process of the generator used for ten seconds of a measured phase."""
    generators = of.of_kind(result, "generator")
    found = [of.mean_share(one, it.began, it.ended, _WINDOW) for one in generators for it in _looked_at(result)]
    return max((it for it in found if it is not None), default=None)


def slowest(result: Result) -> float | None:
    """Return the milliseconds by which the generator's timers were late in 99 of a hundred looks, the worst process."""
    found = [
        of.quantile(
            [it.lag for it in one.samples if any(p.began <= it.at <= p.ended for p in _looked_at(result))], 0.99
        )
        for one in of.of_kind(result, "generator")
    ]
    return max((it for it in found if it is not None), default=None)


def _looked_at(result: Result) -> list[Phase]:
    """Return the measured phases, all where there is none."""
    return of.measured(result) or list(result.phases)


def _nothing(result: Result, plan: Plan) -> Iterator[str]:
    if not result.connects.count:
        why = max(result.failures, key=lambda it: result.failures[it], default="")
        yield f"nobody could connect{f', mostly for {why!r}' if why else ''}"
        return
    speaks = plan.traffic.rate > 0 and any(phase.rate > 0 for phase in plan.phases)
    if speaks and not result.verdict.sent:
        yield "nothing was sent"


def _generator(result: Result) -> Iterator[str]:
    cpu, lag = busiest(result), slowest(result)
    if cpu is None:
        yield "the generator told nothing of itself: whether it was the bottleneck is not known"
        return
    if cpu > MOST_CPU:
        yield f"the generator was the bottleneck: one of its processes used {cpu:.0%} of a core, of {MOST_CPU:.0%}"
    if lag is not None and lag > MOST_LAG:
        yield f"the generator was the bottleneck: its timers were {lag:.0f} ms late, of {MOST_LAG:.0f} ms"


def _clock(result: Result) -> Iterator[str]:
    """Latency is a difference of two looks at the wall clock; below 0 it counts as 0."""
    phases = [phase for phase in result.phases if phase.intended.count and phase.actual.count]
    if any(phase.actual.p50 <= 0 for phase in phases):
        yield "half of a phase's messages came before they were sent: the clocks of the machines differ, or one was set"
    elif any(phase.actual.p50 > phase.intended.p50 * _ROUNDED for phase in phases):
        yield "messages were written before they were due: the clock was set during the run"
    elif any(
        one.at > other.at for it in result.processes for one, other in zip(it.samples, it.samples[1:], strict=False)
    ):
        yield "the clock was set back during the run"
