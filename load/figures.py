"""What is computed of a result: over phases, over processes, over time. Nothing here knows what is demanded.

A figure that cannot be had is None: nothing was measured, or nobody told.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from math import ceil

from load.result import Latency, Phase, Result, Sample, Second, Series

__all__ = [
    "arrived",
    "cost",
    "disturbed",
    "due",
    "growth",
    "latency",
    "mean_share",
    "measured",
    "of_kind",
    "operations",
    "per_connection",
    "per_message",
    "per_second",
    "present",
    "quantile",
    "ratio",
    "reach",
    "ready",
    "resident",
    "slope",
    "span",
    "spent",
    "stored",
    "total",
    "trend",
    "within",
    "worst_reach",
]

_LASTING = {"stall": "read", "away": "back"}
"""Actions that hold until another one."""

_COMES_BACK = 4.0
"""Seconds in which who has left, or lost a connection, is there again if a server lets it."""

_RETURNS = ("drop", "vanish", "back", "expire", "restart", "kill")
"""Actions after which clients are to come back."""


def measured(result: Result) -> list[Phase]:
    """Return the phases that thresholds of latency and cost are about."""
    return [phase for phase in result.phases if phase.measured]


def disturbed(result: Result) -> list[Phase]:
    """Return the phases in which an action holds: those that begin with one, and those after it until it is over.

    The phase in which it ends is none: who reads again has to catch up, and is served as well as can be.
    """
    found: list[Phase] = []
    until = ""
    for phase in result.phases:
        if phase.action in _LASTING.values():
            until = ""
        elif phase.action or until:
            found.append(phase)
            until = _LASTING.get(phase.action, until)
    return found


def of_kind(result: Result, kind: str) -> list[Series]:
    """Return the processes of a kind that were looked at."""
    return [series for series in result.processes if series.kind == kind and series.samples]


def total(values: Iterable[float | None]) -> float | None:
    """Return the sum of what is known, None where nothing is."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None


# over the seconds of phases


def span(result: Result, second: Second) -> tuple[float, float]:
    """Return when a second began and ended, in seconds since the run began."""
    began = second.at - result.began % 1
    return began, began + 1


def within(result: Result, phase: Phase) -> list[Second]:
    """Return the seconds of which at least half lies in a phase."""
    return [it for it in result.seconds if phase.began <= span(result, it)[0] + 0.5 < phase.ended]


def reach(result: Result) -> float | None:
    """Return what part of what was owed in a measured phase was delivered, of the worst phase."""
    found: list[float] = []
    for phase in measured(result):
        seconds = within(result, phase)
        if expected := sum(it.expected for it in seconds):
            found.append(sum(it.delivered for it in seconds) / expected)
    return min(found, default=None)


def worst_reach(result: Result) -> float | None:
    """Return the same of the worst second."""
    seconds = [it for phase in measured(result) for it in within(result, phase)]
    return min((it.reach for it in seconds if it.expected), default=None)


def due(result: Result) -> float:
    """Return how many messages were due in the measured phases."""
    return _counted(result, lambda second: second.sent)


def arrived(result: Result) -> float:
    """Return how many deliveries were made in the measured phases."""
    return _counted(result, lambda second: second.arrived)


def stored(result: Result) -> float:
    """Return how many messages of the measured phases were stored, if as many as in the whole run."""
    verdict = result.verdict
    return due(result) * verdict.stored / max(1, verdict.sent + verdict.unsent)


def per_second(count: float, result: Result) -> float | None:
    """Return how many that is a second of the measured phases."""
    seconds = sum(phase.ended - phase.began for phase in measured(result))
    return count / seconds if seconds else None


def _counted(result: Result, of: Callable[[Second], int]) -> float:
    """Return a sum over the measured phases; of a second that lies half in one, half counts."""
    return sum(
        of(second) * _overlap(span(result, second), (phase.began, phase.ended))
        for phase in measured(result)
        for second in result.seconds
    )


def _overlap(one: tuple[float, float], other: tuple[float, float]) -> float:
    return max(0.0, min(one[1], other[1]) - max(one[0], other[0]))


# latency


def latency(result: Result, of: Callable[[Phase], Latency], key: str) -> float | None:
    """Return a percentile of the measured phase in which it is highest."""
    found = [of(phase) for phase in measured(result)]
    return max((getattr(it, key) for it in found if it.count), default=None)


def ratio(result: Result) -> float | None:
    """Return the highest p99 while an action holds, over that of the first measured phase without one."""
    troubled = disturbed(result)
    calm = next((it.intended.p99 for it in measured(result) if it not in troubled and it.intended.count), None)
    worst = max((it.intended.p99 for it in troubled if it.intended.count), default=None)
    return worst / calm if worst is not None and calm else None


def ready(result: Result) -> float | None:
    """Return the longest that clients needed to be well again, None if in one phase they never were."""
    times = [phase.ready for phase in result.phases if phase.ready is not None or phase.action in _RETURNS]
    known = [it for it in times if it is not None]
    return max(known) if known and len(known) == len(times) else None


def present(result: Result) -> float | None:
    """Return what part of the users was connected at the end of a phase, of the worst.

    Phases in which users come or something is done are passed over: those after them show who is there, if they last
    longer than it takes to come back.
    """
    population, shares = result.plan["population"]["users"], [it["users"] for it in result.plan["phases"]]
    troubled, found, before = disturbed(result), list[float](), 0.0
    for phase, share in zip(result.phases, shares, strict=False):
        lasts = phase.ended - phase.began >= _COMES_BACK
        if share == before > 0 and lasts and not phase.action and phase not in troubled:
            found.append(phase.users / (population * share))
        before = share
    return min(found, default=None)


