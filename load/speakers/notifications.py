"""Users of the notifications contract: what one is notified of waits until it is confirmed."""

from __future__ import annotations

from typing import Any

from load.speakers.base import Speaker
from load.wire import Handshake

__all__ = ["NotificationsSpeaker"]


class NotificationsSpeaker(Speaker):
    """A user of the notifications contract, who also notifies others."""

    contract = "notifications"

    def handshake(self) -> Handshake:
        """Return who it is, and a token where there is one."""
        auth = {"userID": self.me["id"], "username": self.me["name"]}
        return Handshake(auth={**auth, "token": self.token} if self.token else auth)

    def greet(self) -> None:
        """Say nothing: what is pending comes by itself."""

    def audience(self) -> tuple[int, ...]:
        """Return any other user."""
        return (self.another(),)

    def speak(self, text: str, number: int, audience: tuple[int, ...]) -> None:
        """Notify one user."""
        assert self.connection is not None
        notification = {"userId": self.world["users"][audience[0]]["id"], "message": text}
        self.connection.emit(
            "sendNotification", notification, acknowledged=lambda *answer: self._answered(number, *answer)
        )

    def _answered(self, number: int, *answer: Any) -> None:
        if answer and isinstance(answer[0], dict) and "id" in answer[0]:
            self.stored(number)
        elif answer:
            self.refused(number, answer[0])

    def on_session(self, *arguments: Any) -> None:
        """Note that it is known; what is pending follows."""
        self.caught_up()

    def on_newNotification(self, notification: dict[str, Any]) -> None:  # noqa: N802 (the name of the event)
        """Hear, and confirm."""
        self.hear(notification.get("message"))
        if self.connection is not None:
            told = {"notificationId": notification.get("id"), "userId": self.me["id"]}
            self.connection.emit("confirmNotification", told)
