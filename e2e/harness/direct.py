"""A device on the direct contract."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from e2e.harness.client import Client, Credential
from e2e.harness.match import Check, has, must, names

__all__ = ["CHAT", "DirectClient", "fails"]

CHAT = ("id", "sender", "receiver", "message", "createdAt", "received")
"""The keys of a chat."""


class DirectClient(Client):
    """A device on the direct contract. Nothing comes when it connects."""

    CONTRACT: ClassVar[str] = "direct"
    PATH: ClassVar[str] = "/direct/socket.io"
    CREDENTIAL: ClassVar[Credential] = "header"

    async def send(self, receiver: str, message: str) -> dict[str, Any]:
        """Send a message and return its chat, as the acknowledgement has it: then it is stored."""
        __tracebackhide__ = True
        chat = await self.call("send message", {"receiver": receiver, "message": message})
        assert chat.get("received") is False, f"{message!r} was answered {chat}"
        return chat

    async def receive(self, chat: Mapping[str, Any]) -> None:
        """Acknowledge a chat, and return once that is stored."""
        __tracebackhide__ = True
        answer = await self.call("receive message", {"chatId": chat["id"]})
        must(answer, has(chatId=chat["id"], received=True))

    async def unreceived(self) -> Sequence[dict[str, Any]]:
        """Return what is not acknowledged, oldest first."""
        __tracebackhide__ = True
        await self.emit("unreceived messages")
        return (await self.expect("unreceived messages")).payload

    async def all(self, **page: Any) -> dict[str, list[dict[str, Any]]]:
        """Return all messages, oldest first, by sender; or a page of one sender's."""
        __tracebackhide__ = True
        await self.emit("all messages", *([page] if page else []))
        return (await self.expect("all messages")).payload


def fails(user: str, message: str | None = None, *, naming: Sequence[str] = ()) -> Check:
    """Check that the payload is an error for this user, and says this, or what is wrong with these fields."""

    def check(payload: Any) -> str | None:
        says_so = names(*naming) if message is None else has(message=message)
        return has(id=user)(payload) or says_so(payload)

    return check
