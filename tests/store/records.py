"""Users, messages and rooms for tests of a store."""

import hashlib

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
