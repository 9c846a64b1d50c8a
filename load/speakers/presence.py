"""Users of the presence contract: messages to whoever is online, and the server says whom it reached."""

from __future__ import annotations

from typing import Any

from load.speakers.base import Speaker
from load.wire import Handshake

__all__ = ["PresenceSpeaker"]

_NOBODY = "No recipients online"


class PresenceSpeaker(Speaker):
    """A user of the presence contract."""

    contract = "presence"
    reachable_at_once = False

    def handshake(self) -> Handshake:
        """Return nothing: it authenticates afterwards."""
        return Handshake()

    def greet(self) -> None:
        """Authenticate; `connected` answers."""
        assert self.connection is not None
        self.connection.emit("authenticate", {"token": self.token})

    def audience(self) -> tuple[int, ...]:
        """Return some other users: who of them is reached, only the server can say."""
        return tuple(sorted({self.another() for _ in range(self.crew.share.plan.traffic.recipients)}))

    def speak(self, text: str, number: int, audience: tuple[int, ...]) -> None:
        """Send to some users."""
        assert self.connection is not None
        users = self.world["users"]
        by_id = {users[it]["id"]: it for it in audience}

        def answered(*answer: Any) -> None:
            if not answer:
                return
            told = answer[0]
            if told.get("status") == "sent":
                reached = {by_id[it] for it in told["recipients"]["sent"]}
                self.stored(number, tuple(sorted(reached)))
                self.denied(number, set(audience) - reached)
            else:
                self.refused(number, told)
                if told.get("error") == _NOBODY:
                    self.denied(number, audience)

        message = {"recipientIds": list(by_id), "message": text}
        self.connection.emit("send_message", message, acknowledged=answered)

    def on_connected(self, *arguments: Any) -> None:
        """Note that it is known: it can be reached from here on."""
        self.reachable()

    def on_message(self, message: dict[str, Any]) -> None:
        """Hear somebody."""
        self.hear(message.get("message"))
