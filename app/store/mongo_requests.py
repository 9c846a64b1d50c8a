"""How often MongoDB is asked."""

from __future__ import annotations

from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

__all__ = ["Requests"]


class Requests(CommandListener):
    """Counts the requests of the clients that have it as their listener.

    Attributes:
        made: so many, whatever became of them.

    """

    def __init__(self) -> None:
        self.made = 0

    def started(self, event: CommandStartedEvent) -> None:
        self.made += 1

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """Do nothing."""

    def failed(self, event: CommandFailedEvent) -> None:
        """Do nothing."""
