"""What the rooms contract says on the wire, and the names of its rooms in the cluster."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field

from app.domain.clock import instant, iso
from app.domain.errors import Invalid
from app.domain.rooms import Exchange, Participant, Room, name_of
from app.engine.base import encode
from app.gateways.payloads import Payload, stored

__all__ = ["MORE", "Leaving", "NewExchange", "Participation", "epoch_of", "exchanged", "listed", "more_of", "room_of"]

MORE = 16_384
"""Bytes of what is sent with a message beside what the contract has, as JSON."""


def room_of(room: Room) -> str:
    """Return the room, over all servers, of the connections that are in an opening of a room."""
    return f"rooms:{room.epoch}"


def epoch_of(room: str) -> str:
    """Return the opening that a room is of."""
    return room.partition(":")[2]


def _content(value: object) -> object:
    if value is None or value == "":
        raise ValueError("should not be empty")
    if not isinstance(value, str):
        raise ValueError("must be a string")
    return value


def _instant(value: object) -> object:
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise ValueError("must be an ISO 8601 date")
    return instant(value)


Name = Annotated[str, BeforeValidator(name_of), Field(validate_default=True)]
Content = Annotated[str, BeforeValidator(_content), Field(validate_default=True)]
Instant = Annotated[int | None, BeforeValidator(_instant)]

_NOTHING: Any = None
"""What stands for a field that is missing, so that its type says what is wrong about that."""


class Leaving(Payload):
    """A room that one is in no more."""

    roomId: Name = _NOTHING  # noqa: N815  (the contract's name)


class Participation(Payload):
    """A room that one is in, and under which name."""

    roomId: Name = _NOTHING  # noqa: N815  (the contract's name)
    username: Name = _NOTHING


class NewExchange(Participation):
    """A message to a room, with whatever else the client has to say of it."""

    model_config = ConfigDict(extra="allow")

    content: Content = _NOTHING
    createdAt: Instant = None  # noqa: N815  (the contract's name)


def more_of(new: NewExchange, socket: str) -> dict[str, Any]:
    """Return what is kept of a message beside what the contract has, and the socket that it came from.

    Raise `Invalid` if it is too much, or no JSON.
    """
    more = {key: value for key, value in (new.model_extra or {}).items() if key not in ("order", "socketId")}
    try:
        size = len(encode("", more))
    except ValueError:
        raise Invalid("what is sent with a message must be JSON") from None
    if size > MORE:
        raise Invalid(f"what is sent with a message must be at most {MORE} bytes of JSON")
    return {**more, "socketId": socket}


def exchanged(room: Room, exchange: Exchange) -> dict[str, Any]:
    """Return a message as the members of its room read it."""
    return {
        **stored(exchange.more),
        "roomId": room.id,
        "username": exchange.username,
        "content": exchange.content,
        "createdAt": iso(exchange.created_at),
        "order": exchange.order,
    }


def listed(room: Room, participants: Iterable[Participant]) -> list[dict[str, Any]]:
    """Return the participants of a room as its members read them."""
    return [{"roomId": room.id, "username": one.username, "connected": one.connected} for one in participants]
