"""What one socket was given of a mailbox and has not confirmed yet, and what is held back for it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import chain
from typing import Generic, TypeVar

from app.domain.clock import least_id, now_ms
from app.domain.mailbox import LATE_MS, RECENT_MS

__all__ = ["MEMORY", "MEMORY_MS", "Feed"]

P = TypeVar("P")

MEMORY_MS = RECENT_MS + LATE_MS
"""Milliseconds for which a socket remembers, at least, what it was given: what is recent by the clock of another server
must not be given again."""

MEMORY = 5_000
"""Messages that a socket remembers, at least, where nothing says when one is confirmed."""

_NONE: frozenset[str] = frozenset()


class Feed(Generic[P]):
    """What one socket is given of a mailbox: first the pending messages, then live packets, each message once.

    A connection subscribes first and fetches what is pending then, so that nothing falls between the two. What
    arrives live meanwhile is held back by `offer` until `open` has said what was fetched, and a message that both
    bring is given once. Where live packets may have been missed, the same is done again: `hold`, fetch, `open`.

    What was given is remembered for `MEMORY_MS` at least, confirmed or not: a repeat of it may be under way, and a
    message that another device of the user confirmed is looked for among the recent ones that were not given here.
    What a first list left out because it was too long is for another connection: it would come after what is newer.
    Without rounds so are the latest `MEMORY`, as they may be pending for as long as the client likes.

    Packets that are held back take memory: `waiting` says how much, and `spill` lets go of those that the store has.

    Confirmation goes in rounds: `begin` takes what was given so far, `end` says that all of it has arrived, `again`
    that it could not be recorded. There is one round at a time.

    Args:
        rounds: whether what was given is confirmed in rounds; else nothing is, as far as the feed knows.
        backlog: whether what was pending before the connection began is given too; else the client asks for it, and
            is given what was sent within `LATE_MS` before, too, as that may have been stored after it asked.

    Attributes:
        gaps: how often something may have been missed; a fetch that began at another count does not tell all.
        given: how many messages were given in all.
        waiting: bytes that are held back.

    """

    __slots__ = (
        "_backlog", "_before", "_floor", "_given", "_held", "_holding", "_known", "_opened", "_round", "_rounds",
        "_turned", "gaps", "given", "waiting",
    )  # fmt: skip

    def __init__(self, *, rounds: bool = True, backlog: bool = True) -> None:
        self.gaps = 0
        self.given = 0
        self.waiting = 0
        self._rounds = rounds
        self._backlog = backlog
        self._holding = True
        self._held: list[tuple[str, P, int]] = []
        self._given: list[str] = []
        self._round: list[str] | None = None
        self._opened: str | None = None
        self._floor = ""
        self._known: set[str] = set()
        self._before: set[str] | frozenset[str] = _NONE
        self._turned = 0

    @property
    def listed(self) -> bool:
        """Whether it was opened once: the client has had its first list."""
        return self._opened is not None

    def offer(self, message_id: str, packet: P, size: int = 0) -> bool:
        """Return whether a live packet is to be sent now.

        Args:
            message_id: "" for one that is in no mailbox.
            packet: what would be sent.
            size: its bytes.

        """
        if self._holding:
            self._held.append((message_id, packet, size))
            self.waiting += size
            return False
        if message_id:
            if self._knows(message_id):
                return False
            self._give([message_id])
        return True

    def _give(self, message_ids: Iterable[str]) -> None:
        before = len(self._given)
        self._given.extend(message_ids)
        self.given += len(self._given) - before
        self._known.update(self._given[before:])
        if not self._rounds:
            self._given.clear()
            self._turn()

    @property
    def held(self) -> set[str]:
        """The messages that are held back now."""
        return {message_id for message_id, _, _ in self._held if message_id}

    def hold(self) -> None:
        """Hold live packets back until the next `open`: some may have been missed."""
        self.gaps += 1
        self._holding = True
        # what waits for its confirmation may be forgotten by now, and is still pending
        self._known.update(self._given, self._round or ())

    def spill(self) -> None:
        """Hold no messages back any more: they were missed, like those that the hold is for."""
        self._held = [held for held in self._held if not held[0]]
        self.waiting = sum(size for _, _, size in self._held)
        self.hold()

    def missed(self, pending: Collection[str], recent: Iterable[str]) -> set[str]:
        """Return which of the messages that were fetched since `hold` are still to be given.

        That is what is pending, and what is recent and was stored after the first list, whoever has confirmed it;
        nothing that is older than the floor.
        """
        new = (message_id for message_id in recent if self._opened and message_id > self._opened)
        return {one for one in chain(pending, new) if one > self._floor and not self._knows(one)}

    def _knows(self, message_id: str) -> bool:
        return message_id in self._known or message_id in self._before

    def open(self, fetched: Iterable[str], floor: str = "", *, whole: bool = True) -> list[P]:
        """End the hold: the messages fetched were sent. Return the packets that are to be sent after them, in order.

        Args:
            fetched: their ids.
            floor: the oldest of a first list that was cut.
            whole: whether they are all that may have been missed; else the hold goes on, and there are no packets.

        """
        if self._opened is None:
            self._turned = now_ms()
            self._opened = least_id(self._turned)
            # what is pending below was left out of the first list, or of a client that is given none
            self._floor = floor if self._backlog else least_id(self._turned - LATE_MS)
        self._holding = not whole
        self._give(fetched)
        if not whole:
            return []
        held, self._held, self.waiting = self._held, [], 0
        return [packet for message_id, packet, _ in held if self.offer(message_id, packet)]

    @property
    def due(self) -> bool:
        """Whether there is something to confirm and no round under way."""
        return bool(self._given) and self._round is None

    def begin(self) -> None:
        """Begin a round with all that was given and not confirmed."""
        self._round, self._given = self._given, []

    def end(self) -> list[str]:
        """Return the messages of the round, which have arrived; the round goes on until they are recorded."""
        return self._round or []

    def recorded(self) -> None:
        """End the round: its messages are confirmed for good."""
        self._round = None
        self._turn()

    def _turn(self) -> None:
        """Forget what was given long ago; where the client confirms when it likes, what was given long before."""
        now = now_ms()
        due = now - self._turned >= MEMORY_MS if self._rounds else len(self._known) >= MEMORY
        if due and not self._holding:
            self._turned, self._before, self._known = now, self._known, set()

    def again(self) -> None:
        """End the round: its messages could not be recorded and belong to the next."""
        self._given, self._round = (self._round or []) + self._given, None
