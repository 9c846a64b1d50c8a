"""Every request that the MongoDB store makes of an open database.

Each is one plain operation on one document, or many of them in one request; none needs a transaction. What is done
to two users, a friendship, is done to one after the other in such a way that doing it again completes it.

`append`, `confirm` and `touch` serve many calls at once: they are the writes of `mongo_groups`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, TypeAlias

from bson import ObjectId
from pymongo import UpdateMany, UpdateOne
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import BulkWriteError, DuplicateKeyError

from app.domain.errors import Conflict, NotFound
from app.store import mongo_documents as documents
from app.store.base import Message, NewMessage, Owed, Received, User
from app.store.mongo_documents import Document, key

__all__ = [
    "Database",
    "add_user",
    "addressed",
    "append",
    "befriend",
    "confirm",
    "duplicate",
    "history",
    "owed",
    "pending",
    "ping",
    "received",
    "senders",
    "stored",
    "touch",
    "unfriend",
    "user",
    "user_by_email",
    "users",
]

Database: TypeAlias = AsyncDatabase[Document]

_DUPLICATE_KEY = 11000

_FEW = 32
"""The most messages that are updated one by one, each by its id, although the same users confirm them."""

PART = 100
"""How many messages are fetched at a time where their size is bounded."""


async def ping(database: Database) -> None:
    """Read something trivial: the answer also says that there is a primary."""
    await database["users"].find_one({}, {"_id": 1})


# users


async def add_user(database: Database, user: User) -> None:
    """Insert a user."""
    document = documents.user_document(user)
    try:
        await database["users"].insert_one(document)
    except DuplicateKeyError as error:
        taken = await database["users"].find_one({"_id": document["_id"]}, {"_id": 1})
        raise Conflict("User already exists" if taken else "Email already in use") from error


async def user(database: Database, user_id: str) -> User | None:
    """Find a user by id."""
    found = await database["users"].find_one({"_id": key(user_id)})
    return documents.user(found) if found else None


async def user_by_email(database: Database, email: str) -> User | None:
    """Find a user by e-mail."""
    found = await database["users"].find_one({"email": email.lower()})
    return documents.user(found) if found else None


async def users(database: Database, user_ids: Collection[str]) -> dict[str, User]:
    """Find users by id."""
    found = map(documents.user, await _by_id(database, user_ids))
    return {user.id: user for user in found}


async def _by_id(
    database: Database, user_ids: Collection[str], fields: Sequence[str] | None = None
) -> Sequence[Document]:
    """Find the documents of users, in one answer unless it is larger than MongoDB's 16 MB."""
    wanted = {"_id": {"$in": [key(user_id) for user_id in user_ids]}}
    return await database["users"].find(wanted, fields, batch_size=len(user_ids) + 1).to_list()


async def befriend(database: Database, user_id: str, friend_id: str) -> bool:
    """Make each a friend of the other, by two updates."""

    def add(side: ObjectId, other: ObjectId) -> tuple[Document, Document]:
        return {"_id": side, "friends": {"$ne": other}}, {"$push": {"friends": other}}

    sides = await _sides(database, user_id, friend_id)
    if len(sides) < 2:
        raise NotFound("User not found!")
    return await _both(database, sides, add, done=True)


async def unfriend(database: Database, user_id: str, friend_id: str) -> bool:
    """Make neither a friend of the other, by two updates."""

    def remove(side: ObjectId, other: ObjectId) -> tuple[Document, Document]:
        return {"_id": side, "friends": other}, {"$pull": {"friends": other}}

    sides = await _sides(database, user_id, friend_id)
    return len(sides) == 2 and await _both(database, sides, remove, done=False)


async def _sides(database: Database, user_id: str, friend_id: str) -> dict[ObjectId, bool]:
    """Return which of the two exist, in the order of their ids, and whether each has the other as a friend."""
    found = await _by_id(database, (user_id, friend_id), ("friends",))
    other = {key(user_id): friend_id, key(friend_id): user_id}
    return {
        document["_id"]: other[document["_id"]] in documents.friends_of(document)
        for document in sorted(found, key=lambda document: document["_id"])
    }


async def _both(
    database: Database,
    sides: Mapping[ObjectId, bool],
    update: Callable[[ObjectId, ObjectId], tuple[Document, Document]],
    *,
    done: bool,
) -> bool:
    """Bring both sides to `done` and return whether it was this call that brought the pair there.

    Every call begins with the user of the lower id. Of calls at the same time, the one that changes the second side
    is the one that did it, for it made the pair complete. Only where the second side was found done at the outset,
    left so by a call that ended half way, it is the one that changes the first.
    """
    (first, _), (second, second_was) = sides.items()
    if all(side is done for side in sides.values()):
        return False
    began = await database["users"].update_one(*update(first, second))
    completed = await database["users"].update_one(*update(second, first))
    return bool(completed.modified_count or (began.modified_count and second_was is done))


