"""One order for everybody: what a server has heard of a room, handed on as it was said."""

from __future__ import annotations

from typing import Generic, TypeVar

__all__ = ["HELD", "Sequencer"]

HELD = 1_000
"""How much is held back. What comes beyond it is read from the store, as what is missing is."""

P = TypeVar("P")


class Sequencer(Generic[P]):
    """Lets each order pass once, and none before the one below it.

    What servers publish overtakes each other and may be lost. What comes too early is held back for what it waits
    for, which comes a little later, or else is read from the store and offered as if it had.

    Attributes:
        last: the order that passed last; None until `begin` has said which one is behind us.

    """

    __slots__ = ("_held", "_highest", "last")

    def __init__(self) -> None:
        self.last: int | None = None
        self._held: dict[int, P] = {}
        self._highest = 0

    def begin(self, last: int) -> list[P]:
        """Begin behind an order, unless it was begun already. Return what may pass of what was held back."""
        if self.last is not None:
            return []
        self.last = last
        self._held = {order: packet for order, packet in self._held.items() if order > last}
        return self._released()

    def offer(self, order: int, packet: P) -> list[P]:
        """Take what has an order, which may come again. Return what may pass now, in order."""
        if self.last is not None and order <= self.last:
            return []
        self._highest = max(self._highest, order)
        if len(self._held) < HELD or order == self._next:
            self._held.setdefault(order, packet)
        return self._released()

    @property
    def waiting(self) -> bool:
        """Whether something has not passed yet of what came: it is held back, or was too much for that."""
        return self._highest > (self.last or 0)

    @property
    def _next(self) -> int:
        return -1 if self.last is None else self.last + 1

    def _released(self) -> list[P]:
        released: list[P] = []
        while self.last is not None and self._next in self._held:
            released.append(self._held.pop(self._next))
            self.last += 1
        return released
