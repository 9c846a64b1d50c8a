"""Histograms: three digits whatever the size, and the sum over processes is as if one had counted it all."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from load.histogram import Histogram

VALUES = st.lists(st.integers(0, 10**9), min_size=1)


def filled(values: list[int], bits: int = 11) -> Histogram:
    histogram = Histogram(bits)
    for value in values:
        histogram.record(value)
    return histogram


@given(st.integers(0, 10**12))
def test_three_digits_of_every_value_are_right(value: int):
    """A percentile of a single value is that value, to a thousandth."""
    assert filled([value]).percentile(0.5) == pytest.approx(value, rel=0.001)


@given(st.integers(0, 10**12))
def test_two_digits_are_right_with_eight_bits(value: int):
    """Fewer bits are fewer digits."""
    assert filled([value], 8).percentile(1.0) == pytest.approx(value, rel=0.01)


@given(VALUES, st.sampled_from([0.01, 0.5, 0.9, 0.99, 1.0]))
def test_a_percentile_is_the_value_at_that_rank(values: list[int], share: float):
    """The smallest recorded value that so many do not exceed."""
    rank = max(0, -int(-share * len(values) // 1) - 1)
    assert filled(values).percentile(share) == pytest.approx(sorted(values)[rank], rel=0.001)


@given(VALUES, VALUES)
def test_histograms_add_up(some: list[int], others: list[int]):
    """Merged is the same as counted by one."""
    merged = filled(some)
    merged.add(filled(others).counts.items())
    assert merged.counts == filled(some + others).counts
    assert merged.count == len(some) + len(others)


def test_no_value_falls_between_buckets():
    """The order of values is the order of their buckets."""
    values = sorted({base + step for base in (2**n for n in range(40)) for step in (-1, 0, 1, 3)})
    buckets = [next(iter(filled([value]).counts)) for value in values if value >= 0]
    assert all(one <= other for one, other in itertools.pairwise(buckets))


def test_a_clock_that_went_back_is_no_error():
    """A value below nothing counts as nothing."""
    assert filled([-5]).percentile(1.0) == 0


def test_an_empty_histogram_has_no_latency():
    """All figures are 0."""
    assert Histogram().latency().count == 0


def test_latency_is_in_milliseconds():
    """Microseconds in, milliseconds out."""
    latency = filled([1000, 2000, 3000, 50_000]).latency()
    assert (latency.count, latency.p50, latency.max) == (4, 2.0, pytest.approx(50.0, rel=0.001))
    assert latency.mean == pytest.approx(14.0, rel=0.001)
