"""`load.figures`: sums over phases, processes and time."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from load import figures
from load.result import Sample, Series
from tests.load.results import generator, phase, result, seconds, series

numbers = st.floats(-1e6, 1e6)
steps = st.lists(st.tuples(st.floats(0.1, 5.0), st.floats(0.0, 2.0)), min_size=2, max_size=20)


def worked(pairs: list[tuple[float, float]]) -> Series:
    """Return a process that was looked at after so long each, and had used so much meanwhile."""
    at, cpu, found = 0.0, 0.0, [Sample(0.0, 0.0, 0)]
    for length, used in pairs:
        at, cpu = at + length, cpu + used
        found.append(Sample(at, cpu, 0))
    return Series("server 1", "server", found)


@given(slope=numbers, level=numbers, places=st.lists(st.integers(0, 10_000), min_size=2, max_size=50, unique=True))
def test_the_slope_of_a_line_is_its_own(slope: float, level: float, places: list[int]):
    """Wherever it was looked at."""
    found = figures.slope([(x, slope * x + level) for x in places])

    assert found == pytest.approx(slope, rel=1e-4, abs=1e-2)


@given(
    points=st.lists(st.tuples(st.integers(0, 100), st.integers(-1000, 1000)), min_size=3, max_size=30),
    other=st.floats(-50.0, 50.0),
    up=st.floats(-100.0, 100.0),
)
def test_no_other_line_has_smaller_squares(points: list[tuple[int, int]], other: float, up: float):
    """Least squares are the least."""
    slope = figures.slope(points)
    assume(slope is not None)
    assert slope is not None
    x, y = (sum(values) / len(points) for values in zip(*points, strict=True))

    def squares(by: float, at: float) -> float:
        return sum((y + at + by * (px - x) - py) ** 2 for px, py in points)

    assert squares(slope, 0.0) <= squares(slope + other, up) * (1 + 1e-9) + 1e-6


def test_there_is_no_slope_without_two_places():
    """A point has none, and a wall neither."""
    assert figures.slope([]) is None
    assert figures.slope([(1, 1)]) is None
    assert figures.slope([(1, 1), (1, 2)]) is None


@given(pairs=steps, cut=st.floats(0.0, 1.0))
def test_processor_time_of_two_halves_is_that_of_the_whole(pairs: list[tuple[float, float]], cut: float):
    """Wherever it is cut, and all that was used is in it."""
    process = worked(pairs)
    end = process.samples[-1].at
    parts = [figures.spent(process, 0.0, end * cut), figures.spent(process, end * cut, end)]

    assert figures.total(parts) == pytest.approx(sum(used for _, used in pairs), abs=1e-9)


def test_a_process_that_was_started_anew_begins_at_nothing():
    """What it used before the last look counts, and what the new one has used."""
    restarted = series("server 1", "server", [5.0, 6.0, 7.0, 0.5, 1.5])

    assert figures.spent(restarted, 0.0, 4.0) == pytest.approx(2.0 + 0.5 + 1.0)
    assert figures.spent(restarted, 2.0, 3.0) == pytest.approx(0.5)


def test_where_nobody_looked_nothing_is_known():
    """That is not 0."""
    process = series("server 1", "server", [0.0, 1.0])

    assert figures.spent(process, 1.0, 5.0) is None
    assert figures.spent(series("server 1", "server", [1.0]), 0.0, 5.0) is None
    assert figures.spent(process, 0.5, 5.0) == pytest.approx(0.5)


@pytest.mark.parametrize("fraction", [0.0, 0.25, 0.75])
def test_seconds_are_those_of_the_clock(fraction: float):
    """A run that began within a second counts its first second from before; what lies in a phase in part, counts so."""
    run = replace(result(phases=[phase(began=2.0, ended=5.0)], seconds=seconds(10)), began=1_700_000_000 + fraction)

    assert figures.span(run, run.seconds[3]) == (3 - fraction, 4 - fraction)
    assert figures.due(run) == pytest.approx(15)
    assert len(figures.within(run, run.phases[0])) == 3


def test_a_busy_stretch_counts_if_it_lasts():
    """A second at full power is none; ten are, wherever they begin; in a short phase the mean of it counts."""
    bursts = [0.0, 1.0, *(1.0 + 0.1 * at for at in range(1, 30))]
    busy = [0.1 * at for at in range(10)] + [0.9 + at for at in range(1, 12)] + [12.0] * 10

    assert figures.mean_share(series("g", "generator", bursts), 0.0, 30.0, 10.0) == pytest.approx(0.19)
    assert figures.mean_share(series("g", "generator", busy), 0.0, 30.0, 10.0) == pytest.approx(1.0)
    assert figures.mean_share(series("g", "generator", bursts), 0.0, 2.0, 10.0) == pytest.approx(0.55)
    assert figures.mean_share(generator(), 0.0, 0.0, 10.0) is None


@given(values=st.lists(st.floats(0, 1000), min_size=1, max_size=300))
def test_a_quantile_is_exceeded_by_few(values: list[float]):
    """By one of a hundred, or by one where there are fewer; and it is one of the values."""
    found = figures.quantile(values, 0.99)

    assert found in values
    assert sum(it > found for it in values) <= max(1, len(values) // 100)
    assert sum(it >= found for it in values) >= min(2, len(values))


def test_an_action_that_lasts_holds_until_another_ends_it():
    """Those who have stopped reading do not read in the phases after, until they are told to: then it is over."""
    phases = [phase("a"), phase("b", action="stall"), phase("c"), phase("d", action="read"), phase("e"),
              phase("f", action="drop"), phase("g")]  # fmt: skip

    assert [it.name for it in figures.disturbed(result(phases=phases))] == ["b", "c", "f"]
