"""Heartbeats of all sessions, with one timer.

Every session has the same interval and the same timeout, so what falls due is a queue: whoever was put in first is due
first. Putting a session in and taking it out costs the same however many there are, and one that has ended is not kept.
"""

from __future__ import annotations

import asyncio
import logging
import weakref
from collections import deque
from typing import Protocol

__all__ = ["Heartbeat", "Pulse"]

log = logging.getLogger("parley.engine")


class Pulse(Protocol):
    """What has a heartbeat."""

    def beat(self) -> int | None:
        """Send a PING and return its number; None if the session has ended."""
        ...

    def answered(self, number: int) -> bool:
        """Return whether the PING of that number was answered, or the session has ended."""
        ...

    def lapse(self) -> None:
        """Hear that a PING was not answered in time."""
        ...


class Heartbeat:
    """Has each session sent a PING every `interval` seconds, and ends those that do not answer within `timeout`."""

    def __init__(self, interval: float, timeout: float) -> None:
        self._interval = interval
        self._timeout = timeout
        self._pings: deque[tuple[float, weakref.ref[Pulse]]] = deque()
        self._deadlines: deque[tuple[float, weakref.ref[Pulse], int]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def start(self, session: Pulse) -> None:
        """Have the session sent a PING whenever an interval has passed."""
        loop = asyncio.get_running_loop()
        self._pings.append((loop.time() + self._interval, weakref.ref(session)))
        if self._timer is None:
            self._timer = loop.call_at(self._pings[0][0], self._tick)

    def stop(self) -> None:
        """Forget every session."""
        self._pings.clear()
        self._deadlines.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        try:
            while self._deadlines and self._deadlines[0][0] <= now:
                _, reference, number = self._deadlines.popleft()
                self._expire(reference(), number)
            while self._pings and self._pings[0][0] <= now:
                _, reference = self._pings.popleft()
                self._beat(reference, now)
        finally:
            due = [queue[0][0] for queue in (self._pings, self._deadlines) if queue]
            self._timer = loop.call_at(min(due), self._tick) if due else None

    def _expire(self, session: Pulse | None, number: int) -> None:
        try:
            if session is not None and not session.answered(number):
                session.lapse()
        except Exception:  # of one must not stop the heart of all
            log.exception("a session that did not answer could not be ended")

    def _beat(self, reference: weakref.ref[Pulse], now: float) -> None:
        session = reference()
        try:
            number = session.beat() if session is not None else None
        except Exception:
            log.exception("a session could not be sent its heartbeat")
            return
        if number is not None:
            self._deadlines.append((now + self._timeout, reference, number))
            self._pings.append((now + self._interval, reference))
