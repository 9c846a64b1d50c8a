"""What processes of this machine use, as Linux tells it; of a machine that does not, nothing is known."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Usage", "family", "usage"]

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_UTIME, _STIME, _RSS = 11, 12, 21
"""Where they are in `/proc/<pid>/stat`, counted from behind the name: that may have spaces."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What processes have used.

    Attributes:
        cpu: seconds of processor time, the user's and the system's.
        rss: bytes.

    """

    cpu: float
    rss: int


def family(pid: int) -> list[int]:
    """Return a process and all that descend from it."""
    found, waiting = list[int](), [pid]
    while waiting:
        found.append(waiting.pop())
        waiting += _children(found[-1])
    return found


def usage(pids: Sequence[int]) -> Usage | None:
    """Return what these processes use together; None if there is none of them."""
    looks = [look for pid in pids if (look := _look(pid)) is not None]
    return Usage(round(sum(it.cpu for it in looks), 2), sum(it.rss for it in looks)) if looks else None


def _children(pid: int) -> list[int]:
    try:
        return [int(it) for it in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]
    except OSError:
        return []


def _look(pid: int) -> Usage | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    return Usage((int(fields[_UTIME]) + int(fields[_STIME])) / _TICKS, int(fields[_RSS]) * _PAGE)
