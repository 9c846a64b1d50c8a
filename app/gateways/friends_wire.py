"""What the friends contract says on the wire."""

from __future__ import annotations

from typing import Any

from app.domain.clock import iso, now_ms
from app.domain.mailbox import Entry
from app.engine.base import encode

__all__ = ["announcement", "payload"]


def payload(entry: Entry) -> dict[str, Any]:
    """Return a message as clients read it, live and in `unseen_messages`."""
    return {
        "message": entry.text,
        "username": entry.username,
        "createdAt": iso(entry.created_at),
        "id": entry.id,
        "senderId": entry.sender,
    }


def announcement(_: str, name: str, came: bool) -> bytes:
    """Return the packet that tells the friends of a user that they came, or went."""
    event = "connected" if came else "disconnected"
    return encode(event, {"message": f"{name} {event} now.", "username": name, "createdAt": iso(now_ms())})
