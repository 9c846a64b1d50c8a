"""The requests that a client makes of MongoDB, for tests that count them."""

from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from app.store.mongo_documents import Document


class Requests(CommandListener):
    """Keeps the requests that a client makes."""

    def __init__(self) -> None:
        self.made: list[tuple[str, Document]] = []

    @property
    def names(self) -> list[str]:
        """What was asked for, in order."""
        return [name for name, _ in self.made]

    def started(self, event: CommandStartedEvent) -> None:
        self.made.append((event.command_name, dict(event.command)))

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """Keep nothing of it."""

    def failed(self, event: CommandFailedEvent) -> None:
        """Keep nothing of it."""
