"""Why a test failed, taken apart: what was to happen, and what came instead, each with what is wrong with it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from e2e.verify.result import Entry, Failure

__all__ = ["Explanation", "Rejected", "explain"]

_RECORD = re.compile(r"^\s*(\d+\.\d{3})  (\S.*?) +(<-|->|--) (.*)$")
"""A record of the transcript as `e2e.harness.transcript` prints it."""


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
        return entry.way == "received" and entry.who == self.who and abs(entry.at - self.at) < 0.0011


@dataclass(frozen=True, slots=True)
class Explanation:
    """A failure as it is shown.

    Attributes:
        got: what happened instead, without the packets.
        rejected: the packets that came instead.

    """

    message: str
    expected: str | None
    got: str | None
    rejected: tuple[Rejected, ...]

    @property
    def headline(self) -> str:
        """The first line of what is wrong."""
        return self.message.split("\n", 1)[0]


def explain(failure: Failure) -> Explanation:
    """Return the explanation of a failure."""
    got = failure.got
    rejected: list[Rejected] = []
    rest: list[str] = []
    lines = iter((got or "").splitlines())
    for line in lines:
        if found := _RECORD.match(line):
            at, who, _, text = found.groups()
            rejected.append(Rejected(float(at), who, text, next(lines, "").strip()))
        else:
            rest.append(line)
    told = "\n".join(rest).strip() or None
    return Explanation(failure.message.strip(), failure.expected, told, tuple(rejected))
