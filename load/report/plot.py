"""A plot as data: everything has its place in percent of the width and the height, so that it fits where it is put."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from math import ceil, floor, log10

from load.report.words import number, span, told

__all__ = ["Band", "Column", "Curve", "Line", "Plot", "Tick", "plot", "thinned"]

Point = tuple[float, float | None]
"""When, in seconds, and how much; None ends a line, and another begins after it."""

MOST_POINTS = 400
MOST_COLUMNS = 120
_BOX = 1000
"""Width and height of the box in which lines are drawn; it is stretched to the plot."""

_STEPS = (1, 2, 5, 10)
_TIMES = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)
_MOST_TIMES = 6
_FLOORS = (0.99, 0.9, 0.5, 0.0)
_DECADES = 2.5
"""With fewer powers of ten, a logarithmic axis also has ticks between them."""


@dataclass(frozen=True, slots=True)
class Curve:
    """What is to be drawn: a name and how much there was when.

    Attributes:
        again: when what it shows began anew.
        under: whether it is drawn broadly, so that another on top of it does not hide it.

    """

    name: str
    points: Sequence[Point]
    again: Sequence[float] = ()
    under: bool = False


@dataclass(frozen=True, slots=True)
class Tick:
    """A line of the grid, in percent from the top or from the left, and what is written beside it."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Band:
    """A phase: where it begins and how wide it is, in percent."""

    name: str
    x: float
    width: float
    measured: bool
    action: str


@dataclass(frozen=True, slots=True)
class Line:
    """A curve as it is drawn.

    Attributes:
        parts: the points of each polyline, in the box.
        dots: places in percent where it has one point alone, or began anew.
        peak: its highest value in words (its lowest where that is the bad one).

    """

    name: str
    parts: Sequence[str]
    dots: Sequence[tuple[float, float]]
    peak: str
    under: bool


@dataclass(frozen=True, slots=True)
class Column:
    """A stripe of the plot that tells the values in it to who points at it."""

    x: float
    width: float
    text: str


@dataclass(frozen=True, slots=True)
class Plot:
    """A plot.

    Attributes:
        key: for its anchor.
        hint: how to read it, a sentence.
        limit: where a limit is, in percent from the top, None without one that is in sight.

    """

    key: str
    title: str
    hint: str
    lines: Sequence[Line]
    levels: Sequence[Tick]
    times: Sequence[Tick]
    bands: Sequence[Band] = ()
    columns: Sequence[Column] = ()
    limit: Tick | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class _Axis:
    """From values to percent from the top.

    Attributes:
        low, high: at the bottom and at the top; the logarithms of these where it is logarithmic.

    """

    low: float
    high: float
    logarithmic: bool
    ticks: Sequence[float] = field(default=())

    def place(self, value: float) -> float:
        if self.logarithmic:
            value = log10(max(value, 10**self.low))
        share = (value - self.low) / (self.high - self.low)
        return round(100 * (1 - min(1.0, max(0.0, share))), 2)


def plot(
    key: str,
    title: str,
    hint: str,
    curves: Sequence[Curve],
    length: float,
    *,
    unit: str = "",
    logarithmic: bool = False,
    least: bool = False,
    limit: tuple[float, str] | None = None,
    bands: Sequence[Band] = (),
) -> Plot | None:
    """Return a plot of curves over so many seconds, None where nothing is known.

    Args:
        key: of its anchor.
        title: of the plot.
        hint: how to read it.
        curves: what is drawn.
        length: seconds of the run.
        unit: of the values.
        logarithmic: whether equal factors have equal heights.
        least: whether low is bad: the lowest is told, and kept where points are too many.
        limit: a value with its meaning.
        bands: the phases.

    """
    values = [value for curve in curves for _, value in curve.points if value is not None]
    if not values:
        return None
    axis = _logarithmic(values) if logarithmic else _shares(min(values)) if least else _linear(max([*values, 1e-9]))
    lines = [_line(curve, axis, length, unit, least) for curve in curves]
    return Plot(
        key=key,
        title=title,
        hint=hint,
        lines=lines,
        levels=[Tick(axis.place(value), told(value, unit)) for value in axis.ticks],
        times=[Tick(round(100 * at / length, 2), span(at)) for at in _times(length)],
        bands=bands,
        columns=list(_columns(curves, length, unit)),
        limit=_limit(axis, limit),
        words=f"{title}: " + "; ".join(f"{line.name} {line.peak}" for line in lines if line.peak),
    )


