"""Users of the friends contract: what one says comes to all of its friends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from load.speakers.base import Speaker
from load.wire import Handshake

__all__ = ["FriendsSpeaker"]


class FriendsSpeaker(Speaker):
    """A user of the friends contract."""

    contract = "friends"

    def handshake(self) -> Handshake:
        """Return the token, in the query."""
        return Handshake(query={"token": self.token})

    def greet(self) -> None:
        """Say nothing: `unseen_messages` comes by itself."""

    def audience(self) -> tuple[int, ...]:
        """Return its friends."""
        return tuple(self.world["friends"][self.number])

    def speak(self, text: str, number: int, audience: tuple[int, ...]) -> None:
        """Send to all friends; nothing is acknowledged."""
        assert self.connection is not None
        self.connection.emit("message", text)

    def on_message(self, message: dict[str, Any]) -> None:
        """Hear a friend."""
        self.hear(message.get("message"))

    def on_unseen_messages(self, messages: Sequence[dict[str, Any]]) -> None:
        """Hear what was missed; the newest comes first."""
        for message in reversed(messages):
            self.hear(message.get("message"))
        self.caught_up()
