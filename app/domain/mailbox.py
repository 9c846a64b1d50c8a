"""Messages that are pending for their recipients until confirmed: one mechanism, a policy a contract.

A message is stored, pending for each recipient, before anybody is told of it. What confirms it is for the contract
to say; until then every new connection of the recipient is given it again.

`Mailbox` is the durable part. `Feed` is one socket's view of it: what it was given and has not confirmed yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from app.domain.clock import Sequence as Ids
from app.store.base import Message, NewMessage, Store

__all__ = ["Entry", "Feed", "Mailbox"]

P = TypeVar("P")


@dataclass(frozen=True, slots=True)
class Entry:
    """A message as a reader sees it.

    Attributes:
        id: sorts in the order of sending.
        text: the message itself.
        sender: user id.
        username: the sender's first name, "" if the sender does not exist any more.
        created_at: milliseconds since the epoch.

    """

    id: str
    text: str
    sender: str
    username: str
    created_at: int


class Mailbox:
    """The mailboxes of one contract."""

    def __init__(self, name: str, store: Store, ids: Ids) -> None:
        self.name = name
        self._store = store
        self._ids = ids

    async def post(self, sender: str, text: str, recipients: tuple[str, ...] | None = None) -> Message | None:
        """Store a message for the recipients, None for all friends of the sender.

        Return it once it would survive a crash, None if there was no recipient: then nothing was stored. Messages
        are ordered as this was called.
        """
        message_id, created_at = self._ids.next()
        new = NewMessage(message_id, self.name, sender, text, created_at, recipients)
        if not await self._store.append(new):
            return None
        return Message(message_id, self.name, sender, text, created_at)

    async def pending(self, user_id: str, limit: int) -> list[Entry]:
        """Return the newest `limit` messages that the user has not confirmed, newest first."""
        return await self._entries(await self._store.pending(self.name, user_id, limit))

    async def history(self, user_id: str, before: str | None, limit: int) -> list[Entry]:
        """Return the newest `limit` messages the user sent or was sent, with ids below `before`, newest first."""
        return await self._entries(await self._store.history(self.name, user_id, before, limit))

    async def confirm(self, user_id: str, message_ids: Sequence[str]) -> None:
        """Make messages not pending for the user, for good."""
        await self._store.confirm(user_id, message_ids)

    async def _entries(self, messages: list[Message]) -> list[Entry]:
        senders = await self._store.users({message.sender for message in messages}) if messages else {}
        return [
            Entry(m.id, m.text, m.sender, senders[m.sender].name if m.sender in senders else "", m.created_at)
            for m in messages
        ]


class Feed(Generic[P]):
    """What one socket is given of a mailbox: first the pending messages, then live packets, each message once.

    A connection subscribes first and fetches what is pending then, so that nothing falls between the two. What
    arrives live meanwhile is held back by `offer` until `open` has said what was fetched, and a message that both
    bring is given once. A repeat can come for as long as a publication may be under way; the answer to a probe has
    taken the same way and longer.

    Confirmation goes in rounds: `begin` takes what was given so far, `end` says that all of it has arrived, `again`
    that it could not be recorded. There is one round at a time.
    """

    __slots__ = ("_given", "_held", "_open", "_recent", "_round")

    def __init__(self) -> None:
        self._open = False
        self._held: list[tuple[str, P]] = []
        self._given: list[str] = []
        self._round: list[str] | None = None
        self._recent: frozenset[str] = frozenset()

    def offer(self, message_id: str, packet: P) -> bool:
        """Return whether a live packet is to be sent now; `message_id` is "" for one that is in no mailbox."""
        if not self._open:
            self._held.append((message_id, packet))
            return False
        if message_id:
            if message_id in self._recent:
                return False
            self._given.append(message_id)
        return True

    def open(self, pending: Iterable[str]) -> list[P]:
        """End the hold: the pending messages were sent. Return the packets that are to be sent after them, in order."""
        self._open = True
        self._given.extend(pending)
        self._recent = frozenset(self._given)
        held, self._held = self._held, []
        return [packet for message_id, packet in held if self.offer(message_id, packet)]

    @property
    def given(self) -> int:
        """How many messages were given and belong to no round yet."""
        return len(self._given)

    @property
    def due(self) -> bool:
        """Whether there is something to confirm and no round under way."""
        return bool(self._given) and self._round is None

    def begin(self) -> None:
        """Begin a round with all that was given and not confirmed."""
        self._round, self._given = self._given, []

    def end(self) -> list[str]:
        """Return the messages of the round, which have arrived; the round goes on until they are recorded."""
        return self._round or []

    def recorded(self) -> None:
        """End the round: its messages are confirmed for good. The first one ends the watch for repeats."""
        self._round = None
        self._recent = frozenset()

    def again(self) -> None:
        """End the round: its messages could not be recorded and belong to the next."""
        self._given, self._round = (self._round or []) + self._given, None
