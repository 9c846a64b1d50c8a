"""From what every process remembers to the verdict: what was lost, repeated, put out of order, late, or made up."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from load.ledger import BOUND, DOUBTFUL, REFUSED, STORED, Book, Ledger, Visit
from load.result import Verdict

__all__ = ["Judgement", "Owed", "judge"]

_LISTED = 20
_KNOWN = 1_000_000
"""Microseconds after which all servers of a cluster know who has come."""

_Key = int


@dataclass(frozen=True, slots=True)
class Owed:
    """What a contract owes.

    Attributes:
        kept: whether a message waits for who is away (friends, direct, notifications), and may come again over the next
            connection; it is owed to whoever does not mean to be away at the end. Else it is owed to who is there from
            before it was sent until some time after, once.
        acknowledged: whether the server says of each message that it has it. Else one of which nothing was heard, on a
            connection that stood, is owed to everybody.

    """

    kept: bool
    acknowledged: bool


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict, and what is known of each second.

    Attributes:
        seconds: by second since 1970 in which messages were due: how many, what they are owed, what was delivered.

    """

    verdict: Verdict
    seconds: Mapping[int, tuple[int, int, int]]


def judge(ledger: Ledger, owed: Owed, faults: Sequence[tuple[int, int]] = ()) -> Judgement:
    """Return the verdict on a run that is drained.

    Args:
        ledger: of all processes together.
        owed: what the contract owes.
        faults: when something was done to servers, microseconds since 1970, from and until.

    """
    return _Court(ledger, owed, faults).judgement()


