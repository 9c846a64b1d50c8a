"""Messages that are pending for their recipients until confirmed: one mechanism, a policy a contract.

A message is stored, pending for each recipient, before anybody is told of it. What confirms it is for the contract
to say; until then every new connection of the recipient is given it again.

This is the durable part. A socket's view of it, what it was given and has not confirmed yet, is a `Feed`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from app.domain.clock import Sequence as Ids
from app.domain.clock import least_id, now_ms
from app.domain.doubts import Doubts
from app.domain.errors import NotFound, NotSent, Unavailable
from app.store.base import Message, NewMessage, Store

__all__ = [
    "LATE_MS",
    "RECENT_MS",
    "Backlog",
    "Entry",
    "Letter",
    "Mailbox",
    "Message",
    "NewMessage",
    "late",
]

LATE_MS = 10_000
"""Milliseconds after which a message counts as late."""

RECENT_MS = 60_000 + LATE_MS
"""Milliseconds for which what one device confirmed is looked for on behalf of the others: a minute by any clock."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A message as a reader sees it.

    Attributes:
        id: sorts in the order of sending.
        text: the message itself.
        sender: user id, "" where no user sent it.
        username: the sender's first name, "" if there is no sender, or not any more.
        created_at: milliseconds since the epoch.

    """

    id: str
    text: str
    sender: str
    username: str
    created_at: int

    @classmethod
    def of(cls, message: Message | NewMessage, username: str = "") -> Entry:
        """Return a message as a reader sees it, who is told this name of its sender."""
        return cls(message.id, message.text, message.sender, username, message.created_at)


@dataclass(frozen=True, slots=True)
class Letter:
    """A message as a user has it whom it names as a recipient.

    Attributes:
        entry: the message, without the name of its sender.
        pending: whether the user has not confirmed it.

    """

    entry: Entry
    pending: bool


def late(message_id: str) -> bool:
    """Whether a message is so old that a publication of it says nothing: it may have been given and forgotten.

    Whether it is still to be given is then for the store to say. Of two servers whose clocks differ by more than
    `LATE_MS` one takes all messages of the other for late, which costs time, and the order of what comes together.
    """
    return message_id < least_id(now_ms() - LATE_MS)


@dataclass(frozen=True, slots=True)
class Backlog:
    """What a user may lack, newest first.

    Attributes:
        pending: what the user has not confirmed.
        recent: what the user was sent within `RECENT_MS`, confirmed or not.

    """

    pending: list[Entry]
    recent: list[Entry]


class Mailbox:
    """The mailboxes of one contract.

    Args:
        name: of the contract.
        store: where the messages are kept.
        ids: makes their ids.

    """

    def __init__(self, name: str, store: Store, ids: Ids) -> None:
        self.name = name
        self._store = store
        self._ids = ids
        self._doubts: Doubts[NewMessage] | None = None

    def watch(self, found: Callable[[NewMessage], Awaitable[None]]) -> None:
        """Have `found` called with every message that turns out to be stored after `post` had to give it up."""
        self._doubts = Doubts(self._stored, found)

    async def _stored(self, messages: Sequence[NewMessage]) -> set[str]:
        return await self._store.stored([message.id for message in messages])

    async def close(self) -> bool:
        """Look no more for messages that were given up. Return False if one of them may be stored."""
        if self._doubts is None:
            return True
        await self._doubts.close()
        return not self._doubts.left

    async def post(self, sender: str, text: str, recipients: tuple[str, ...] | None = None) -> Message | None:
        """Store a message for the recipients, None for all friends of the sender.

        Return it once it would survive a crash, None if there was no recipient: then nothing was stored. Messages
        are ordered as this was called. Raise `Unavailable` where the store did not say that it is stored; it may be
        (`watch`), unless it is `NotSent`.
        """
        message_id, created_at = self._ids.next()
        new = NewMessage(message_id, self.name, sender, text, created_at, recipients)
        try:
            audience = await self._store.append(new)
        except Unavailable as error:
            if self._doubts and not isinstance(error, NotSent):
                self._doubts.add(new)
            raise
        return Message(message_id, self.name, sender, text, created_at) if audience else None

    async def pending(self, user_id: str, limit: int, *, oldest: bool = False, room: int | None = None) -> list[Entry]:
        """Return the newest `limit` messages that the user has not confirmed, newest first; or the oldest, reversed.

        The one whose text brings all texts to more than `room` characters is the last.
        """
        return await self._entries(await self._store.pending(self.name, user_id, limit, oldest=oldest, room=room))

    async def backlogs(self, user_ids: Sequence[str], limit: int) -> dict[str, Backlog]:
        """Return what each of the users may lack: the newest, and at most `limit` messages for each."""
        try:
            owed = await self._store.owed(self.name, user_ids, least_id(now_ms() - RECENT_MS), limit)
        except NotSent:
            raise
        except Unavailable:
            if len(user_ids) == 1:
                raise
            # so many may be too much for the time that it may take
            middle = len(user_ids) // 2
            return await self.backlogs(user_ids[:middle], limit) | await self.backlogs(user_ids[middle:], limit)
        if len(owed) >= limit and len(user_ids) > 1:
            # of some there may be more than was asked for
            return {user_id: (await self.backlogs([user_id], limit))[user_id] for user_id in user_ids}
        backlogs = {user_id: Backlog([], []) for user_id in user_ids}
        for one, entry in zip(owed, await self._entries([one.message for one in owed]), strict=True):
            for user_id in one.pending:
                backlogs[user_id].pending.append(entry)
            for user_id in one.recent:
                backlogs[user_id].recent.append(entry)
        return backlogs

    async def history(self, user_id: str, before: str | None, limit: int) -> list[Entry]:
        """Return the newest `limit` messages the user sent or was sent, with ids below `before`, newest first."""
        return await self._entries(await self._store.history(self.name, user_id, before, limit))

    async def confirm(self, user_id: str, message_ids: Sequence[str]) -> None:
        """Make messages not pending for the user, for good."""
        await self._store.confirm(user_id, message_ids)

    async def acknowledge(self, user_id: str, message_id: str) -> None:
        """Confirm one message that names the user as a recipient. Raise `NotFound` if there is no such one."""
        if await self._store.addressed(self.name, user_id, message_id) is None:
            raise NotFound("Message not found")
        await self._store.confirm(user_id, [message_id])

    async def senders(self, user_id: str) -> list[str]:
        """Return who has sent messages that name the user as a recipient."""
        return await self._store.senders(self.name, user_id)

    async def letters(self, user_id: str, sender: str, before: str | None, limit: int) -> list[Letter]:
        """Return the newest `limit` messages of a sender that name the user, with ids below `before`, newest first."""
        received = await self._store.received(self.name, user_id, sender, before, limit)
        return [Letter(Entry.of(one.message), one.pending) for one in received]

    async def _entries(self, messages: list[Message]) -> list[Entry]:
        wanted = {message.sender for message in messages if message.sender}
        senders = await self._store.users(wanted) if wanted else {}
        return [Entry.of(one, senders[one.sender].name if one.sender in senders else "") for one in messages]
