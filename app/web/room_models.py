"""What a client sends of rooms, and what the wire shows of them. The names are the contract's."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue, RootModel
from pydantic.config import JsonDict

from app.domain.clock import iso
from app.domain.rooms import Exchange, Participant, RoomInfo
from app.web.fields import AtMost, Order, RoomName

__all__ = ["ROOM_ID", "NewRoom", "RoomMessage", "RoomMessages", "RoomPage", "RoomParticipant", "RoomSummary", "Rooms"]

ROOM_ID = "3XX"

_INSTANT: JsonDict = {"format": "date-time"}
_MESSAGE: JsonDict = {
    "order": 1,
    "username": "Dhoni",
    "content": "Hello there!",
    "createdAt": "2024-04-29T12:00:00.000Z",
}
_PARTICIPANT: JsonDict = {"roomId": ROOM_ID, "username": "Dhoni", "connected": True}
_ROOM: JsonDict = {
    "roomId": ROOM_ID,
    "createdBy": "Dhoni",
    "createdDate": "2024-04-29T12:00:00.000Z",
    "participants": [_PARTICIPANT],
    "messageCount": 1,
}
_NOTHING: Any = None
"""What stands for a field that is missing, so that its type says what is wrong about that."""


def _like(example: JsonValue) -> ConfigDict:
    return ConfigDict(serialize_by_alias=True, json_schema_extra={"examples": [example]})


class NewRoom(BaseModel):
    """A room that is to be opened."""

    model_config = _like({"roomId": ROOM_ID, "creatorUsername": "Dhoni"})

    roomId: RoomName = _NOTHING  # noqa: N815  (the contract's name)
    creatorUsername: RoomName = _NOTHING  # noqa: N815  (the contract's name)


class RoomPage(BaseModel):
    """A part of what was said."""

    from_index: Order = Field(None, alias="fromIndex", description="Only messages from this order on.")
    to_index: Order = Field(None, alias="toIndex", description="Only messages up to this order.")
    limit: AtMost = Field(
        None,
        description="At most this many messages: the oldest from `fromIndex` on, the newest where that is not given.",
    )


class RoomMessage(BaseModel):
    """What was said in a room."""

    model_config = _like(_MESSAGE)

    order: int = Field(ge=1, description="1, 2, 3, ... in the order that everybody reads.")
    username: str
    content: str
    created_at: str = Field(serialization_alias="createdAt", json_schema_extra=_INSTANT)

    @classmethod
    def of(cls, exchange: Exchange) -> RoomMessage:
        """Return what is shown of what was said."""
        said = exchange.order, exchange.username, exchange.content
        return cls(order=said[0], username=said[1], content=said[2], created_at=iso(exchange.created_at))


class RoomMessages(RootModel[list[RoomMessage]]):
    """What was said in a room, oldest first."""

    model_config = _like([_MESSAGE])


class RoomParticipant(BaseModel):
    """One who is or was in a room."""

    model_config = _like(_PARTICIPANT)

    room_id: str = Field(serialization_alias="roomId")
    username: str
    connected: bool

    @classmethod
    def of(cls, room_id: str, participant: Participant) -> RoomParticipant:
        """Return what is shown of a participant."""
        return cls(room_id=room_id, username=participant.username, connected=participant.connected)


class RoomSummary(BaseModel):
    """A room that is open."""

    model_config = _like(_ROOM)

    room_id: str = Field(serialization_alias="roomId")
    created_by: str = Field(serialization_alias="createdBy")
    created_date: str = Field(serialization_alias="createdDate", json_schema_extra=_INSTANT)
    participants: list[RoomParticipant]
    message_count: int = Field(serialization_alias="messageCount", ge=0)

    @classmethod
    def of(cls, info: RoomInfo) -> RoomSummary:
        """Return what is shown of a room."""
        room = info.room
        return cls(
            room_id=room.id,
            created_by=room.creator,
            created_date=iso(room.created_at),
            participants=[RoomParticipant.of(room.id, one) for one in info.participants],
            message_count=info.count,
        )


class Rooms(RootModel[list[RoomSummary]]):
    """Rooms that are open, newest first."""

    model_config = _like([_ROOM])
