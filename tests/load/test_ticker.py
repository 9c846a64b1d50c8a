"""How far a run is, while it runs."""

from __future__ import annotations

import io

from e2e.report.terminal import Terminal
from load.ticker import Ticker

NEWS = {
    "phase": "hold", "at": 12.4, "users": 2000, "sent": 1204, "delivered": 12030, "expected": 12040, "p99": 4.21,
    "cpu": 0.34, "lag": 1.2,
}  # fmt: skip
LINE = "12 of 100 s  hold  2,000 users  1,204 sent  12,030 of 12,040 delivered  p99 4.2 ms  generator 34%, 1 ms late"


def test_a_log_has_a_line_every_five_seconds():
    """The first at once."""
    stream, seconds = io.StringIO(), iter([0.0, *range(8)])
    ticker = Ticker(Terminal(stream), 100, lambda: next(seconds))
    ticker.prepare("making 2,000 users")
    for _ in range(8):
        ticker.show(NEWS)
    ticker.end()
    assert stream.getvalue().splitlines() == ["making 2,000 users", LINE, LINE]


def test_a_terminal_has_one_line_that_is_written_again():
    """No longer than it is wide, and gone at the end."""
    stream = io.StringIO()
    ticker = Ticker(Terminal(stream, width=40, live=True), 100)
    ticker.prepare("making 2,000 users")
    ticker.show(NEWS)
    ticker.show({**NEWS, "phase": "cool"})
    ticker.end()
    shown = stream.getvalue().split("\r\x1b[2K")
    assert shown == ["", "making 2,000 users", LINE[:39], LINE.replace("hold", "cool")[:39], ""]
