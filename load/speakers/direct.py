"""Users of the direct contract: from one to one other, until the receiver acknowledges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from load.speakers.base import Speaker
from load.wire import Handshake

__all__ = ["DirectSpeaker"]


class DirectSpeaker(Speaker):
    """A user of the direct contract."""

    contract = "direct"

    def handshake(self) -> Handshake:
        """Return the token, in a header."""
        return Handshake(headers={"Authorization": f"Bearer {self.token}"})

    def greet(self) -> None:
        """Ask for what was missed; what comes before the answer is taken after it."""
        assert self.connection is not None
        self._early: list[dict[str, Any]] | None = []
        self.connection.emit("unreceived messages")

    def audience(self) -> tuple[int, ...]:
        """Return any other user."""
        return (self.another(),)

    def speak(self, text: str, number: int, audience: tuple[int, ...]) -> None:
        """Send to one user."""
        assert self.connection is not None
        chat = {"receiver": self.world["users"][audience[0]]["id"], "message": text}
        self.connection.emit("send message", chat, acknowledged=lambda *answer: self._answered(number, *answer))

    def _answered(self, number: int, *answer: Any) -> None:
        if answer and isinstance(answer[0], dict) and "id" in answer[0] and "receiver" in answer[0]:
            self.stored(number)
        elif answer:
            self.refused(number, answer[0])

    def on_message(self, chat: dict[str, Any]) -> None:
        """Take a chat, once it is known what was missed."""
        if self._early is not None:
            self._early.append(chat)
        else:
            self._take(chat)

    def on_unreceived_messages(self, chats: Sequence[dict[str, Any]]) -> None:
        """Take what was missed, and what came meanwhile and is not in it."""
        listed = {chat.get("id") for chat in chats}
        early, self._early = self._early or [], None
        for chat in [*chats, *(chat for chat in early if chat.get("id") not in listed)]:
            self._take(chat)
        self.caught_up()

    def _take(self, chat: dict[str, Any]) -> None:
        self.hear(chat.get("message"))
        if self.connection is not None:
            self.connection.emit("receive message", {"chatId": chat.get("id")})