def thinned(points: Sequence[Point], pick: Callable[[Sequence[float]], float], most: int = MOST_POINTS) -> list[Point]:
    """Return at most about so many points: of those that are put together, the one that is picked. Gaps stay."""
    size = ceil(len(points) / most)
    if size <= 1:
        return list(points)
    found: list[Point] = []
    for start in range(0, len(points), size):
        some = points[start : start + size]
        values = [value for _, value in some if value is not None]
        found.append((some[len(some) // 2][0], pick(values) if values else None))
    return found


def _line(curve: Curve, axis: _Axis, length: float, unit: str, least: bool) -> Line:
    pick = min if least else max
    parts: list[list[tuple[float, float]]] = [[]]
    for at, value in thinned(curve.points, pick):
        if value is None:
            parts.append([])
        else:
            parts[-1].append((round(100 * at / length, 2), axis.place(value)))
    dots = [part[0] for part in parts if len(part) == 1]
    dots += [
        next((point for part in parts for point in part if point[0] >= 100 * at / length), (0.0, 0.0))
        for at in curve.again
    ]
    drawn = [" ".join(f"{x * _BOX / 100:g},{y * _BOX / 100:g}" for x, y in part) for part in parts if len(part) > 1]
    values = [value for _, value in curve.points if value is not None]
    peak = f"{'lowest' if least else 'peak'} {told(pick(values), unit)}" if values else ""
    return Line(curve.name, drawn, dots, peak, curve.under)


def _linear(high: float) -> _Axis:
    """Return an axis from 0 to a round number."""
    step = 10 ** floor(log10(high / 4))
    step *= next(factor for factor in _STEPS if factor * step * 5 >= high)
    steps = ceil(high / step - 1e-9)
    return _Axis(0.0, steps * step, logarithmic=False, ticks=[step * place for place in range(steps + 1)])


def _shares(low: float) -> _Axis:
    """Return an axis up to all, from so far below that the lowest share is seen to be less."""
    low = next(it for it in _FLOORS if it <= low)
    return _Axis(low, 1.0, logarithmic=False, ticks=[round(low + (1 - low) * part / 5, 4) for part in range(6)])


def _logarithmic(values: Sequence[float]) -> _Axis:
    """Return an axis of whole powers of ten."""
    positive = [value for value in values if value > 0] or [1.0]
    low, high = floor(log10(min(positive))), ceil(log10(max(positive)))
    high = max(high, low + 1)
    factors = (1, 2, 5) if high - low < _DECADES else (1,)
    ticks = [factor * 10.0**power for power in range(low, high) for factor in factors]
    return _Axis(low, high, logarithmic=True, ticks=[*ticks, 10.0**high])


def _times(length: float) -> list[float]:
    step = next((it for it in _TIMES if length / it <= _MOST_TIMES), _TIMES[-1])
    return [float(at) for at in range(0, floor(length) + 1, step)]


def _limit(axis: _Axis, limit: tuple[float, str] | None) -> Tick | None:
    if limit is None or limit[0] > (10**axis.high if axis.logarithmic else axis.high):
        return None
    return Tick(axis.place(limit[0]), limit[1])


def _columns(curves: Sequence[Curve], length: float, unit: str) -> Iterator[Column]:
    """Yield stripes, each with the values nearest to its middle."""
    count = min(MOST_COLUMNS, max(1, ceil(length)))
    width = length / count
    for place in range(count):
        middle = (place + 0.5) * width
        lines = [f"at {span(middle)}"]
        for curve in curves:
            at, value = _nearest(curve.points, middle)
            if value is not None and abs(at - middle) <= max(width, 1.5):
                lines.append(f"{curve.name}: {told(value, unit) if unit else number(value)}")
        if len(lines) > 1:
            yield Column(round(100 * place / count, 3), round(100 / count, 3), "\n".join(lines))


def _nearest(points: Sequence[Point], at: float) -> Point:
    """Return the point that is next to a moment, of points in their order."""
    place = bisect_left(points, at, key=lambda point: point[0])
    return min(points[max(0, place - 1) : place + 1], key=lambda point: abs(point[0] - at), default=(0.0, None))
