"""What the notifications contract says on the wire.

What is wrong with a field is said in the sentences of class-validator, and in its order: that is what the clients of
the original read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from app.domain.clock import iso
from app.domain.errors import Invalid
from app.domain.mailbox import Entry
from app.domain.roll import Attendee
from app.gateways.payloads import stored

__all__ = ["LONGEST_ID", "SENT", "NewNotification", "notification", "strings", "user"]

SENT = "Notification sent successfully"

LONGEST_ID = 256
"""Characters of an id or a username."""

MAX_DEPTH = 63
"""Levels of a notification; with the list that an event is, what the engine takes from clients."""


@dataclass(frozen=True, slots=True)
class NewNotification:
    """A notification that may be sent.

    Attributes:
        user: whom it is for.
        text: all of it, as JSON.

    """

    user: str
    text: str

    @classmethod
    def read(cls, payload: Any, longest: int, largest: int) -> NewNotification:
        """Return the notification of a payload, with all its keys.

        Args:
            payload: an object, of an event or of a request.
            longest: characters of its message.
            largest: bytes of it all.

        """
        read = strings(payload, message=longest, userId=LONGEST_ID)
        try:
            text = orjson.dumps(payload)
        except TypeError:
            raise Invalid("notification must be JSON that every client can read") from None
        if len(text) > largest:
            raise Invalid(f"notification must be at most {largest} bytes")
        if _deeper(payload, MAX_DEPTH):
            raise Invalid(f"notification must be nested at most {MAX_DEPTH} levels deep")
        return cls(read["userId"], text.decode())


def strings(payload: Any, **longest: int) -> dict[str, str]:
    """Return the fields of a payload that are so named, each of which has to be a string of one to so many characters.

    Raise `Invalid` with a sentence for each rule that is broken, field by field.
    """
    fields: dict[str, Any] = payload if isinstance(payload, dict) else {}
    broken = [sentence for name, limit in longest.items() for sentence in _broken(name, fields.get(name), limit)]
    if broken:
        raise Invalid(broken=broken)
    return {name: fields[name] for name in longest}


def _broken(name: str, value: Any, longest: int) -> Iterator[str]:
    if value is None or value == "":
        yield f"{name} should not be empty"
    if not isinstance(value, str):
        yield f"{name} must be a string"
    elif len(value) > longest:
        yield f"{name} must be shorter than or equal to {longest} characters"


def _deeper(value: Any, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    items: Any = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_deeper(item, levels - 1) for item in items)


def notification(entry: Entry) -> dict[str, Any]:
    """Return a notification as clients read it: as it was sent, with its id and instant."""
    return {**stored(entry.text), "id": entry.id, "createdAt": iso(entry.created_at)}


def user(attendee: Attendee) -> dict[str, Any]:
    """Return an entry of `users`."""
    return {"userID": attendee.user, "username": attendee.username, "connected": attendee.connected}
