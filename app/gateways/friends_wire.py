"""What the friends contract says on the wire."""

from __future__ import annotations

from typing import Any

from app.domain.clock import iso
from app.domain.mailbox import Entry

__all__ = ["payload"]


def payload(entry: Entry) -> dict[str, Any]:
    """Return a message as clients read it, live and in `unseen_messages`."""
    return {
        "message": entry.text,
        "username": entry.username,
        "createdAt": iso(entry.created_at),
        "id": entry.id,
        "senderId": entry.sender,
    }