async def touch(database: Database, seen: Sequence[tuple[str, int]]) -> list[None]:
    """Set the latest time of each user, unless a later one is stored."""
    latest: dict[str, int] = {}
    for user_id, instant in seen:
        latest[user_id] = max(instant, latest.get(user_id, instant))
    await database["users"].bulk_write(
        [
            UpdateOne({"_id": key(user_id)}, {"$max": {"lastSeen": documents.date(instant)}})
            for user_id, instant in latest.items()
        ],
        ordered=False,
    )
    return [None] * len(seen)


# mailboxes


async def append(database: Database, messages: Sequence[NewMessage]) -> list[tuple[str, ...] | Exception]:
    """Insert messages in their order, for audiences that are read just before.

    One whose id is taken has `Conflict` for its outcome, and the insertion goes on behind it.
    """
    friends = await _friends(database, {new.sender for new in messages if new.recipients is None})
    audiences = [
        friends.get(new.sender, ()) if new.recipients is None else tuple(dict.fromkeys(new.recipients))
        for new in messages
    ]
    inserts = [
        (position, documents.message_document(new, audience))
        for position, (new, audience) in enumerate(zip(messages, audiences, strict=True))
        if audience
    ]
    outcomes: list[tuple[str, ...] | Exception] = [*audiences]
    while inserts:
        try:
            await database["messages"].insert_many([document for _, document in inserts], ordered=True)
        except BulkWriteError as error:
            failed = duplicate(error, "_id")
            conflict = Conflict("Message already stored")
            conflict.__cause__ = error
            outcomes[inserts[failed][0]] = conflict
            inserts = inserts[failed + 1 :]
        else:
            break
    return outcomes


async def _friends(database: Database, senders: Collection[str]) -> dict[str, tuple[str, ...]]:
    if not senders:
        return {}
    found = await _by_id(database, senders, ("friends",))
    return {str(document["_id"]): documents.friends_of(document) for document in found}


def duplicate(error: BulkWriteError, *fields: str) -> int:
    """Return the position of the insert that found one of these fields taken, each with an index of its own.

    Raise the error if there is anything else in it.
    """
    details: Mapping[str, Any] = error.details or {}
    match details:
        case {"writeErrors": [{"code": code, "index": int(index), **told}]} if code == _DUPLICATE_KEY:
            known = told.get("keyPattern", {"_id": 1}) in [{field: 1} for field in fields]
            if known and not details.get("writeConcernErrors"):
                return index
        case _:
            pass
    raise error


async def confirm(database: Database, confirmed: Sequence[tuple[str, Sequence[str]]]) -> list[None]:
    """Take users out of `pending`: one update a message, or one for many that the same users confirm."""
    by_message: dict[str, set[str]] = {}
    for user_id, message_ids in confirmed:
        for message_id in message_ids:
            by_message.setdefault(message_id, set()).add(user_id)
    by_users: dict[frozenset[str], list[str]] = {}
    for message_id, user_ids in by_message.items():
        by_users.setdefault(frozenset(user_ids), []).append(message_id)
    updates: list[UpdateOne | UpdateMany] = []
    for user_ids, message_ids in by_users.items():
        change = {"$pullAll": {"pending": sorted(user_ids)}}
        if len(message_ids) > _FEW:
            updates.append(UpdateMany({"_id": {"$in": message_ids}}, change))
        else:
            updates += [UpdateOne({"_id": message_id}, change) for message_id in message_ids]
    if updates:
        await database["messages"].bulk_write(updates, ordered=False)
    return [None] * len(confirmed)


async def stored(database: Database, message_ids: Sequence[str]) -> set[str]:
    """Find which of the ids messages have."""
    found = database["messages"].find({"_id": {"$in": message_ids}}, {"_id": 1}, batch_size=len(message_ids) + 1)
    return {document["_id"] for document in await found.to_list()}


async def pending(
    database: Database, mailbox: str, user_id: str, limit: int, oldest: bool = False, room: int | None = None
) -> list[Message]:
    """Find what is pending in a mailbox for a user: the newest of it, or the oldest, a part at a time within `room`."""
    if limit < 1:
        return []  # to MongoDB 0 means no limit
    which, order = {"mailbox": mailbox, "pending": user_id}, 1 if oldest else -1
    part = limit + 1 if room is None else PART
    found: list[Message] = []
    async with database["messages"].find(which, documents.MESSAGE_FIELDS, batch_size=part) as cursor:
        async for document in cursor.sort("_id", order).limit(limit):
            if documents.is_message(document):
                found.append(documents.message(document))
                if room is not None and (room := room - len(found[-1].text)) < 0:
                    break
    return found


