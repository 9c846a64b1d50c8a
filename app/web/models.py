"""What a client sends, and what the wire shows of users and messages."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, RootModel
from pydantic.config import JsonDict

from app.domain.clock import iso
from app.domain.mailbox import Entry
from app.store import base
from app.web.fields import Before, Email, Limit, Name, NewPassword, Password, UserId

__all__ = [
    "Credentials",
    "Friend",
    "Friends",
    "Friendship",
    "History",
    "Liveness",
    "Message",
    "Notification",
    "Page",
    "Readiness",
    "Registration",
    "Sent",
    "Session",
    "User",
    "Users",
]

HAN_ID = "624a1138cda69df1a7c29caf"
ANAKIN_ID = "624a152057ac013c6375d4e3"

_HAN: JsonDict = {
    "_id": HAN_ID,
    "email": "han@mail.com",
    "name": "Han",
    "surname": "Solo",
    "friends": ["624a113c721753da2f9e2567"],
    "lastSeen": "2022-04-03T21:23:31.964Z",
}
_ANAKIN: JsonDict = {
    "_id": ANAKIN_ID,
    "email": "anakin@mail.com",
    "name": "Anakin",
    "surname": "Skywalker",
    "friends": ["624a113c721753da2f9e2567", HAN_ID],
    "lastSeen": "2022-04-03T21:23:31.852Z",
}
_OBI_AS_FRIEND: JsonDict = {
    "_id": "624a113c721753da2f9e2567",
    "email": "obi@mail.com",
    "name": "Obivan",
    "surname": "Kenobi",
    "online": True,
    "lastSeen": "2022-04-03T21:23:31.852Z",
}
_MESSAGE: JsonDict = {
    "id": "018f2a1b3c400000a1b2c3d4",
    "message": "Hello there!",
    "username": "Obivan",
    "createdAt": "2024-04-29T12:00:00.000Z",
    "senderId": "624a113c721753da2f9e2567",
}
_SESSION: JsonDict = {"user": _HAN, "token": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiI2MjRhIn0.c2lnbmF0dXJl"}
_ID: JsonDict = {"pattern": "^[0-9a-f]{24}$"}
_INSTANT: JsonDict = {"format": "date-time"}


def _like(example: JsonValue) -> ConfigDict:
    return ConfigDict(serialize_by_alias=True, json_schema_extra={"examples": [example]})


class Credentials(BaseModel):
    """An e-mail and its password."""

    model_config = _like({"email": "han@mail.com", "password": "123456"})

    email: Email
    password: Password


class Registration(BaseModel):
    """A user who is to be."""

    model_config = _like({"email": "leia@mail.com", "password": "correct horse", "name": "Leia", "surname": "Organa"})

    email: Email
    password: NewPassword
    name: Name = ""
    surname: Name = ""


class Friendship(BaseModel):
    """The user to become friends with."""

    model_config = _like({"friendId": ANAKIN_ID})

    friend_id: UserId = Field(alias="friendId")


class Page(BaseModel):
    """A page of the history."""

    before: Before = Field(None, description="Only messages before the one of this id.")
    limit: Limit = Field(50, description="At most this many messages.")


class User(BaseModel):
    """A user; never a password."""

    model_config = _like(_HAN)

    id: str = Field(serialization_alias="_id", json_schema_extra=_ID)
    email: str
    name: str
    surname: str
    friends: tuple[str, ...] = Field(description="Ids, in the order in which the friendships began.")
    last_seen: str = Field(serialization_alias="lastSeen", json_schema_extra=_INSTANT)

    @classmethod
    def of(cls, user: base.User) -> User:
        """Return what is shown of a user."""
        return cls(
            id=user.id,
            email=user.email,
            name=user.name,
            surname=user.surname,
            friends=user.friends,
            last_seen=iso(user.last_seen),
        )


class Users(RootModel[list[User]]):
    """The user and the friend, as they are now."""

    model_config = _like([_HAN, _ANAKIN])


class Session(BaseModel):
    """A user, and a token that proves to be this user."""

    model_config = _like(_SESSION)

    user: User
    token: str


class Friend(BaseModel):
    """A friend, and whether a socket of theirs is connected."""

    model_config = _like(_OBI_AS_FRIEND)

    id: str = Field(serialization_alias="_id", json_schema_extra=_ID)
    email: str
    name: str
    surname: str
    online: bool
    last_seen: str = Field(serialization_alias="lastSeen", json_schema_extra=_INSTANT)

    @classmethod
    def of(cls, user: base.User, online: bool) -> Friend:
        """Return what is shown of a friend."""
        return cls(
            id=user.id,
            email=user.email,
            name=user.name,
            surname=user.surname,
            online=online,
            last_seen=iso(user.last_seen),
        )


class Friends(RootModel[list[Friend]]):
    """Friends, in the order in which the friendships began."""

    model_config = _like([_OBI_AS_FRIEND])


class Message(BaseModel):
    """A message."""

    model_config = _like(_MESSAGE)

    id: str = Field(json_schema_extra=_ID)
    message: str
    username: str = Field(description="The sender's first name.")
    created_at: str = Field(serialization_alias="createdAt", json_schema_extra=_INSTANT)
    sender_id: str = Field(serialization_alias="senderId", json_schema_extra=_ID)

    @classmethod
    def of(cls, entry: Entry) -> Message:
        """Return what is shown of a message."""
        return cls(
            id=entry.id,
            message=entry.text,
            username=entry.username,
            created_at=iso(entry.created_at),
            sender_id=entry.sender,
        )


class History(RootModel[list[Message]]):
    """Messages, newest first."""

    model_config = _like([_MESSAGE])


class Notification(BaseModel):
    """What a user is to be told; it may have more keys, of any kind."""

    model_config = _like({"message": "Your order has shipped", "userId": "624a113c721753da2f9e2567"}) | ConfigDict(
        extra="allow"
    )

    message: str = Field(min_length=1)
    user_id: str = Field(alias="userId", min_length=1, max_length=256)


class Sent(BaseModel):
    """The notification is stored."""

    model_config = _like({"message": "Notification sent successfully"})

    message: Literal["Notification sent successfully"] = "Notification sent successfully"


class Liveness(BaseModel):
    """The process is alive."""

    model_config = _like({"status": "alive", "contracts": "1.0"})

    status: Literal["alive"] = "alive"
    contracts: str = Field(description="The version of the contracts.")


class Readiness(BaseModel):
    """Requests can be served."""

    model_config = _like({"status": "ready", "checks": {"store": True, "cluster": True}})

    status: Literal["ready"] = "ready"
    checks: dict[str, bool]
