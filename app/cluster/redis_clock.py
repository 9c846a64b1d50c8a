"""Whether the clock of this server agrees with that of Redis, which all servers have in common."""

from __future__ import annotations

import logging
from collections.abc import Callable

from app.domain.clock import now_ms

__all__ = ["SKEW_MS", "Clock"]

log = logging.getLogger("parley.cluster")

SKEW_MS = 5_000
"""Milliseconds by which the two may differ: then no two servers differ by more than messages may be late."""


class Clock:
    """Warns once if the clock of this server is off.

    Args:
        now: returns milliseconds since the epoch.

    """

    def __init__(self, now: Callable[[], int] = now_ms) -> None:
        self.now = now
        self._warned = False

    def compare(self, asked: int, told: int) -> None:
        """Compare the clocks.

        Args:
            asked: when Redis was asked, by this clock; it told the time between then and now.
            told: the milliseconds of Redis.

        """
        off = min(told - asked, 0) or max(told - self.now(), 0)
        if abs(off) > SKEW_MS and not self._warned:
            self._warned = True
            log.warning(
                "the clock of this server is %.1f s %s that of Redis: messages of servers whose clocks differ by more"
                " than 10 s may come late, or not live to every device",
                abs(off) / 1000,
                "behind" if off > 0 else "ahead of",
            )
