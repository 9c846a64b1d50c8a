"""Time and identifiers: the one place where a clock is read."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

__all__ = ["Sequence", "instant", "iso", "least_id", "moment", "now_ms", "user_id"]

_COUNTER_LIMIT = 0x100000
_EPOCH = datetime.fromtimestamp(0, UTC)
_FIRST_MS, _LAST_MS = -62_135_596_800_000, 253_402_300_799_999


def now_ms() -> int:
    """Return the wall clock in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def moment(ms: int) -> datetime:
    """Return the UTC instant that is `ms` milliseconds after the epoch."""
    return datetime.fromtimestamp(ms // 1000, UTC).replace(microsecond=ms % 1000 * 1000)


def iso(ms: int) -> str:
    """Return `ms` as ISO-8601 UTC with exactly three fractional digits and `Z`; of years 1 to 9999 the nearest."""
    ms = min(max(ms, _FIRST_MS), _LAST_MS)
    return moment(ms).strftime("%Y-%m-%dT%H:%M:%S.") + f"{ms % 1000:03d}Z"


def instant(text: str) -> int:
    """Return the milliseconds of an ISO-8601 instant, of UTC where it does not say of which zone.

    Raise `ValueError` for what is none, or is before 1970.
    """
    try:
        found = datetime.fromisoformat(text)
        ms = (found.replace(tzinfo=found.tzinfo or UTC) - _EPOCH) // timedelta(milliseconds=1)
        if ms >= 0 and moment(ms):
            return ms
    except (ValueError, OverflowError):
        pass
    raise ValueError("must be an ISO 8601 date")


def user_id() -> str:
    """Return a new user id: 24 hex digits, the first 8 of them seconds since the epoch, as in an ObjectId."""
    return f"{now_ms() // 1000:08x}{secrets.token_hex(8)}"


def least_id(ms: int) -> str:
    """Return what sorts before every message id of the instant `ms` and after every one of an earlier instant."""
    return f"{ms:011x}"


class Sequence:
    """Message ids that sort by (millisecond, counter, process).

    An id is 24 hex digits: 11 of milliseconds since the epoch, 5 of a counter within the millisecond and 8 that
    are drawn at random for this process. Ids of one sequence always grow, also when the clock steps back.
    """

    def __init__(self, clock: Callable[[], int] = now_ms) -> None:
        self._clock = clock
        self._process = secrets.token_hex(4)
        self._ms = 0
        self._counter = 0

    def next(self) -> tuple[str, int]:
        """Return a new id and its instant, in milliseconds since the epoch."""
        now = self._clock()
        if now > self._ms:
            self._ms, self._counter = now, 0
        else:
            self._counter += 1
            if self._counter == _COUNTER_LIMIT:
                self._ms, self._counter = self._ms + 1, 0
        return f"{least_id(self._ms)}{self._counter:05x}{self._process}", self._ms
