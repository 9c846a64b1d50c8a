"""A listener for tests of a cluster."""


class Heard:
    """A listener that keeps what it hears, in order."""

    def __init__(self) -> None:
        self.deliveries: list[tuple[str, bytes]] = []

    def deliver(self, room: str, payload: bytes) -> None:
        self.deliveries.append((room, payload))

    def resync(self) -> None:
        raise AssertionError("nothing was interrupted")

    def departed(self, roster: str, user: str) -> None:
        raise AssertionError("no server died")
