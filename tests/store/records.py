"""Users, messages and rooms for tests of a store, and all that it can be asked."""

import hashlib
from collections.abc import Coroutine
from typing import Any

from app.domain.clock import Sequence
from app.store.base import Message, NewExchange, NewMessage, Room, Store, User

MAILBOX = "friends"

_sequence = Sequence()


def uid(name: str) -> str:
    """Return the id of a user of that name: 24 hex digits, the same each time."""
    return hashlib.sha256(name.encode()).hexdigest()[:24]


HAN, OBI, ANAKIN, LEIA, ZAM, NOBODY, NOONE = map(uid, ("han", "obi", "anakin", "leia", "zam", "nobody", "noone"))


def user(user_id: str, *, email: str | None = None, last_seen: int = 1_000) -> User:
    """Return a user of that id, whose e-mail is made of it unless given."""
    return User(user_id, email or f"{user_id}@mail.com", "$2b$12$hash", "Han", "Solo", (), last_seen)


async def add_users(store: Store, *user_ids: str) -> None:
    """Store users of these ids."""
    for user_id in user_ids:
        await store.add_user(user(user_id))


async def add_friends(store: Store, user_id: str, *friends: str) -> None:
    """Store a user and friends of theirs."""
    await add_users(store, user_id, *friends)
    for friend in friends:
        await store.befriend(user_id, friend)


def message(
    sender: str, *recipients: str, text: str = "hello", mailbox: str = MAILBOX, to_friends: bool = False
) -> NewMessage:
    """Return a message with the next id, to recipients or to all the friends that the sender will have."""
    message_id, instant = _sequence.next()
    return NewMessage(message_id, mailbox, sender, text, instant, None if to_friends else recipients)


def stored(new: NewMessage) -> Message:
    """Return a message as it is read back."""
    return Message(new.id, new.mailbox, new.sender, new.text, new.created_at)


def room(room_id: str, creator: str = "Dhoni") -> Room:
    """Return a room that is to be opened, of the next epoch."""
    epoch, instant = _sequence.next()
    return Room(room_id, epoch, creator, instant)


def exchange(content: str = "hello", username: str = "Dhoni", more: str = "{}") -> NewExchange:
    """Return what is to be said, with the next id."""
    exchange_id, instant = _sequence.next()
    return NewExchange(exchange_id, username, content, instant, more)


def calls(store: Store) -> list[Coroutine[Any, Any, object]]:
    """Return one call of each kind that asks a store for something."""
    some = room("5XX")
    return [
        store.ping(),
        store.add_user(user(LEIA)),
        store.user(HAN),
        store.user_by_email("han@mail.com"),
        store.users([HAN]),
        store.befriend(HAN, OBI),
        store.unfriend(HAN, OBI),
        store.touch(HAN, 1),
        store.append(message(HAN, OBI)),
        store.stored(["id"]),
        store.pending(MAILBOX, HAN, 1),
        store.confirm(HAN, ["id"]),
        store.history(MAILBOX, HAN, None, 1),
        store.senders(MAILBOX, HAN),
        store.received(MAILBOX, HAN, OBI, None, 1),
        store.addressed(MAILBOX, HAN, "id"),
        store.owed(MAILBOX, [HAN], "", 1),
        store.open_room(room("3XX")),
        store.close_room("4XX"),
        store.room("3XX"),
        store.rooms(1),
        store.say(some, exchange()),
        store.said(["id"]),
        store.exchanges(some.epoch, 1, None, 1),
    ]
