"""How often something may happen: a count in a time, such as `100/60s`."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Allowance", "Rate", "seconds"]

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


def seconds(text: str) -> int:
    """Return a duration: `3600`, `90s`, `15m`, `24h` or `1d`. Raise `ValueError`."""
    match = re.fullmatch(r"\s*(\d+)\s*([smhd]?)\s*", text.lower())
    if match is None:
        raise ValueError("should be a number of seconds, or a number with s, m, h or d, such as 24h")
    return int(match[1]) * _UNITS[match[2]]


@dataclass(frozen=True, slots=True)
class Rate:
    """So many in so many seconds, counted from the first of them.

    Attributes:
        count: at least one.
        seconds: at least one.

    """

    count: int
    seconds: int

    @classmethod
    def parse(cls, text: str) -> Rate:
        """Return the rate of `100/60s` or `5/1m`. Raise `ValueError`."""
        count, slash, duration = text.partition("/")
        if not (slash and count.strip().isdecimal() and int(count)):
            raise ValueError("should be a count, a slash and a duration, such as 100/60s")
        rate = cls(int(count), seconds(duration))
        if not rate.seconds:
            raise ValueError("should have a duration of at least a second, such as 100/60s")
        return rate

    def __str__(self) -> str:
        return f"{self.count}/{self.seconds}s"


class Allowance:
    """What is left of a rate to one who uses it.

    Args:
        rate: what is allowed.
        clock: returns seconds that never go back.

    """

    __slots__ = ("_clock", "_ends", "_left", "_rate")

    def __init__(self, rate: Rate, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._clock = clock
        self._ends = float("-inf")
        self._left = 0

    def take(self) -> float:
        """Take one. Return 0, or the seconds after which there is one again: then none was taken."""
        now = self._clock()
        if now >= self._ends:
            self._ends, self._left = now + self._rate.seconds, self._rate.count
        if not self._left:
            return self._ends - now
        self._left -= 1
        return 0.0
