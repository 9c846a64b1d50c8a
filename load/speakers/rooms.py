"""Users of the rooms contract: whoever is in a room hears what is said there, in one order for all."""

from __future__ import annotations

from typing import Any

from load.speakers.base import Speaker
from load.wire import Handshake

__all__ = ["RoomsSpeaker"]


class RoomsSpeaker(Speaker):
    """A user of the rooms contract, in one room."""

    contract = "rooms"
    reachable_at_once = False

    def handshake(self) -> Handshake:
        """Return nothing: it joins afterwards."""
        return Handshake()

    def greet(self) -> None:
        """Join: it is in the room when the list of those who are there comes."""
        assert self.connection is not None
        self._order = 0
        self._inside = False
        self._handlers[f"participants/{self._room}"] = self._on_participants
        self.connection.emit("participants", {"roomId": self._room, "username": self.me["name"]})

    def audience(self) -> tuple[int, ...]:
        """Return everybody in its room, itself too."""
        population = self.crew.share.plan.population
        first = self.number // population.members * population.members
        return tuple(range(first, min(first + population.members, population.users)))

    def speak(self, text: str, number: int, audience: tuple[int, ...]) -> None:
        """Say something to the room."""
        assert self.connection is not None
        exchange = {"roomId": self._room, "username": self.me["name"], "content": text}
        self.connection.emit("exchanges", exchange, acknowledged=lambda *answer: self._answered(number, *answer))

    @property
    def _room(self) -> str:
        return self.world["rooms"][self.number // self.crew.share.plan.population.members]

    def _answered(self, number: int, *answer: Any) -> None:
        if answer and isinstance(answer[0], dict) and "order" in answer[0]:
            self.stored(number)
        elif answer:
            self.refused(number, answer[0])

    def on_exchanges(self, exchange: Any) -> None:
        """Hear what is said; on a join the list of those who are there comes so too."""
        if isinstance(exchange, dict):
            order = exchange.get("order")
            if not isinstance(order, int) or order <= self._order:
                self.visit.disorder += 1
            else:
                self._order = order
            self.hear(exchange.get("content"))

    def _on_participants(self, *arguments: Any) -> None:
        if not self._inside:
            self._inside = True
            self.reachable()
