"""What the process that conducts a run and those that have users say to each other."""

from __future__ import annotations

__all__ = ["FINISH", "LEDGER", "PHASE", "SHARE", "TALLY"]

SHARE = "parley-share"
"""To a process, before a run: the plan, the world, its index and how many there are."""

PHASE = "parley-phase"
"""To all: the number of the phase that begins, -1 for the time after the last."""

FINISH = "parley-finish"
"""To all: hand over what you remember."""

TALLY = "parley-tally"
"""To the conductor, once a second: how far a process is."""

LEDGER = "parley-ledger"
"""To the conductor, at the end: a part of what a process remembers; the last has `tally`."""
