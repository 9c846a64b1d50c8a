"""Judges a history: what was lost, repeated, made up, put out of order, late, or kept from its sender."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from e2e.harness.history import Delivered, History, Sent, Socket

__all__ = ["BOUND", "Defect", "Flaw", "Verdict", "judge"]

BOUND = 10.0
"""Seconds after the end of a fault in which everything that was stored must have arrived."""

Flaw = Literal["lost", "duplicated", "unexpected", "reordered", "late", "untold"]

_LISTED = 20


@dataclass(frozen=True, slots=True)
class Defect:
    """One thing that is wrong with one message.

    Attributes:
        flaw: lost: stored, and never came to somebody whom it was for; duplicated: came to a socket twice, or is stored
            twice; unexpected: nobody sent it, it is not stored, or it came to somebody whom it was not for; reordered:
            came before an older one of the same sending socket; late: came, but too long after it was sent and after
            the last fault; untold: not stored, and its sender heard of no failure.
        text: of the message.
        where: the socket or person concerned.
        why: the rest of the sentence.

    """

    flaw: Flaw
    text: str
    where: str
    why: str

    def __str__(self) -> str:
        return f"{self.flaw:<10} {self.text!r} at {self.where}: {self.why}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the checker found.

    Attributes:
        defects: none, if all is well.
        sent: how many messages were given to sockets to send.
        stored: how many of them are stored.
        refused: how many exceptions were answered.
        doubtful: how many of those were for a message that is stored all the same.
        unknown: how many are not stored, of which their sender could not be told as its socket ended soon after they
            were sent, or after the faults that they met.
        longest_wait: seconds from sending to the last arrival that was due, at its longest.
        longest_after: the same, from sending or the end of the faults that it met, whichever was later.

    """

    defects: Sequence[Defect]
    sent: int
    stored: int
    refused: int
    doubtful: int
    unknown: int
    longest_wait: float
    longest_after: float

    def count(self, flaw: Flaw) -> int:
        """Return how many defects of a kind there are."""
        return sum(defect.flaw == flaw for defect in self.defects)

    @property
    def summary(self) -> str:
        """One line of numbers."""
        flaws = ", ".join(f"{flaw} {self.count(flaw)}" for flaw in get_args(Flaw))
        unknown = f", {self.unknown} unknown" if self.unknown else ""
        return (
            f"{self.sent} messages, {self.stored} stored, {self.refused} refused{unknown}, {flaws}, "
            f"longest wait {self.longest_wait:.1f} s, {self.longest_after:.1f} s after the fault"
        )

    def __str__(self) -> str:
        lines = [self.summary, *(str(defect) for defect in self.defects[:_LISTED])]
        if len(self.defects) > _LISTED:
            lines.append(f"... and {len(self.defects) - _LISTED} more")
        return "\n".join(lines)


def judge(history: History, bound: float = BOUND) -> Verdict:
    """Return the verdict on a history that has come to its end: all is drained, and the store was read.

    A message is judged by what was stored: an outcome that nobody was told is the one that the store shows.
    """
    return _Trial(history, bound).verdict()