async def history(
    database: Database, mailbox: str, user_id: str, before: str | None, limit: int, after: str | None
) -> list[Message]:
    """Find a page of the messages that a user sent or was sent."""
    bounds = {operator: bound for operator, bound in (("$lt", before), ("$gt", after)) if bound}
    within: Document = {"_id": bounds} if bounds else {}
    found = await _found(database, {"mailbox": mailbox, "members": user_id} | within, limit, documents.MESSAGE_FIELDS)
    return [documents.message(document) for document in found]


async def senders(database: Database, mailbox: str, user_id: str) -> list[str]:
    """Find who has sent messages to a user by name."""
    which = {"mailbox": mailbox, "to": user_id, "sender": {"$ne": None}}
    stages = [{"$match": which}, {"$group": {"_id": "$sender"}}]
    found = await database["messages"].aggregate(stages)
    return [str(document["_id"]) for document in await found.to_list()]


async def received(
    database: Database, mailbox: str, user_id: str, sender: str, before: str | None, limit: int
) -> list[Received]:
    """Find a page of the messages of one sender to a user by name."""
    which: Document = {"mailbox": mailbox, "to": user_id, "sender": key(sender) if sender else None}
    if before:
        which["_id"] = {"$lt": before}
    found = await _found(database, which, limit, documents.RECEIVED_FIELDS)
    return [
        Received(documents.message(document), user_id in documents.users_of(document, "pending")) for document in found
    ]


async def addressed(database: Database, mailbox: str, user_id: str, message_id: str) -> Message | None:
    """Find a message to a user by name."""
    which = {"_id": message_id, "mailbox": mailbox, "to": user_id}
    found = await database["messages"].find_one(which, documents.MESSAGE_FIELDS)
    return documents.message(found) if found else None


async def owed(database: Database, mailbox: str, user_ids: Sequence[str], after: str, limit: int) -> list[Owed]:
    """Find what is pending for users, and a part of the history of each, with an index for each of the two.

    For one user alone the lists of users stay in the database. For several each message brings its lists whole, some
    30 bytes a recipient. Which of them were asked for could be worked out in an aggregation (`$setIntersection`), but
    not everything that speaks MongoDB's protocol has that, FerretDB 1 for one.
    """
    if len(user_ids) == 1:
        return await _owed_to_one(database, mailbox, user_ids[0], after, limit)
    wanted = {"$in": list(user_ids)}
    fields, users = documents.OWED_FIELDS, frozenset(user_ids)
    pending = await _found(database, {"mailbox": mailbox, "pending": wanted}, limit, fields)
    recent = await _found(database, {"mailbox": mailbox, "members": wanted, "_id": {"$gt": after}}, limit, fields)
    found = {document["_id"]: document for document in (*pending, *recent)}
    return [documents.owed(found[message_id], users, after) for message_id in sorted(found, reverse=True)[:limit]]


async def _owed_to_one(database: Database, mailbox: str, user_id: str, after: str, limit: int) -> list[Owed]:
    pending = await _messages(database, {"mailbox": mailbox, "pending": user_id}, limit)
    sent_to: Document = {"$or": [{"sender": {"$ne": key(user_id)}}, {"to": user_id}]}
    history: Document = {"mailbox": mailbox, "members": user_id, "_id": {"$gt": after}}
    recent = await _messages(database, history | sent_to, limit)
    found = {message.id: message for message in (*pending, *recent)}
    user, nobody = frozenset((user_id,)), frozenset[str]()
    due, late = {message.id for message in pending}, {message.id for message in recent}
    return [
        Owed(found[message_id], user if message_id in due else nobody, user if message_id in late else nobody)
        for message_id in sorted(found, reverse=True)[:limit]
    ]


async def _messages(database: Database, which: Document, limit: int) -> list[Message]:
    return [documents.message(document) for document in await _found(database, which, limit, documents.MESSAGE_FIELDS)]


async def _found(database: Database, which: Document, limit: int, fields: Sequence[str]) -> list[Document]:
    """Find the newest messages."""
    if limit < 1:
        return []  # to MongoDB 0 means no limit
    found = database["messages"].find(which, fields, batch_size=limit + 1)
    return list(filter(documents.is_message, await found.sort("_id", -1).limit(limit).to_list()))
