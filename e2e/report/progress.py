"""How far a run is, while it runs: a line that is written again, or, in a log, a line now and then."""

from __future__ import annotations

import time
from collections.abc import Callable

from e2e.report.legible import one_line, shortened
from e2e.report.terminal import Terminal
from e2e.verify.result import TestOutcome

__all__ = ["Progress"]

_CELLS = 24
_PORTIONS = 10
"""So many lines a log gets in all, and one for each test that fails."""


class Progress:
    """Counts the tests of a run.

    Args:
        total: how many tests there will be.
        clock: seconds, from any moment on.

    """

    def __init__(self, total: int, terminal: Terminal, clock: Callable[[], float] = time.monotonic) -> None:
        self._total = max(total, 1)
        self._terminal = terminal
        self._clock = clock
        self._began = clock()
        self._done = 0
        self._failed = 0
        self._named: set[str] = set()

    def advance(self, title: str, outcome: TestOutcome) -> None:
        """Count a test that ended. One that failed is named at once; with other parameters, it is so no more."""
        self._done += 1
        if outcome in ("failed", "error"):
            self._failed += 1
        if outcome in ("failed", "error") and title not in self._named:
            self._named.add(title)
            self._terminal.wipe()
            title = shortened(one_line(title), max(20, self._terminal.width - 8))
            self._terminal.say(f"{self._terminal.coloured('failed', 'FAIL')}  {title}")
        if self._terminal.live:
            self._draw()
        elif self._done * _PORTIONS // self._total > (self._done - 1) * _PORTIONS // self._total:
            self._terminal.say(self._told())

    def end(self) -> None:
        """Clear the line, for what is printed next."""
        self._terminal.wipe()

    def _draw(self) -> None:
        full = min(_CELLS, _CELLS * self._done // self._total)
        bar = f"{'━' * full}{self._terminal.faint('─' * (_CELLS - full))}"
        self._terminal.rewrite(f"{bar} {self._told()}")

    def _told(self) -> str:
        failed = f", {self._failed} failed" if self._failed else ""
        return f"{self._done} of {self._total} tests{failed}, {self._clock() - self._began:.0f} s"
