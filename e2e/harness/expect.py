"""Waiting for what a client is to receive.

An expectation remembers every record that it passed over, and why, and prints them with the transcript of all clients
when it gives up. That something does *not* arrive is never shown by waiting: a later marker on the same ordered path
has to be the next thing to arrive (`expect_next`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from e2e.harness.deadline import DEADLINE
from e2e.harness.match import Check
from e2e.harness.transcript import Record, Transcript

__all__ = ["Inbox", "Label"]

Label = str | tuple[str, ...]
"""The label of a record, or several of which it may have any."""

_HOUSEKEEPING = frozenset({"OPEN", "PING", "NOOP"})


class Inbox:
    """What one client received, and which of it no expectation has consumed yet.

    Attributes:
        who: the client's name.
        received: every record, in order of arrival, consumed or not.
        ended: no further record will arrive; expectations give up at once.

    """

    def __init__(self, who: str, transcript: Transcript) -> None:
        self.who = who
        self.received: list[Record] = []
        self.ended = False
        self._transcript = transcript
        self._consumed: set[int] = set()
        self._waiters: list[asyncio.Future[None]] = []

    def put(self, record: Record) -> None:
        """Add a record and wake whoever waits for one."""
        self.received.append(record)
        self._wake()

    def end(self) -> None:
        """Nothing more will arrive."""
        self.ended = True
        self._wake()

    def all(self, label: str) -> list[Record]:
        """Return every record of that label so far, consumed or not."""
        return [record for record in self.received if record.label == label]

    @property
    def unread(self) -> list[Record]:
        """What no expectation has consumed so far, but for what keeps a connection alive."""
        return [
            record
            for index, record in enumerate(self.received)
            if index not in self._consumed and record.label not in _HOUSEKEEPING
        ]

    def pass_over(self, label: str) -> None:
        """Consume every record of that label so far."""
        self._consumed.update(index for index, record in enumerate(self.received) if record.label == label)

    async def expect(self, label: Label, *checks: Check, ack: int | None = None, within: float = DEADLINE) -> Record:
        """Consume and return the first record that is so labelled and passes all checks; others stay.

        With `ack` it must be of that acknowledgement.
        """
        __tracebackhide__ = True
        rejected: list[str] = []
        seen = 0
        until = asyncio.get_running_loop().time() + within
        while True:
            for index in range(seen, len(self.received)):
                if index in self._consumed:
                    continue
                record = self.received[index]
                problem = _judge(record, label, checks)
                if problem is None and ack not in (None, record.ack):
                    problem = f"is of {record.ack}, want {ack}"
                if problem is None:
                    self._consumed.add(index)
                    return record
                rejected.append(f"{record}\n            {problem}")
            seen = len(self.received)
            if not await self._more(seen, until):
                raise AssertionError(self._complaint(f"expected {_named(label)}", rejected, within))

    async def expect_next(
        self,
        label: Label,
        *checks: Check,
        ignoring: Sequence[str] = (),
        within: float = DEADLINE,
    ) -> Record:
        """Consume and return the first record that is not consumed yet; it must be this one.

        Records labelled as in `ignoring` are consumed on the way; pings stay, unless one is wanted.
        """
        __tracebackhide__ = True
        until = asyncio.get_running_loop().time() + within
        while True:
            for index, record in enumerate(self.received):
                if record.label in ignoring:
                    self._consumed.add(index)
                if index in self._consumed or record.label in _HOUSEKEEPING - set(_labels(label)):
                    continue
                problem = _judge(record, label, checks)
                if problem is None:
                    self._consumed.add(index)
                    return record
                raise AssertionError(
                    self._complaint(f"expected {_named(label)} next", [f"{record}\n            {problem}"], None)
                )
            if not await self._more(len(self.received), until):
                raise AssertionError(self._complaint(f"expected {_named(label)} next", [], within))

    async def _more(self, seen: int, until: float) -> bool:
        """Wait until there are more records than `seen`. Return False at the deadline and after the end."""
        loop = asyncio.get_running_loop()
        while len(self.received) <= seen:
            left = until - loop.time()
            if self.ended or left <= 0:
                return False
            waiter = loop.create_future()
            self._waiters.append(waiter)
            await asyncio.wait([waiter], timeout=left)
        return True

    def _wake(self) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
        self._waiters.clear()

    def _complaint(self, what: str, rejected: list[str], within: float | None) -> str:
        if within is None:
            why = "but something else came first"
        elif self.ended:
            why = "but the connection is over"
        else:
            why = f"but nothing fitting came within {within:g} s"
        lines = [f"{self.who}: {what}, {why}", "rejected:", *(rejected or ["(nothing)"]), "", str(self._transcript)]
        return "\n".join(lines)


def _judge(record: Record, label: Label, checks: Sequence[Check]) -> str | None:
    if record.label not in _labels(label):
        return f"is {record.label}, want {_named(label)}"
    problems = [problem for check in checks if (problem := check(record.payload)) is not None]
    return "; ".join(problems) or None


def _labels(label: Label) -> tuple[str, ...]:
    return (label,) if isinstance(label, str) else label


def _named(label: Label) -> str:
    return " or ".join(_labels(label))
