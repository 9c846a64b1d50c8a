"""Users and messages for tests of a store."""

from app.domain.clock import Sequence
from app.store.base import Message, NewMessage, Store, User

MAILBOX = "friends"

_sequence = Sequence()


def user(name: str, *, email: str | None = None, last_seen: int = 1_000) -> User:
    """Return a user whose id is the name."""
    return User(name, email or f"{name}@mail.com", "$2b$12$hash", name.title(), "Solo", (), last_seen)


async def add_users(store: Store, *names: str) -> None:
    """Store users whose ids are the names."""
    for name in names:
        await store.add_user(user(name))


async def add_friends(store: Store, name: str, *friends: str) -> None:
    """Store a user and friends of theirs."""
    await add_users(store, name, *friends)
    for friend in friends:
        await store.befriend(name, friend)


def message(
    sender: str, *recipients: str, text: str = "hello", mailbox: str = MAILBOX, to_friends: bool = False
) -> NewMessage:
    """Return a message with the next id, to recipients or to all the friends that the sender will have."""
    message_id, instant = _sequence.next()
    return NewMessage(message_id, mailbox, sender, text, instant, None if to_friends else recipients)


def stored(new: NewMessage) -> Message:
    """Return a message as it is read back."""
    return Message(new.id, new.mailbox, new.sender, new.text, new.created_at)
