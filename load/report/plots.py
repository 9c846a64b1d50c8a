"""What is drawn of a result."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from load import figures as of
from load.health import MOST_CPU, MOST_LAG
from load.report.plot import Band, Curve, Plot, Point, plot
from load.result import Result, Sample, Second, Series

__all__ = ["bands", "plots"]

_MB = 1_000_000
_KINDS = ("server", "proxy", "engine")


def plots(result: Result) -> list[Plot]:
    """Return the plots of a result, without those of which nothing is known."""
    return [found for found in _plots(result) if found is not None]


def bands(result: Result, length: float) -> list[Band]:
    """Return the phases, and the drain after them."""
    found = [
        Band(it.name, _percent(it.began, length), _percent(it.ended - it.began, length), it.measured, it.action)
        for it in result.phases
    ]
    ended = max((phase.ended for phase in result.phases), default=0.0)
    if length - ended > 0.5:
        found.append(Band("drain", _percent(ended, length), _percent(length - ended, length), False, ""))
    return found


def _percent(value: float, of: float) -> float:
    return round(100 * value / of, 2)


def _plots(result: Result) -> Iterator[Plot | None]:
    length = max(
        [
            1.0,
            *(phase.ended for phase in result.phases),
            *(of.span(result, second)[1] for second in result.seconds),
        ]
    )
    told = {"length": length, "bands": bands(result, length)}
    seconds = _Seconds(result)
    servers = of.of_kind(result, "server")
    others = [one for kind in _KINDS for one in of.of_kind(result, kind)]
    generators = of.of_kind(result, "generator")
    yield plot(
        "latency", "Latency from when a message was due",
        "Drawn at the second in which the messages were due. The scale is logarithmic.",
        [
            seconds.curve(words, lambda it, key=key: getattr(it.intended, key) if it.intended.count else None)
            for key, words in (("p50", "p50"), ("p90", "p90"), ("p99", "p99"), ("p999", "p99.9"))
        ],
        unit="ms", logarithmic=True, **told,
    )  # fmt: skip
    yield plot(
        "throughput", "Deliveries a second",
        "Owed for the messages that were due in a second, and made in that second. Where they part, something waits.",
        [
            seconds.curve("messages due", lambda it: it.sent),
            seconds.curve("deliveries owed", lambda it: it.expected, under=True),
            seconds.curve("deliveries made", lambda it: it.arrived),
        ],
        unit="/s", **told,
    )  # fmt: skip
    yield plot(
        "reach", "Reach",
        "Of the deliveries owed for the messages of a second, those that were ever made. Less than all is a loss.",
        [seconds.curve("delivered of owed", lambda it: it.reach if it.expected else None)],
        unit="%", least=True, **told,
    )  # fmt: skip
    yield plot(
        "users", "Users connected", "As the generator counts them.",
        [seconds.curve("users", lambda it: it.users)], **told,
    )  # fmt: skip
    yield plot(
        "cpu", "Processor time of the servers", "Cores in use by each process. A dot is where it was started anew.",
        [_cores(one) for one in others], unit="cores", **told,
    )  # fmt: skip
    yield plot(
        "memory", "Memory of the servers", "Resident megabytes of each process. A dot is where it was started anew.",
        [_samples(one, lambda it: it.rss / _MB) for one in others], unit="MB", **told,
    )  # fmt: skip
    if any(sample.tasks for one in servers for sample in one.samples):
        yield plot(
            "queued", "Waiting for slow clients", "Kilobytes that each server holds for clients that do not read.",
            [_samples(one, lambda it: it.queued / 1000) for one in servers], unit="kB", **told,
        )  # fmt: skip
        yield plot(
            "tasks", "Tasks of the servers", "Asyncio tasks of each server.",
            [_samples(one, lambda it: it.tasks) for one in servers], **told,
        )  # fmt: skip
    yield plot(
        "generator-cpu", "Processor time of the generator",
        "Share of a core of each process. Beyond the limit it measures itself, and the run is not valid.",
        [_cores(one) for one in generators], unit="%", limit=(MOST_CPU, "limit"), **told,
    )  # fmt: skip
    yield plot(
        "generator-lag", "Lateness of the generator",
        "How late a timer of each process was at worst since the last look; that is added to what it measures.",
        [_samples(one, lambda it: it.lag) for one in generators], unit="ms", limit=(MOST_LAG, "limit"), **told,
    )  # fmt: skip


class _Seconds:
    """Curves over the seconds of a run."""

    def __init__(self, result: Result) -> None:
        self._seconds = [(sum(of.span(result, second)) / 2, second) for second in result.seconds]

    def curve(self, name: str, value: Callable[[Second], float | None], *, under: bool = False) -> Curve:
        return Curve(name, [(max(0.0, at), value(second)) for at, second in self._seconds], under=under)


def _pairs(series: Series) -> Iterator[tuple[Sample, Sample]]:
    return zip(series.samples, series.samples[1:], strict=False)


def _again(series: Series) -> Sequence[float]:
    """Return when a process was started anew: its processor time went back."""
    return [other.at for one, other in _pairs(series) if other.cpu < one.cpu]


def _cores(series: Series) -> Curve:
    """Return how many cores a process used between two looks."""
    points: list[Point] = []
    for one, other in _pairs(series):
        used, length = other.cpu - one.cpu, other.at - one.at
        points.append((max(0.0, other.at), used / length if used >= 0 and length > 0 else None))
    return Curve(series.name, points, _again(series))


def _samples(series: Series, value: Callable[[Sample], float]) -> Curve:
    again = _again(series)
    points: list[Point] = []
    for sample in series.samples:
        if sample.at in again:
            points.append((sample.at, None))
        points.append((max(0.0, sample.at), value(sample)))
    return Curve(series.name, points, again)