# processor time and memory


def spent(series: Series, began: float, ended: float) -> float | None:
    """Return the seconds of processor time of a process between two moments, None where nobody looked.

    Between two looks it is taken to be spent evenly; of a process that was started anew its new time counts.
    """
    return _difference(*_clock(series), began, ended)


def _clock(series: Series) -> tuple[Sequence[float], Sequence[float]]:
    """Return when a process was looked at, and the seconds that it had used until then since the first look."""
    found = [0.0]
    for one, other in zip(series.samples, series.samples[1:], strict=False):
        found.append(found[-1] + (other.cpu - one.cpu if other.cpu >= one.cpu else other.cpu))
    return [it.at for it in series.samples], found


def _difference(moments: Sequence[float], used: Sequence[float], began: float, ended: float) -> float | None:
    if len(moments) < 2 or began >= moments[-1] or ended <= moments[0]:
        return None
    return _between(moments, used, ended) - _between(moments, used, began)


def _between(moments: Sequence[float], used: Sequence[float], at: float) -> float:
    """Return what was used until a moment."""
    place = bisect_right(moments, at)
    if place in (0, len(moments)):
        return used[min(place, len(moments) - 1)]
    before, after = moments[place - 1], moments[place]
    return used[place - 1] + (used[place] - used[place - 1]) * (at - before) / (after - before)


def cost(result: Result, kind: str, count: float) -> float | None:
    """Return the microseconds of processor time that processes of a kind spent in the measured phases for each."""
    seconds = total(spent(it, phase.began, phase.ended) for it in of_kind(result, kind) for phase in measured(result))
    return seconds * 1_000_000 / count if seconds is not None and count else None


def operations(result: Result, engine: str) -> float | None:
    """Return how much an engine did in the measured phases: its commands, or all that it counts where these are parts.

    Args:
        result: of the run.
        engine: `redis` or `mongo`.

    """
    whole = result.operations.get(f"{engine} commands")
    parts = [value for name, value in result.operations.items() if name.startswith(engine)]
    return whole if whole is not None else total(parts)


def per_message(result: Result, count: float | None) -> float | None:
    """Return how many that is for each message that was stored in the measured phases."""
    messages = stored(result)
    return count / messages if count is not None and messages else None


def resident(series: Sequence[Series], at: float, of: Callable[[Sample], float] = lambda sample: sample.rss) -> float:
    """Return the bytes of all processes together at a moment, or another of their figures: as of the last look."""
    return sum(of(it.samples[max(0, bisect_right(it.samples, at, key=_at) - 1)]) for it in series)


def per_connection(result: Result) -> float | None:
    """Return the bytes that servers took for a connection: all that was added until the most were connected."""
    servers = of_kind(result, "server")
    crowd = max(result.seconds, key=lambda it: (it.users, -it.at), default=None)
    first = next((it for it in result.seconds if it.users), None)
    if not servers or crowd is None or first is None:
        return None
    return (resident(servers, span(result, crowd)[1]) - resident(servers, span(result, first)[0])) / crowd.users


def growth(result: Result) -> float | None:
    """Return the bytes by which servers rose, at most, above what they were when the first measured phase began."""
    servers, phases = of_kind(result, "server"), measured(result)
    if not servers or not phases:
        return None
    began, ended = phases[0].began, result.phases[-1].ended
    moments = {it.at for one in servers for it in one.samples if began <= it.at <= ended}
    return max((resident(servers, at) for at in moments), default=0.0) - resident(servers, began) if moments else None


def trend(result: Result, of: Callable[[Sample], float]) -> float | None:
    """Return by how much a figure of all servers together rises in an hour.

    It is taken from the second half of the longest measured phase.
    """
    servers = of_kind(result, "server")
    phase = max(measured(result), key=lambda it: it.ended - it.began, default=None)
    if phase is None:
        return None
    middle = (phase.began + phase.ended) / 2
    moments = sorted({it.at for one in servers for it in one.samples if middle <= it.at <= phase.ended})
    found = slope([(at, resident(servers, at, of)) for at in moments])
    return None if found is None else found * 3600


def slope(points: Sequence[tuple[float, float]]) -> float | None:
    """Return the slope of the line that has the least squares from points, None without two places."""
    if not points:
        return None
    middle = sum(x for x, _ in points) / len(points)
    level = sum(y for _, y in points) / len(points)
    width = sum((x - middle) ** 2 for x, _ in points)
    return sum((x - middle) * (y - level) for x, y in points) / width if width else None


# generators


def mean_share(series: Series, began: float, ended: float, window: float) -> float | None:
    """Return the highest share of a core that a process used for so many seconds, or throughout if that is shorter."""
    clock = _clock(series)
    began, ended = max(began, clock[0][0]), min(ended, clock[0][-1])
    length = min(window, ended - began)
    starts = [began, *(at for at in clock[0] if began < at <= ended - length)]
    found = [_difference(*clock, at, at + length) for at in starts]
    return max((it / length for it in found if it is not None), default=None) if length > 0 else None


def quantile(values: Sequence[float], share: float) -> float | None:
    """Return the least value that so large a share does not exceed; but the highest never decides alone.

    So a single hiccup in a run of few looks is none yet, and in a hundred looks it is one of a hundred.
    """
    if not values:
        return None
    place = min(ceil(share * len(values)), max(1, len(values) - 1))
    return sorted(values)[place - 1]


def _at(sample: Sample) -> float:
    return sample.at