class _Trial:
    def __init__(self, history: History, bound: float) -> None:
        self._history = history
        self._bound = bound
        self._defects: list[Defect] = []
        self._sent = {sent.text: sent for sent in history.sent}
        self._ids: dict[str, set[str]] = defaultdict(set)
        self._readers: dict[str, set[str]] = defaultdict(set)
        for stored in history.stored:
            self._ids[stored.text].add(stored.id)
            self._readers[stored.text].add(stored.reader)
        self._arrivals: dict[str, dict[str, float]] = defaultdict(dict)
        for delivered in history.delivered:
            self._arrivals[delivered.text].setdefault(delivered.socket, delivered.at)
        self._waits: list[tuple[float, float]] = []

    def verdict(self) -> Verdict:
        doubts, unknown = self._outcomes()
        self._judge_store()
        self._judge_deliveries()
        self._judge_order(doubts)
        for sent in self._history.sent:
            if sent.text in self._ids:
                self._judge_arrivals(sent)
        return Verdict(
            self._defects,
            sent=len(self._history.sent),
            stored=len(self._ids.keys() & self._sent.keys()),
            refused=len(self._history.refused),
            doubtful=sum(map(len, doubts.values())),
            unknown=unknown,
            longest_wait=max((wait for wait, _ in self._waits), default=0.0),
            longest_after=max((after for _, after in self._waits), default=0.0),
        )

    def _fail(self, flaw: Flaw, text: str, where: str, why: str) -> None:
        self._defects.append(Defect(flaw, text, where, why))

    # what became of it

    def _outcomes(self) -> tuple[dict[str, list[float]], int]:
        """Find who was not told. Return when stored messages were refused, by socket, and how many cannot be known.

        An exception does not say which message it is for, but each is for one that was sent before it, and not long.
        """
        doubts: dict[str, list[float]] = defaultdict(list)
        unknown = 0
        for name, socket in self._history.sockets.items():
            missing = [it for it in self._history.sent if it.socket == name and it.text not in self._ids]
            refusals = [it.at for it in self._history.refused if it.socket == name]
            for at in refusals:
                first = next((sent for sent in missing if self._may_be_for(sent, at)), None)
                if first is None:
                    doubts[name].append(at)
                else:
                    missing.remove(first)
            for sent in missing:
                if socket.closed is not None and self._healed(sent.at) > socket.closed - self._bound:
                    unknown += 1
                    continue
                self._fail("untold", sent.text, name, f"sent at {sent.at:.3f}, not stored, and no exception came")
        return doubts, unknown

    def _may_be_for(self, sent: Sent, refused_at: float) -> bool:
        return sent.at <= refused_at <= self._healed(sent.at) + self._bound

    def _judge_store(self) -> None:
        for text, ids in self._ids.items():
            if text not in self._sent:
                self._fail("unexpected", text, "the store", "nobody sent it")
                continue
            if len(ids) > 1:
                self._fail("duplicated", text, "the store", f"is stored as {', '.join(sorted(ids))}")
            sender = self._history.person_of(self._sent[text].socket)
            for reader in sorted({sender, *self._history.audience[sender]} - self._readers[text]):
                self._fail("lost", text, reader, "is not in this person's history")

    # what came

    def _judge_deliveries(self) -> None:
        seen: set[tuple[str, str]] = set()
        for delivered in self._history.delivered:
            if why := self._stranger(delivered):
                self._fail("unexpected", delivered.text, delivered.socket, why)
            for key in {delivered.id, f"text {delivered.text}"}:
                if (delivered.socket, key) in seen:
                    self._fail("duplicated", delivered.text, delivered.socket, f"again at {delivered.at:.3f}")
                    break
            seen |= {(delivered.socket, delivered.id), (delivered.socket, f"text {delivered.text}")}

    def _stranger(self, delivered: Delivered) -> str | None:
        """Return why a delivery should not have been made, None if it should."""
        sent = self._sent.get(delivered.text)
        if sent is None:
            return "nobody sent it"
        sender = self._history.person_of(sent.socket)
        if self._history.person_of(delivered.socket) not in self._history.audience[sender]:
            return f"it is of {sender}, and not for this person"
        if delivered.id not in self._ids[delivered.text]:
            return f"it came as {delivered.id}, which is not stored"
        return None

    def _judge_order(self, doubts: Mapping[str, Sequence[float]]) -> None:
        """Compare the order of sending with that of arrival.

        A message whose sender was told that it failed may be found to be stored later, and comes when it is found: so
        many of a socket may be out of order as were refused and are stored, of those that were sent not long before.
        """
        position = {sent.text: index for index, sent in enumerate(self._history.sent)}
        orders: dict[tuple[str, str], dict[str, Delivered]] = defaultdict(dict)
        for delivered in _oldest_first(self._history.delivered):
            if sent := self._sent.get(delivered.text):
                orders[delivered.socket, sent.socket].setdefault(delivered.text, delivered)
        for (_, sender), arrivals in orders.items():
            refused = doubts.get(sender, ())
            odd = _out_of_order([position[text] for text in arrivals])
            if len(odd) > len(refused):
                odd = [list(arrivals)[index] for index in odd]
            else:
                sure = [it for it in arrivals if not any(self._may_be_for(self._sent[it], at) for at in refused)]
                odd = [sure[index] for index in _out_of_order([position[text] for text in sure])]
            for found in map(arrivals.__getitem__, odd):
                why = f"came at {found.at:.3f}, out of the order in which {sender} sent"
                self._fail("reordered", found.text, found.socket, why)

    # whether it came

    def _judge_arrivals(self, sent: Sent) -> None:
        sender = self._history.person_of(sent.socket)
        arrivals = self._arrivals[sent.text]
        for person in sorted(self._history.audience[sender]):
            sockets = [it for it in self._history.sockets.values() if it.person == person]
            due = self._healed(sent.at) + self._bound
            standing = [it for it in sockets if it.opened <= sent.at and (it.closed is None or it.closed > due)]
            for socket in standing:
                self._judge_arrival(sent, socket.name, arrivals.get(socket.name))
            if not standing:
                times = [arrivals[it.name] for it in sockets if it.name in arrivals]
                if not times and not any(it.opened > sent.at for it in sockets):
                    continue  # who stays away has it pending
                self._judge_arrival(sent, person, min(times, default=None), _came_back(sockets, sent.at))

    def _judge_arrival(self, sent: Sent, where: str, at: float | None, ready: float = 0.0) -> None:
        if at is None:
            self._fail("lost", sent.text, where, f"sent at {sent.at:.3f}, stored, and never came")
            return
        healed = self._healed(max(sent.at, ready))
        self._waits.append((at - sent.at, max(0.0, at - healed)))
        if at > healed + self._bound:
            self._fail("late", sent.text, where, f"sent at {sent.at:.3f}, came {at - healed:.1f} s after the fault")

    def _healed(self, due: float) -> float:
        """Return from when on a message that was due then is waited for: the end of the faults that it met."""
        for fault in sorted(self._history.faults, key=lambda fault: fault.began):
            if fault.ended is not None and fault.began <= due + self._bound and fault.ended > due:
                due = fault.ended
        return due


def _came_back(sockets: Iterable[Socket], at: float) -> float:
    """Return when a person without a socket had one again, 0 if it never did."""
    return min((socket.opened for socket in sockets if socket.opened > at), default=0.0)


def _oldest_first(deliveries: Iterable[Delivered]) -> Iterator[Delivered]:
    """Yield in the order of arrival; `unseen_messages` lists the newest first, and is read from its end."""
    unseen: list[Delivered] = []
    for delivered in deliveries:
        if delivered.how == "unseen":
            unseen.append(delivered)
            continue
        yield from reversed(unseen)
        unseen.clear()
        yield delivered
    yield from reversed(unseen)


def _out_of_order(positions: Sequence[int]) -> list[int]:
    """Return the indexes of the fewest positions without which the rest would rise."""
    tails: list[int] = []
    ends: list[int] = []
    before: list[int] = []
    for index, position in enumerate(positions):
        place = bisect_right(tails, position)
        before.append(ends[place - 1] if place else -1)
        tails[place : place + 1] = [position]
        ends[place : place + 1] = [index]
    rising: set[int] = set()
    index = ends[-1] if ends else -1
    while index >= 0:
        rising.add(index)
        index = before[index]
    return [index for index in range(len(positions)) if index not in rising]