class _Court:
    def __init__(self, ledger: Ledger, owed: Owed, faults: Sequence[tuple[int, int]]) -> None:
        self._ledger = ledger
        self._owed = owed
        self._faults = sorted(faults)
        self._found: Counter[str] = Counter()
        self._examples: list[str] = []
        self._visits: dict[int, list[Visit]] = defaultdict(list)
        for visit in sorted(ledger.visits, key=lambda visit: visit.opened):
            self._visits[visit.user].append(visit)
        self._came: dict[int, set[_Key]] = {}
        self._anywhere: set[_Key] = set()
        self._seconds: dict[int, list[int]] = defaultdict(lambda: [0, 0, 0])

    def judgement(self) -> Judgement:
        for what, count in self._ledger.strange.items():
            self._fail("unexpected", what, count)
        for user, visits in self._visits.items():
            self._came[user] = self._arrivals(user, visits)
            self._anywhere |= self._came[user]
        for sender, book in self._ledger.books.items():
            self._outcomes(sender, book)
        for second, (count, receivers) in self._ledger.unsent.items():
            self._seconds[second][0] += count
            self._seconds[second][1] += receivers
            self._found["unsent"] += count
        for late in self._ledger.late:
            self._lateness(*late)
        verdict = Verdict(**self._found, examples=self._examples)
        return Judgement(verdict, {second: (a, b, c) for second, (a, b, c) in sorted(self._seconds.items())})

    def _fail(self, flaw: str, why: str, count: int = 1) -> None:
        self._found[flaw] += count
        if sum(example.startswith(flaw) for example in self._examples) < _LISTED:
            self._examples.append(f"{flaw}: {why}")

    # what came

    def _arrivals(self, user: int, visits: Sequence[Visit]) -> set[_Key]:
        """Judge what came to a user, one connection after the other. Return what came at all."""
        before: set[_Key] = set()
        for visit in visits:
            here: set[_Key] = set()
            highest: dict[int, int] = {}
            if visit.disorder:
                self._fail("reordered", f"user {user} was told numbers that went back, or stood", visit.disorder)
            for key, (sender, number) in zip(visit.arrivals, visit.pairs(), strict=True):
                book = self._ledger.books.get(sender)
                if book is None or number >= len(book) or not self._is_for(user, book, number):
                    self._fail("unexpected", f"user {user} got message {number} of user {sender}, not meant for it")
                    continue
                if key in here:
                    self._fail("duplicated", f"user {user} got message {number} of user {sender} again")
                    continue
                if key in before and not self._owed.kept:
                    self._fail("duplicated", f"user {user} got message {number} of user {sender} again, on coming back")
                    continue
                if key in before:
                    self._found["repeated"] += 1
                if number < highest.get(sender, -1) and self._is_sure(book, number, highest[sender]):
                    after = highest[sender]
                    self._fail("reordered", f"user {user} got message {number} of user {sender} after {after}")
                highest[sender] = max(number, highest.get(sender, -1))
                here.add(key)
            before |= here
        return before

    def _is_for(self, user: int, book: Book, number: int) -> bool:
        # who was not told by the server whom it reached does not know for whom it was
        if user in book.audience(number) or (self._owed.acknowledged and book.outcomes[number] != STORED):
            return True
        return (number, user) in book.denied  # said not to have been reached, and was

    def _is_sure(self, book: Book, *numbers: int) -> bool:
        """Return whether the order of messages is certain: one that failed, or may have, can be found stored later."""
        unsure = any(book.outcomes[it] in (REFUSED, DOUBTFUL) for it in numbers)
        return not unsure and (self._owed.acknowledged or not any(book.may_have_failed(it) for it in numbers))

    # what should have come

    def _outcomes(self, sender: int, book: Book) -> None:
        exceptions = sorted(book.exceptions)
        for number in range(len(book)):
            key, outcome = sender << 32 | number, book.outcomes[number]
            second = self._seconds[book.due[number] // 1_000_000]
            self._found["sent"] += 1
            second[0] += 1
            if outcome == STORED or key in self._anywhere:
                self._found["stored"] += 1
                self._deliveries(sender, number, book, second)
            elif outcome == REFUSED:
                self._found["refused"] += 1
            elif outcome == DOUBTFUL:
                self._found["unknown"] += 1
            elif self._owed.acknowledged:
                self._fail("lost", f"message {number} of user {sender} was neither acknowledged nor delivered")
            elif self._is_paid(exceptions, book.sent[number]):
                self._found["refused"] += 1
            else:
                self._deliveries(sender, number, book, second)
        for number, user in book.denied:
            self._denial(sender, number, user, book)

    def _is_paid(self, exceptions: list[int], sent: int) -> bool:
        """Return whether a failure without a name is this message's; then it is no other's."""
        place = bisect_left(exceptions, sent)
        if place == len(exceptions) or exceptions[place] > sent + BOUND:
            return False
        del exceptions[place]
        return True

    def _denial(self, sender: int, number: int, user: int, book: Book) -> None:
        """Judge that a server said of a user that it was not there."""
        sent = book.sent[number]
        hurt = any(began <= sent + BOUND and ended + BOUND > sent for began, ended in self._faults)
        if not hurt and sender << 32 | number not in self._came.get(user, ()) and self._is_owed(user, sent - _KNOWN):
            self._found["expected"] += 1
            self._seconds[book.due[number] // 1_000_000][1] += 1
            self._fail("lost", f"message {number} of user {sender} never came to user {user}, said not to be there")

    def _deliveries(self, sender: int, number: int, book: Book, second: list[int]) -> None:
        key = sender << 32 | number
        for user in book.audience(number):
            if key in self._came.get(user, ()):
                self._found["expected"] += 1
                self._found["delivered"] += 1
                second[1] += 1
                second[2] += 1
            elif self._is_owed(user, book.sent[number]):
                self._found["expected"] += 1
                second[1] += 1
                self._fail("lost", f"message {number} of user {sender} never came to user {user}")

    def _is_owed(self, user: int, sent: int) -> bool:
        visits = self._visits.get(user, ())
        if self._owed.kept:
            return bool(visits) and not visits[-1].left
        return any(it.opened <= sent and (not it.closed or it.closed > sent + BOUND) for it in visits)

    # whether it came in time

    def _lateness(self, user: int, sender: int, number: int, at: int) -> None:
        book = self._ledger.books.get(sender)
        if book is None or number >= len(book):
            return
        due = max(book.sent[number], self._came_last(user, at))
        for began, ended in self._faults:
            if began <= due + BOUND and ended > due:
                due = ended
        if at > due + BOUND:
            seconds = (at - due) / 1_000_000
            self._fail("late", f"message {number} of user {sender} came to user {user} after {seconds:.1f} s")

    def _came_last(self, user: int, at: int) -> int:
        """Return when the connection was opened over which something came then."""
        opened = [visit.opened for visit in self._visits.get(user, ())]
        place = bisect_right(opened, at)
        return opened[place - 1] if place else 0
