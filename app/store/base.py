"""What is stored, and the protocol that every adapter implements.

Every adapter passes the same contract suite, `tests/store/`. A call either does all of what it says, and then it
survives a crash of the process and of the machine, or raises and leaves nothing behind.

Errors that every call may raise: `Unavailable`, when the engine did not answer or refused (disk full, connection
lost), and `NotSent`, a kind of it, where it is certain that nothing was done. Where the connection broke in the middle,
nobody knows whether it was done, or, of a friendship, whether for both or for one. Repeating the call is safe and
completes it: where an `add_user`, `append` or `open_room` was done the first time after all, the second raises
`Conflict` and changes nothing. A call made after `close` raises `Unavailable` too. Cancelling a caller does not take
the call back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

__all__ = [
    "Exchange",
    "Message",
    "NewExchange",
    "NewMessage",
    "Owed",
    "Received",
    "Room",
    "Store",
    "StoreUnusableError",
    "User",
]


class StoreUnusableError(Exception):
    """The store cannot be opened, and trying again will not help; the text says what to change."""


@dataclass(frozen=True, slots=True)
class User:
    """A user as stored.

    Attributes:
        id: 24 hex digits.
        email: unique, compared without regard to case; stored in lower case.
        password: bcrypt hash; it never leaves the domain.
        name: first name, the `username` of the friends contract.
        friends: ids, in the order in which the friendships began.
        last_seen: milliseconds since the epoch.

    """

    id: str
    email: str
    password: str
    name: str
    surname: str
    friends: tuple[str, ...]
    last_seen: int


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message that is to be stored.

    Attributes:
        id: sorts in the order of sending (`app.domain.clock.Sequence`).
        mailbox: the contract that it belongs to.
        sender: user id, "" where no user sent it.
        text: the message itself.
        created_at: milliseconds since the epoch.
        recipients: any texts that are not empty, or None for all friends that the sender has when the message is
            stored.

    """

    id: str
    mailbox: str
    sender: str
    text: str
    created_at: int
    recipients: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """A message as stored."""

    id: str
    mailbox: str
    sender: str
    text: str
    created_at: int


@dataclass(frozen=True, slots=True)
class Owed:
    """A message that somebody may lack.

    Attributes:
        message: as stored.
        pending: those for whom it is pending.
        recent: those who were sent it, if it is above the id that was asked for.

    """

    message: Message
    pending: frozenset[str]
    recent: frozenset[str]


@dataclass(frozen=True, slots=True)
class Received:
    """A message as a user has it who is named as a recipient.

    Attributes:
        message: as stored.
        pending: whether the user has not confirmed it.

    """

    message: Message
    pending: bool


@dataclass(frozen=True, slots=True)
class Room:
    """A room that is open.

    Attributes:
        id: what its users call it; a room that was closed may be opened anew under the same.
        epoch: the id of this opening, which no other has: 24 hex digits.
        creator: username.
        created_at: milliseconds since the epoch.

    """

    id: str
    epoch: str
    creator: str
    created_at: int


@dataclass(frozen=True, slots=True)
class NewExchange:
    """What is to be said in a room.

    Attributes:
        id: belongs to it alone: 24 hex digits.
        username: who says it.
        content: the message itself.
        created_at: milliseconds since the epoch.
        more: whatever else the client sent with it, a JSON object.

    """

    id: str
    username: str
    content: str
    created_at: int
    more: str = "{}"


@dataclass(frozen=True, slots=True)
class Exchange:
    """What was said in a room; `order` is 1 for the first."""

    order: int
    username: str
    content: str
    created_at: int
    more: str


