"""A listener for tests of a cluster."""

from collections.abc import Collection


class Heard:
    """A listener that keeps what it hears, in order.

    Attributes:
        deliveries: publications, as room and payload.
        resyncs: the rooms that may have missed some, None for all.
        arrivals: users who are present now, as roster and user.
        departures: users who are absent now, as roster and user.
        news: all of it, each under the name of its method.

    """

    def __init__(self) -> None:
        self.deliveries: list[tuple[str, bytes]] = []
        self.resyncs: list[set[str] | None] = []
        self.arrivals: list[tuple[str, str]] = []
        self.departures: list[tuple[str, str]] = []
        self.news: list[tuple[str, object]] = []

    def deliver(self, room: str, payload: bytes) -> None:
        self.deliveries.append((room, payload))
        self.news.append(("deliver", (room, payload)))

    def resync(self, rooms: Collection[str] | None) -> None:
        self.resyncs.append(None if rooms is None else set(rooms))
        self.news.append(("resync", self.resyncs[-1]))

    def arrived(self, roster: str, user: str) -> None:
        self.arrivals.append((roster, user))
        self.news.append(("arrived", (roster, user)))

    def departed(self, roster: str, user: str) -> None:
        self.departures.append((roster, user))
        self.news.append(("departed", (roster, user)))
