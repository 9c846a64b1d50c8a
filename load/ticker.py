"""How far a run is, while it runs: a line that is written again, or, in a log, a line every few seconds."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from e2e.report.terminal import Terminal

__all__ = ["Ticker", "told"]

_EVERY = 5.0
"""Seconds between two lines of a log."""


class Ticker:
    """Shows what a generator says of how far it is.

    Args:
        duration: seconds that the phases take together.
        clock: seconds, from any moment on.

    """

    def __init__(self, terminal: Terminal, duration: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._terminal = terminal
        self._duration = duration
        self._clock = clock
        self._due = clock()

    def show(self, news: Mapping[str, Any]) -> None:
        """Take the news of a second."""
        line, now = told(news, self._duration), self._clock()
        if self._terminal.live:
            self._draw(line)
        elif now >= self._due:
            self._due = now + _EVERY
            self._terminal.say(line)

    def prepare(self, what: str) -> None:
        """Say what has to be done before there is any news."""
        if self._terminal.live:
            self._draw(what)
        else:
            self._terminal.say(what)

    def _draw(self, line: str) -> None:
        self._terminal.rewrite(line[: self._terminal.width - 1])

    def end(self) -> None:
        """Clear the line, for what is printed next."""
        self._terminal.wipe()


def told(news: Mapping[str, Any], duration: float) -> str:
    """Return the news of a second as a line."""
    parts = [
        f"{news['at']:.0f} of {duration:.0f} s  {news['phase']}",
        f"{news['users']:,} users",
        f"{news['sent']:,} sent",
        f"{news['delivered']:,} of {news['expected']:,} delivered",
        f"p99 {news['p99']:.1f} ms",
        f"generator {news['cpu']:.0%}, {news['lag']:.0f} ms late",
    ]
    return "  ".join(parts)
