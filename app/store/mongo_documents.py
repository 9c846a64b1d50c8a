"""The documents of the MongoDB store, and the values that they stand for.

    users       {_id: ObjectId, email, password, name, surname, friends: [ObjectId], lastSeen: Date}
    messages    {_id: string, sender: ObjectId, message, createdAt: Date, mailbox, members: [string], pending: [string],
                 to: [string]}
                sender is null where no user sent it
    rooms       {_id: string, epoch, createdBy, createdDate: Date}
    exchanges   {_id: "<epoch>:<order>", exchangeId, username, content, createdAt: Date, more}
                {_id: "<epoch>:<order>", exchangeId: epoch, closed: true}, the last of a room that is closed

`users`, and the first four fields of `messages`, are those of the application that these collections were made for,
so that tools written for it read ours. Beyond them a message has the mailbox that it belongs to, the ids of the users
who sent or were sent it, and of those who have not confirmed it; `to` are those whom it names as recipients, and is
missing in one for all friends of its sender. Orders have ten digits, so that what was said in an opening of a room is
one range of `_id`. Dates are milliseconds on both sides: BSON knows no finer ones.

Other programs write these collections too. A field that is missing or is no such value is read as empty, and the log
says so once for each document: many users are looked up together, and one odd document must not cost the others theirs.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias, TypeVar, cast

import bson
from bson import CodecOptions, DatetimeConversion, DatetimeMS, ObjectId
from bson.binary import UuidRepresentation
from bson.errors import InvalidId
from bson.raw_bson import RawBSONDocument
from pymongo.errors import DocumentTooLarge

from app.store.base import Exchange, Message, NewExchange, NewMessage, Owed, Room, User

__all__ = [
    "CODEC",
    "MESSAGE_FIELDS",
    "Document",
    "date",
    "exchange",
    "exchange_document",
    "friends_of",
    "is_message",
    "key",
    "key_of",
    "message",
    "message_document",
    "order",
    "orders",
    "room",
    "room_document",
    "user",
    "user_document",
    "users_of",
]

log = logging.getLogger("parley.store")

T = TypeVar("T")

Document: TypeAlias = dict[str, Any]

CODEC: CodecOptions[Document] = CodecOptions(
    tz_aware=True,
    uuid_representation=UuidRepresentation.STANDARD,
    datetime_conversion=DatetimeConversion.DATETIME_MS,  # of any year, and as exact as stored
)

_DOCUMENT_LIMIT = 16 * 1024 * 1024
"""Bytes, of every version of MongoDB."""

_ORDERS = 10**10
"""No room has so many."""

MESSAGE_FIELDS = ("mailbox", "sender", "message", "createdAt")
"""The fields of `Message` beside the id; the lists of users stay in the database."""

RECEIVED_FIELDS = (*MESSAGE_FIELDS, "pending")
"""The fields of `Received` beside the id."""

OWED_FIELDS = (*MESSAGE_FIELDS, "pending", "members", "to")
"""The fields of `Owed` beside the id."""


_TOLD = 10_000
"""Odd documents of which the log has told; beyond it is told of them all again."""

_told: dict[str, None] = {}


def key(user_id: str) -> ObjectId | str:
    """Return what the `_id` of a user is compared with.

    An id that is not 24 hex digits in lower case stays a string, which no user's is.
    """
    try:
        object_id = ObjectId(user_id)
    except InvalidId:
        return user_id
    return object_id if str(object_id) == user_id else user_id


def date(ms: int) -> DatetimeMS:
    """Return milliseconds since the epoch as a BSON date."""
    return DatetimeMS(ms)


def user_document(user: User) -> Document:
    """Return the document of a user. Raise `InvalidId` if an id is not 24 hex digits."""
    return {
        "_id": ObjectId(user.id),
        "email": user.email.lower(),
        "password": user.password,
        "name": user.name,
        "surname": user.surname,
        "friends": [ObjectId(friend) for friend in user.friends],
        "lastSeen": date(user.last_seen),
    }


def user(document: Mapping[str, Any]) -> User:
    """Return the user of a document; `friends` and `lastSeen` may be missing in one that was not written here."""
    return User(
        id=str(document["_id"]),
        email=_text(document, "email"),
        password=_text(document, "password"),
        name=_text(document, "name"),
        surname=_text(document, "surname"),
        friends=friends_of(document),
        last_seen=_instant(document, "lastSeen") if "lastSeen" in document else 0,
    )


def friends_of(document: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the ids of a user's friends, each once."""
    return tuple(dict.fromkeys(map(str, users_of(document, "friends")))) if "friends" in document else ()


def users_of(document: Mapping[str, Any], field: str) -> Sequence[Any]:
    """Return a list of ids."""
    found = document.get(field)
    return cast("list[Any]", found) if isinstance(found, list) else _empty(document, field, ())