class Store(Protocol):
    """Users, their friendships, mailboxes, and rooms."""

    async def open(self) -> None:
        """Connect and bring the schema up to date. Raise `StoreUnusableError` if that cannot work."""
        ...

    async def close(self) -> None:
        """Finish what was begun and let go of every file, thread and connection. May be called twice."""
        ...

    async def ping(self) -> None:
        """Return when the store has answered a trivial read."""
        ...

    # users

    async def add_user(self, user: User) -> None:
        """Store a user, with the user's own side of the friendships that it names.

        The other side is each friend's own: `befriend` makes both. Raise `Conflict` if the e-mail or the id is taken.
        """
        ...

    async def user(self, user_id: str) -> User | None:
        """Return a user, None if there is none of that id."""
        ...

    async def user_by_email(self, email: str) -> User | None:
        """Return the user with that e-mail, in whatever case it is written."""
        ...

    async def users(self, user_ids: Iterable[str]) -> dict[str, User]:
        """Return those of the users that exist, by id."""
        ...

    async def befriend(self, user_id: str, friend_id: str) -> bool:
        """Make each a friend of the other. Return False if they were; raise `NotFound` if one does not exist."""
        ...

    async def unfriend(self, user_id: str, friend_id: str) -> bool:
        """End the friendship for both. Return False if there was none."""
        ...

    async def touch(self, user_id: str, last_seen: int) -> None:
        """Set when the user was last seen (milliseconds), unless a later time is known."""
        ...

    # mailboxes

    async def append(self, message: NewMessage) -> tuple[str, ...]:
        """Store a message, pending for each recipient, and return the recipients, each once.

        The audience of a message for all friends is what is committed at that moment, or, where the engine is asked
        without a transaction, was so just before. A message without recipients is not stored: the answer is empty.
        Appends are stored in the order in which they were called.
        Raise `Conflict` if the id is taken, be it by this very message.
        """
        ...

    async def stored(self, message_ids: Collection[str]) -> set[str]:
        """Return which of the ids are of stored messages: what became of appends that raised `Unavailable`.

        What is stored is so for good. What is not is so now: what its append had sent may still be on its way to an
        engine that is slow.
        """
        ...

    async def pending(
        self, mailbox: str, user_id: str, limit: int, *, oldest: bool = False, room: int | None = None
    ) -> list[Message]:
        """Return the newest `limit` messages that are pending for the user, newest first.

        Those that are pending for longest, oldest first, if `oldest`. The one whose text brings all texts to more than
        `room` characters is the last.
        """
        ...

    async def confirm(self, user_id: str, message_ids: Sequence[str]) -> None:
        """Make messages not pending for the user, for good. Unknown and confirmed ids are passed over."""
        ...

    async def history(
        self, mailbox: str, user_id: str, before: str | None, limit: int, after: str | None = None
    ) -> list[Message]:
        """Return the newest `limit` messages that the user sent or was sent, newest first.

        Only those with ids below `before` and above `after`, where they are given.
        """
        ...

    async def senders(self, mailbox: str, user_id: str) -> list[str]:
        """Return who has sent messages that name the user as a recipient, in no order."""
        ...

    async def received(self, mailbox: str, user_id: str, sender: str, before: str | None, limit: int) -> list[Received]:
        """Return the newest `limit` messages of a sender that name the user as a recipient, newest first.

        Only those with ids below `before`, where it is given. Messages for all friends of a sender name nobody.
        """
        ...

    async def addressed(self, mailbox: str, user_id: str, message_id: str) -> Message | None:
        """Return a message that names the user as a recipient, None if there is no such one."""
        ...

    async def owed(self, mailbox: str, user_ids: Collection[str], after: str, limit: int) -> list[Owed]:
        """Return what is pending for one of the users, or was sent to one of them with an id above `after`.

        Each message once, newest first, with those of the users whom it concerns and no others; the newest `limit`.
        What one of them sent may be among these, and concern nobody.
        """
        ...

    # rooms

    async def open_room(self, room: Room) -> None:
        """Open a room in which nothing was said yet. Raise `Conflict` if one of that id is open."""
        ...

    async def close_room(self, room_id: str) -> Room | None:
        """Close a room for good and return it, None if none of that id is open. Of many callers one is told of it.

        Once this was answered nothing more is said in it. What was said stays known to who knows its epoch.
        """
        ...

    async def room(self, room_id: str) -> Room | None:
        """Return the open room of that id."""
        ...

    async def rooms(self, limit: int) -> list[tuple[Room, int]]:
        """Return the newest `limit` rooms that are open, newest first, each with how much was said in it."""
        ...

    async def say(self, room: Room, new: NewExchange) -> int:
        """Store what is said in a room and return its order: 1, 2, 3, ... by which everybody reads it.

        No order is given twice and none left out, by however many servers it is written at once, and whatever becomes
        of them. What is said in one room by one caller after the other is in that order. Where something of that id
        was said already, its order is returned and nothing stored. Raise `NotFound` if the room is closed.
        """
        ...

    async def said(self, exchange_ids: Collection[str]) -> dict[str, int]:
        """Return the orders of those that have one of the ids: what became of a `say` that raised `Unavailable`.

        An order is for good. That there is none is of now, as in `stored`.
        """
        ...

    async def exchanges(
        self, epoch: str, first: int, last: int | None, limit: int, *, newest: bool = False
    ) -> list[Exchange]:
        """Return what was said in an opening of a room, from an order to another, both included, oldest first.

        Of more than `limit` the oldest, or the newest.
        """
        ...
