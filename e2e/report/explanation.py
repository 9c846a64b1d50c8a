"""Why a test failed, taken apart: what was to happen, and what came instead, each with what is wrong with it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from e2e.verify.failure import RECORD
from e2e.verify.result import Entry, Failure

__all__ = ["Explanation", "Rejected", "explain"]

_NAMELESS = re.compile(
    r"got |this does not hold|what came has no key|\d+ (?:missing|too many)|the same values|\w+Error\b"
)
"""A complaint that says nothing of what it is about."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A packet that was looked at, and was not the one.

    Attributes:
        at: seconds since the test began.
        text: the packet.
        why: what is wrong with it.

    """

    at: float
    who: str
    text: str
    why: str

    def is_of(self, entry: Entry) -> bool:
        """Whether it is this entry of the transcript."""
        same = entry.way == "received" and entry.who == self.who and self.text.startswith(entry.label)
        return same and abs(entry.at - self.at) < 0.0011


@dataclass(frozen=True, slots=True)
class Explanation:
    """A failure as it is shown.

    Attributes:
        check: the statement of the test.
        got: what happened instead, without the packets.
        rejected: the packets that came instead.
        payload: the payload with something wrong in it, as Python writes it; None if it is not about one.

    """

    message: str
    check: str | None
    expected: str | None
    got: str | None
    rejected: tuple[Rejected, ...]
    payload: str | None

    def has_fault(self, entry: Entry) -> bool:
        """Whether the payload with something wrong in it came with this entry, alone or in a list."""
        if self.payload is None or entry.way != "received":
            return False
        wanted = self.payload.split("... (")[0]
        parts = [part for arg in entry.args for part in ([arg, *arg] if isinstance(arg, list | tuple) else [arg])]
        return any(repr(part).startswith(wanted) for part in parts)

    @property
    def headline(self) -> str:
        """The first line of what is wrong; where that names nothing, with what the test looked at."""
        first = self.message.split("\n", 1)[0]
        return f"{first}: {self.check}" if self.check and _NAMELESS.match(first) else first


def explain(failure: Failure) -> Explanation:
    """Return the explanation of a failure."""
    got = failure.got
    rejected: list[Rejected] = []
    rest: list[str] = []
    lines = iter((got or "").splitlines())
    for line in lines:
        if found := RECORD.match(line):
            rejected.append(Rejected(float(found["at"]), found["who"], found["text"], next(lines, "").strip()))
        else:
            rest.append(line)
    told = "\n".join(rest).strip() or None
    payload = rest[-1].removeprefix("in ") if rest and rest[-1].startswith("in ") else None
    return Explanation(failure.message.strip(), failure.check, failure.expected, told, tuple(rejected), payload)
