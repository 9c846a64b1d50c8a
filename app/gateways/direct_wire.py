"""What the direct contract says on the wire.

A chat's id is a UUID of version 4 in form, made of the id of its message and nothing else: whoever has the one has the
other, and neither says who may read the chat.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, Field

from app.domain.mailbox import Entry
from app.gateways.payloads import Payload

__all__ = ["Acknowledgement", "NewChat", "Page", "by_sender", "chat", "chat_id", "message_id"]

_PATTERN = re.compile(r"([0-9a-f]{8})-([0-9a-f]{4})-4([0-9a-f]{3})-8([0-9a-f]{3})-([0-9a-f]{6})000000")
"""The 24 digits of a message's id, around the version and the variant, and what is left over."""


def chat_id(of: str) -> str:
    """Return the id of the chat that a message is."""
    return str(UUID(f"{of[:12]}4{of[12:15]}8{of[15:18]}{of[18:]}000000"))


def message_id(of: str) -> str:
    """Return the id of the message that a chat is, "" for what is no chat's id."""
    match = _PATTERN.fullmatch(of)
    return "".join(match.groups()) if match else ""


def chat(entry: Entry, receiver: str, received: bool) -> dict[str, Any]:
    """Return the `Chat` of a message."""
    return {
        "id": chat_id(entry.id),
        "sender": entry.sender,
        "receiver": receiver,
        "message": entry.text,
        "createdAt": entry.created_at,
        "received": received,
    }


def by_sender(chats: Iterable[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Return chats that come newest first as `all messages` has them: by who sent them, oldest first."""
    found: dict[str, list[dict[str, Any]]] = {}
    for one in chats:
        found.setdefault(one["sender"], []).append(one)
    return {sender: newest_first[::-1] for sender, newest_first in found.items()}


def _message_of(text: str) -> str:
    if not (found := message_id(text)):
        raise ValueError("must be the id of a chat")
    return found


Text = Annotated[str, Field(min_length=1)]


class NewChat(Payload):
    """`MessageEventData`."""

    receiver: Annotated[Text, Field(max_length=64)]
    message: Text


class Acknowledgement(Payload):
    """`ReceiveEventData`."""

    chatId: str  # noqa: N815  (the contract's name)


class Page(Payload):
    """What `all messages` may be asked for: a part of what one sender sent.

    Attributes:
        before: id of a message, read from that of its chat; what is older than it is asked for.

    """

    sender: Text
    before: Annotated[str, AfterValidator(_message_of)] | None = None
    limit: Annotated[int, Field(ge=1)] | None = None
