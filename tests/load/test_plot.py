"""`load.report.plot` and `load.report.plots`: what is drawn, and where."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from load.report.plot import MOST_POINTS, Curve, Plot, plot, thinned
from load.report.plots import plots
from load.result import Latency
from tests.load.results import flat, generator, phase, result, second, seconds, series
from tests.load.simulated import simulated

positive = st.floats(0.001, 1e6)


def drawn(*values: float | None, again: tuple[float, ...] = (), **changes) -> Plot:
    """Return the plot of values a second apart."""
    curve = Curve("it", list(enumerate(values)), again)
    found = plot("key", "Title", "hint", [curve], len(values), **changes)
    assert found is not None
    return found


def heights(found: Plot) -> list[float]:
    """Return how far from the top each point of the first line is, in percent."""
    return [float(point.split(",")[1]) / 10 for part in found.lines[0].parts for point in part.split()]


def named(found: list[Plot], key: str) -> Plot:
    return next(it for it in found if it.key == key)


@given(values=st.lists(positive, min_size=2, max_size=50), logarithmic=st.booleans())
def test_more_is_higher_and_nothing_is_outside(values: list[float], logarithmic: bool):
    """On every axis; and the axis has lines from its bottom to its top."""
    found = drawn(*values, logarithmic=logarithmic)
    places = heights(found)

    assert all(0 <= it <= 100 for it in places)
    assert [it for _, it in sorted(zip(values, places, strict=True), key=lambda it: (it[0], -it[1]))] == sorted(
        places, reverse=True
    )
    assert [found.levels[0].at, found.levels[-1].at] == [100, 0]
    assert len(found.levels) <= 12


def test_a_point_is_where_its_value_is():
    """Linear from 0, or by factors of ten."""
    assert heights(drawn(0, 50, 100)) == [100, 50, 0]
    assert [it.text for it in drawn(0, 50, 100, unit="ms").levels] == [
        "0 ms",
        "20 ms",
        "40 ms",
        "60 ms",
        "80 ms",
        "100 ms",
    ]
    assert heights(drawn(1, 10, 1000, logarithmic=True)) == pytest.approx([100, 66.67, 0])
    assert drawn(1, 2, 3).lines[0].parts[0].split()[1].startswith("333.3,")


def test_shares_stand_at_the_top_and_a_small_loss_is_seen():
    """All is at the top; the less was lost, the closer one looks."""
    assert heights(drawn(1.0, 0.9, least=True)) == [0, 100]
    assert heights(drawn(1.0, 0.999, least=True)) == [0, pytest.approx(10)]
    assert heights(drawn(1.0, 0.25, least=True)) == [0, 75]
    assert drawn(1.0, 0.25, 0.5, least=True, unit="%").lines[0].peak == "lowest 25 %"


def test_a_gap_is_a_gap():
    """Where nothing is known nothing is drawn; a value alone is a dot, and so is where something began anew."""
    found = drawn(1, 2, None, 4, None, 2, 1, again=(5.0,)).lines[0]

    assert [len(part.split()) for part in found.parts] == [2, 2]
    assert [x for x, _ in found.dots] == [pytest.approx(100 * 3 / 7, abs=0.01), pytest.approx(100 * 5 / 7, abs=0.01)]
    assert plot("key", "Title", "hint", [Curve("it", [(0.0, None)])], 1.0) is None


@given(values=st.lists(st.one_of(st.none(), positive), min_size=1, max_size=3000))
def test_few_points_are_left_of_many_and_the_worst_is_among_them(values: list[float | None]):
    """Whoever looks at an hour must not miss its worst second."""
    found = thinned(list(enumerate(values)), max)
    known = [value for value in values if value is not None]

    assert len(found) <= MOST_POINTS
    assert max((it for _, it in found if it is not None), default=None) == max(known, default=None)
    assert [at for at, _ in found] == sorted(at for at, _ in found)


def test_a_limit_out_of_sight_is_not_drawn():
    """It would be on the edge, and look as if it was met just so."""
    assert drawn(1, 2, limit=(50.0, "limit")).limit is None
    assert (it := drawn(10, 100, limit=(50.0, "limit")).limit)
    assert it.at == 50


def test_who_points_at_a_plot_is_told_the_values_there():
    """With their time."""
    found = drawn(1, None, 3, unit="ms")

    assert [it.text for it in found.columns] == ["at 0.5 s\nit: 1 ms", "at 2.5 s\nit: 3 ms"]
    assert [(it.x, it.width) for it in found.columns] == [(0, 33.333), (66.667, 33.333)]


def test_phases_are_bands_that_fill_the_plot():
    """With the drain after them."""
    run = result(phases=[phase("ramp", 0, 5, measured=False), phase("hold", 5, 10)], seconds=seconds(20))
    found = plots(run)[0].bands

    assert [(it.name, it.x, it.width, it.measured) for it in found] == [
        ("ramp", 0, 25, False), ("hold", 25, 25, True), ("drain", 50, 50, False),
    ]  # fmt: skip


def test_every_plot_shows_what_its_title_says():
    """Each curve from its own figure."""
    latency = Latency(9, 2.0, 1.0, 10.0, 100.0, 1000.0, 1000.0)
    one = second(0, users=7, sent=3, expected=40, delivered=20, arrived=30, intended=latency)
    busy = series("server 1", "server", [0.0, 0.5, 1.0], rss=[5_000_000], tasks=[70], queued=[2000])
    run = result(seconds=[one, one], processes=[busy, generator(0.3, lag=[9.0], looks=3)], phases=[phase(ended=2.0)])
    peaks = {it.key: [(line.name, line.peak) for line in it.lines] for it in plots(run)}

    assert peaks == {
        "latency": [("p50", "peak 1 ms"), ("p90", "peak 10 ms"), ("p99", "peak 100 ms"), ("p99.9", "peak 1,000 ms")],
        "throughput": [
            ("messages due", "peak 3 /s"),
            ("deliveries owed", "peak 40 /s"),
            ("deliveries made", "peak 30 /s"),
        ],
        "reach": [("delivered of owed", "lowest 50 %")],
        "users": [("users", "peak 7")],
        "cpu": [("server 1", "peak 0.5 cores")],
        "memory": [("server 1", "peak 5 MB")],
        "queued": [("server 1", "peak 2 kB")],
        "tasks": [("server 1", "peak 70")],
        "generator-cpu": [("generator 0", "peak 30 %")],
        "generator-lag": [("generator 0", "peak 9 ms")],
    }


def test_a_second_in_which_nothing_came_has_no_latency():
    """It is not 0."""
    run = result(seconds=[second(0, intended=flat(1.0)), second(1, intended=Latency()), second(2, intended=flat(1.0))])

    assert named(plots(run), "latency").lines[0].parts == []
    assert len(named(plots(run), "latency").lines[0].dots) == 2


def test_a_restart_is_seen():
    """Processor time has a gap there, memory a dot."""
    again = series("server 1", "server", [0.0, 1.0, 2.0, 0.1, 1.1, 2.1], rss=[9, 9, 9, 3, 3, 3])
    found = plots(result(processes=[again, generator()]))

    assert [len(part.split()) for part in named(found, "cpu").lines[0].parts] == [2, 2]
    assert [len(part.split()) for part in named(found, "memory").lines[0].parts] == [3, 3]
    assert len(named(found, "memory").lines[0].dots) == 1


def test_an_hour_is_no_more_to_draw_than_a_minute():
    """So that a page of it opens."""
    points = [len(re.findall(",", part)) for it in plots(simulated("soak")) for line in it.lines for part in line.parts]

    assert max(points) <= MOST_POINTS
