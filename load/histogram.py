"""Histograms of whole numbers that keep so many digits whatever the size, and that add up over processes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import ceil

from load.result import Latency

__all__ = ["Histogram"]


class Histogram:
    """How often which value was recorded.

    Values are put together with those that differ by less than a part of them, 2 to the power of `1 - bits`: with 11
    bits three decimal digits are right, with 8 bits two. Values below 2 to the power of `bits` are kept as they are.

    Attributes:
        counts: how often a bucket was hit, by its number.

    """

    __slots__ = ("_bits", "_half", "counts")

    def __init__(self, bits: int = 11, counts: Mapping[int, int] | None = None) -> None:
        self.counts: dict[int, int] = dict(counts or {})
        self._bits = bits
        self._half = 1 << (bits - 1)

    def record(self, value: int) -> None:
        """Count a value; one below 0 counts as 0."""
        if value < 0:
            value = 0
        shift = value.bit_length() - self._bits
        bucket = value if shift <= 0 else shift * self._half + (value >> shift)
        counts = self.counts
        counts[bucket] = counts.get(bucket, 0) + 1

    def add(self, counts: Iterable[tuple[int, int]]) -> None:
        """Add buckets and their counts, of another histogram of as many bits."""
        own = self.counts
        for bucket, count in counts:
            own[bucket] = own.get(bucket, 0) + count

    @property
    def count(self) -> int:
        """How many values were recorded."""
        return sum(self.counts.values())

    def percentile(self, share: float) -> int:
        """Return the smallest value that so large a share of the values does not exceed, 0 where there are none."""
        wanted = max(1, ceil(share * self.count))
        seen = 0
        for bucket in sorted(self.counts):
            seen += self.counts[bucket]
            if seen >= wanted:
                return self._value(bucket)
        return 0

    def latency(self) -> Latency:
        """Return the figures of a histogram of microseconds, in milliseconds."""
        if not self.counts:
            return Latency()
        count = self.count
        total = sum(self._value(bucket) * times for bucket, times in self.counts.items())
        shares = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p999": 0.999, "max": 1.0}
        figures = {name: self.percentile(share) / 1000 for name, share in shares.items()}
        return Latency(count=count, mean=round(total / count / 1000, 3), **figures)

    def _value(self, bucket: int) -> int:
        """Return the middle of a bucket."""
        shift = bucket // self._half - 1
        if shift <= 0:
            return bucket
        return ((bucket - shift * self._half) << shift) + (1 << (shift - 1))
