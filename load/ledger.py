"""What a process of the generator remembers of every message, for the verdict: who sent it, and to whom it came.

It is arrays of numbers, as there are millions: eight bytes a delivery. `pack` makes of them what can be sent to the
process that judges.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["BOUND", "DOUBTFUL", "REFUSED", "SENT", "STORED", "Book", "Ledger", "Visit"]

SENT, STORED, REFUSED, DOUBTFUL = range(4)
"""What is known of a message: it was written; it was acknowledged; the server said that it failed; its connection ended
before anything could have been known."""

BOUND = 10_000_000
"""Microseconds in which all must be known of a message: after them a delivery is late, counted from the last of: it was
sent, a fault ended, its receiver came; and what was sent no longer before the end of a connection may not have arrived.
"""


class Book:
    """All messages of one sender, by their number.

    Attributes:
        due: microseconds since 1970 at which each was to be sent; likewise `sent`, at which it was.
        outcomes: a byte for each: SENT, STORED, REFUSED or DOUBTFUL.
        exceptions: microseconds since 1970 at which the server told of a failure without saying of what.
        denied: message and user, where the server said that the user was not there.

    """

    __slots__ = ("_audiences", "_known", "_whom", "denied", "due", "exceptions", "outcomes", "sent")

    def __init__(self) -> None:
        self.due = array("q")
        self.sent = array("q")
        self.outcomes = bytearray()
        self.exceptions = array("q")
        self.denied: list[tuple[int, int]] = []
        self._whom = array("l")
        self._known: dict[tuple[int, ...], int] = {}
        self._audiences: list[tuple[int, ...]] = []

    def __len__(self) -> int:
        return len(self.outcomes)

    def add(self, due: int, sent: int, audience: tuple[int, ...]) -> int:
        """Note a message for these users, and return its number."""
        self.due.append(due)
        self.sent.append(sent)
        self.outcomes.append(SENT)
        self._whom.append(self._index(audience))
        return len(self.outcomes) - 1

    def settle(self, number: int, outcome: int, audience: tuple[int, ...] | None = None) -> None:
        """Note what became of a message, and for whom it turned out to be, where only the server could tell."""
        self.outcomes[number] = outcome
        if audience is not None:
            self._whom[number] = self._index(audience)

    def doubt(self, since: int) -> None:
        """Note that nobody will ever be told of what was sent since then and is not settled."""
        for number in range(len(self.outcomes) - 1, -1, -1):
            if self.sent[number] < since:
                return
            if self.outcomes[number] == SENT:
                self.outcomes[number] = DOUBTFUL

    def may_have_failed(self, number: int) -> bool:
        """Return whether a failure that was told without a name can be this message's: told within `BOUND` of it."""
        sent = self.sent[number]
        return any(sent <= at <= sent + BOUND for at in self.exceptions)

    def audience(self, number: int) -> tuple[int, ...]:
        """Return for whom a message was."""
        return self._audiences[self._whom[number]]

    def pack(self) -> dict[str, Any]:
        """Return it as what can be sent."""
        return {
            "due": self.due.tobytes(),
            "sent": self.sent.tobytes(),
            "outcomes": bytes(self.outcomes),
            "whom": self._whom.tobytes(),
            "audiences": self._audiences,
            "exceptions": self.exceptions.tobytes(),
            "denied": self.denied,
        }

    @classmethod
    def unpack(cls, packed: Mapping[str, Any]) -> Book:
        """Return what was packed."""
        book = cls()
        book.due.frombytes(packed["due"])
        book.sent.frombytes(packed["sent"])
        book.outcomes += packed["outcomes"]
        book._whom.frombytes(packed["whom"])
        book._audiences = [tuple(it) for it in packed["audiences"]]
        book.exceptions.frombytes(packed["exceptions"])
        book.denied += [(number, user) for number, user in packed["denied"]]
        return book

    def _index(self, audience: tuple[int, ...]) -> int:
        index = self._known.get(audience)
        if index is None:
            index = self._known[audience] = len(self._audiences)
            self._audiences.append(audience)
        return index


@dataclass(slots=True)
class Visit:
    """One connection of a receiver.

    Attributes:
        opened: microseconds since 1970.
        closed: likewise, 0 while it stands.
        arrivals: what came, in its order: the sender's number in the upper half, the message's in the lower.
        left: whether its user ended it, and meant to stay away.
        disorder: how often the contract's own count of messages (rooms: `order`) went back or stood.

    """

    user: int
    opened: int
    closed: int = 0
    left: bool = False
    arrivals: array[int] = field(default_factory=lambda: array("Q"))
    disorder: int = 0

    def arrive(self, sender: int, number: int) -> None:
        """Note an arrival."""
        self.arrivals.append(sender << 32 | number)

    def pairs(self) -> Iterator[tuple[int, int]]:
        """Yield sender and number of what came."""
        for arrival in self.arrivals:
            yield arrival >> 32, arrival & 0xFFFFFFFF


class Ledger:
    """Everything that one process remembers.

    Attributes:
        books: by the sender's number.
        unsent: by second since 1970, how many messages were due that could not be sent, and for how many receivers.
        strange: arrivals that are no message of this run, by what they are.
        late: deliveries more than `BOUND` after they were due: receiver, sender, number, microseconds when.

    """

    def __init__(self) -> None:
        self.books: dict[int, Book] = {}
        self.visits: list[Visit] = []
        self.unsent: dict[int, tuple[int, int]] = {}
        self.strange: Counter[str] = Counter()
        self.late: list[tuple[int, int, int, int]] = []

    def book(self, sender: int) -> Book:
        """Return the book of a sender."""
        if sender not in self.books:
            self.books[sender] = Book()
        return self.books[sender]

    def miss(self, due: int, audience: int) -> None:
        """Note a message that was due while its sender had no connection."""
        second = due // 1_000_000
        count, owed = self.unsent.get(second, (0, 0))
        self.unsent[second] = count + 1, owed + audience

    def visit(self, user: int, opened: int) -> Visit:
        """Return a new visit of a receiver."""
        visit = Visit(user, opened)
        self.visits.append(visit)
        return visit

    def pack(self, size: int) -> Iterator[dict[str, Any]]:
        """Yield it in parts, each of so many books and visits or fewer."""
        books = list(self.books.items())
        for start in range(0, len(books), size):
            yield {"books": [(sender, book.pack()) for sender, book in books[start : start + size]]}
        for start in range(0, len(self.visits), size):
            yield {"visits": [_packed(visit) for visit in self.visits[start : start + size]]}
        yield {
            "unsent": [(second, *owed) for second, owed in self.unsent.items()],
            "strange": list(self.strange.items()),
            "late": self.late,
        }

    def unpack(self, part: Mapping[str, Any]) -> None:
        """Add a part of what another process remembers."""
        for sender, packed in part.get("books", ()):
            self.books[sender] = Book.unpack(packed)
        self.visits += [_unpacked(packed) for packed in part.get("visits", ())]
        for second, count, owed in part.get("unsent", ()):
            before = self.unsent.get(second, (0, 0))
            self.unsent[second] = before[0] + count, before[1] + owed
        self.strange.update(dict(part.get("strange", ())))
        self.late += [tuple(it) for it in part.get("late", ())]


def _packed(visit: Visit) -> Sequence[Any]:
    return visit.user, visit.opened, visit.closed, visit.left, visit.arrivals.tobytes(), visit.disorder


def _unpacked(packed: Sequence[Any]) -> Visit:
    user, opened, closed, left, arrivals, disorder = packed
    visit = Visit(user, opened, closed, left, disorder=disorder)
    visit.arrivals.frombytes(arrivals)
    return visit
