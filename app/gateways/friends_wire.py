"""What the friends contract says on the wire."""

from __future__ import annotations

from typing import Any

from app.domain.clock import iso
from app.domain.mailbox import Entry
from app.engine.base import Connection, encode

__all__ = ["complain", "fitting", "payload"]


def payload(entry: Entry) -> dict[str, Any]:
    """Return a message as clients read it, live and in `unseen_messages`."""
    return {
        "message": entry.text,
        "username": entry.username,
        "createdAt": iso(entry.created_at),
        "id": entry.id,
        "senderId": entry.sender,
    }


def fitting(entries: list[Entry], room: int) -> list[Entry]:
    """Return as many of the first entries as fit into so many bytes, and one at least.

    A list that is more than may wait for a client to read would have it dropped, at each connect again.
    """
    for count, entry in enumerate(entries):
        room -= len(encode("", payload(entry)))
        if room < 0:
            return entries[: max(count, 1)]
    return entries


def complain(connection: Connection, text: str) -> None:
    """Tell a client, by an `exception`, that something it asked for was not done."""
    connection.emit("exception", {"status": "error", "message": text})
