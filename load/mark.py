"""What a message of a run says of itself: whatever a server does with its text, the receiver can tell whose it is."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Mark", "read", "write"]


class Mark(NamedTuple):
    """Where a message comes from.

    Attributes:
        sender: number of the user.
        number: of the message, counted from 0 for each sender.
        phase: number of the phase in which it was due.
        due: microseconds since 1970; when it was to be sent.
        sent: likewise; when it was.

    """

    sender: int
    number: int
    phase: int
    due: int
    sent: int


def write(run: str, mark: Mark, length: int) -> str:
    """Return the text of a message, of so many characters or a few more."""
    return f"{run}.{mark.sender}.{mark.number}.{mark.phase}.{mark.due}.{mark.sent}.".ljust(length, "x")


def read(run: str, text: object) -> Mark | None:
    """Return what the text of a message says, None if it is not of this run."""
    if not isinstance(text, str) or not text.startswith(run):
        return None
    parts = text.split(".", 6)
    try:
        return Mark(int(parts[1]), int(parts[2]), int(parts[3]), int(parts[4]), int(parts[5]))
    except (ValueError, IndexError):
        return None