def is_message(document: Mapping[str, Any]) -> bool:
    """Return whether a document has the id of a message, by which messages are in order."""
    return isinstance(document["_id"], str) or _empty(document, "_id", False)


def _text(document: Mapping[str, Any], field: str) -> str:
    found = document.get(field)
    return found if isinstance(found, str) else _empty(document, field, "")


def _instant(document: Mapping[str, Any], field: str) -> int:
    found = document.get(field)
    return int(found) if isinstance(found, DatetimeMS) else _empty(document, field, 0)


def _empty(document: Mapping[str, Any], field: str, value: T) -> T:
    """Return the value that a field is read as which is none, and log it."""
    name = repr(document["_id"])
    if name not in _told:
        if len(_told) >= _TOLD:
            _told.clear()
        _told[name] = None
        log.warning("the document %s is odd: what is in %r is read as %r", name, field, value)
    return value


def message_document(new: NewMessage, recipients: Sequence[str]) -> RawBSONDocument:
    """Return the document of a message, encoded: what cannot be encoded raises here, before anything is sent.

    Raise `InvalidId` if there is a sender who is not 24 hex digits, `UnicodeEncodeError` if a text is not Unicode, and
    `DocumentTooLarge`.
    """
    sender = (new.sender,) if new.sender else ()
    document: Document = {
        "_id": new.id,
        "sender": ObjectId(new.sender) if sender else None,
        "message": new.text,
        "createdAt": date(new.created_at),
        "mailbox": new.mailbox,
        "members": list(dict.fromkeys((*sender, *recipients))),
        "pending": list(recipients),
    }
    if new.recipients is not None:
        document["to"] = list(recipients)
    return _encoded(document)


def _encoded(document: Document) -> RawBSONDocument:
    encoded = bson.encode(document, codec_options=CODEC)
    if len(encoded) > _DOCUMENT_LIMIT:
        raise DocumentTooLarge(f"a message of {len(encoded)} bytes, with all about it; MongoDB takes {_DOCUMENT_LIMIT}")
    return RawBSONDocument(encoded)


def message(document: Mapping[str, Any]) -> Message:
    """Return the message of a document."""
    return Message(
        id=document["_id"],
        mailbox=document["mailbox"],
        sender=str(document.get("sender") or ""),
        text=_text(document, "message"),
        created_at=_instant(document, "createdAt"),
    )


def owed(document: Mapping[str, Any], user_ids: frozenset[str], after: str) -> Owed:
    """Return the message of a document with those of the users whom it concerns."""
    found = message(document)
    pending, members = (frozenset(map(str, users_of(document, field))) for field in ("pending", "members"))
    to = frozenset(map(str, users_of(document, "to"))) if "to" in document else frozenset[str]()
    sent_to = members - {found.sender} | members & to
    return Owed(found, user_ids & pending, user_ids & sent_to if found.id > after else frozenset())


def room_document(room: Room) -> Document:
    """Return the document of a room."""
    return {"_id": room.id, "epoch": room.epoch, "createdBy": room.creator, "createdDate": date(room.created_at)}


def room(document: Mapping[str, Any]) -> Room:
    """Return the room of a document."""
    said = _text(document, "epoch"), _text(document, "createdBy"), _instant(document, "createdDate")
    return Room(str(document["_id"]), *said)


def exchange_document(epoch: str, order: int, exchange_id: str, new: NewExchange | None) -> RawBSONDocument:
    """Return the document of what is said, None for the end of the room, encoded and with the errors of a message's."""
    place: Document = {"_id": key_of(epoch, order), "exchangeId": exchange_id}
    if new is None:
        return _encoded({**place, "closed": True})
    said = {"username": new.username, "content": new.content, "createdAt": date(new.created_at), "more": new.more}
    return _encoded({**place, **said})


def exchange(document: Mapping[str, Any]) -> Exchange:
    """Return what was said, of a document."""
    said = _text(document, "username"), _text(document, "content"), _instant(document, "createdAt")
    return Exchange(order(document), *said, _text(document, "more"))


def order(document: Mapping[str, Any]) -> int:
    """Return the order of what was said."""
    return int(document["_id"].rpartition(":")[2])


def orders(epoch: str, first: int, last: int | None) -> Document:
    """Return what an `_id` is compared with to have an order from `first` to `last` in an opening of a room."""
    first = min(max(first, 0), _ORDERS)
    last = _ORDERS - 1 if last is None else min(max(last, 0), _ORDERS - 1)
    return {"$gte": key_of(epoch, first), "$lte": key_of(epoch, last)}


def key_of(epoch: str, order: int) -> str:
    """Return the `_id` of what has an order in an opening of a room."""
    return f"{epoch}:{order:010}"
