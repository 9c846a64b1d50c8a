"""What a process of the generator counts while it runs: enough for a progress line, for curves and for percentiles."""

from __future__ import annotations

import time
from array import array
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from load.histogram import Histogram
from load.ledger import BOUND, Ledger, Visit
from load.mark import Mark

__all__ = ["CURVE", "Tally", "now"]

CURVE = 8
"""Bits of the histograms of single seconds: two digits are enough for a curve."""


_MOST_FAILURES = 50


def now() -> int:
    """Return the time in microseconds since 1970: processes of several machines have to agree on it."""
    return time.time_ns() // 1000


@dataclass(slots=True)
class Tally:
    """Counts and histograms, in microseconds.

    Attributes:
        ledger: what is remembered of every message.
        intended: latency from when a message was due, by phase; likewise `actual`, from when it was written.
        curve: latency from when a message was due, by the second since 1970 in which it was.
        arrived: deliveries by the second in which they were made.
        connects: time from dialling to CONNECT.
        failures: what went wrong, how often.
        ready: for each phase, microseconds from its beginning until each client that it concerned was well again.
        concerned: for each phase, how many clients it concerned.
        connected: how many are, now.
        sent, expected, delivered: so far, without repeats.

    """

    ledger: Ledger = field(default_factory=Ledger)
    intended: dict[int, Histogram] = field(default_factory=lambda: defaultdict(Histogram))
    actual: dict[int, Histogram] = field(default_factory=lambda: defaultdict(Histogram))
    curve: dict[int, Histogram] = field(default_factory=lambda: defaultdict(lambda: Histogram(CURVE)))
    arrived: Counter[int] = field(default_factory=Counter[int])
    connects: Histogram = field(default_factory=Histogram)
    failures: Counter[str] = field(default_factory=Counter[str])
    ready: dict[int, array[int]] = field(default_factory=lambda: defaultdict(lambda: array("q")))
    concerned: Counter[int] = field(default_factory=Counter[int])
    connected: int = 0
    sent: int = 0
    expected: int = 0
    delivered: int = 0

    def arrive(self, visit: Visit, mark: Mark, *, again: bool, excused: bool) -> int:
        """Count a delivery, and return its latency from when the message was due.

        Args:
            visit: over which it came.
            mark: of the message.
            again: it is a repeat: of latency it says nothing.
            excused: the receiver did not want it earlier: likewise, and it is not late.

        """
        at = now()
        latency = at - mark.due
        visit.arrive(mark.sender, mark.number)
        if again:
            return latency
        self.delivered += 1
        self.arrived[at // 1_000_000] += 1
        if excused:
            return latency
        if latency > BOUND:
            self.ledger.late.append((visit.user, mark.sender, mark.number, at))
        self.intended[mark.phase].record(latency)
        self.actual[mark.phase].record(at - mark.sent)
        self.curve[mark.due // 1_000_000].record(latency)
        return latency

    def fail(self, what: str) -> None:
        """Count what went wrong. The words may be a server's, so there are no more of them than can be told."""
        self.failures[what if what in self.failures or len(self.failures) < _MOST_FAILURES else "other failures"] += 1

    def pack(self) -> dict[str, Any]:
        """Return all but the ledger as what can be sent."""
        return {
            "intended": _packed(self.intended),
            "actual": _packed(self.actual),
            "curve": _packed(self.curve),
            "arrived": list(self.arrived.items()),
            "connects": list(self.connects.counts.items()),
            "failures": list(self.failures.items()),
            "ready": [(phase, times.tobytes()) for phase, times in self.ready.items()],
            "concerned": list(self.concerned.items()),
        }

    def unpack(self, packed: Mapping[str, Any]) -> None:
        """Add what another process has counted."""
        for own, other in ((self.intended, "intended"), (self.actual, "actual"), (self.curve, "curve")):
            for key, counts in packed[other]:
                own[key].add(counts)
        for own, other in ((self.arrived, "arrived"), (self.failures, "failures"), (self.concerned, "concerned")):
            own.update(dict(packed[other]))
        self.connects.add(packed["connects"])
        for phase, times in packed["ready"]:
            self.ready[phase].frombytes(times)


def _packed(histograms: Mapping[int, Histogram]) -> list[tuple[int, list[tuple[int, int]]]]:
    return [(key, list(histogram.counts.items())) for key, histogram in histograms.items()]
