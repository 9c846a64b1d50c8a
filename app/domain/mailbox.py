"""Messages that are pending for their recipients until confirmed: one mechanism, a policy a contract.

A message is stored, pending for each recipient, before anybody is told of it. What confirms it is for the contract
to say; until then every new connection of the recipient is given it again.

`Mailbox` is the durable part. `Feed` is one socket's view of it: what it was given and has not confirmed yet.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Generic, TypeVar

from app.domain.clock import Sequence as Ids
from app.domain.clock import least_id, now_ms
from app.domain.doubts import Doubts
from app.domain.errors import NotFound, NotSent, Unavailable
from app.store.base import Message, NewMessage, Store

__all__ = [
    "LATE_MS",
    "MEMORY",
    "MEMORY_MS",
    "RECENT_MS",
    "Backlog",
    "Entry",
    "Feed",
    "Letter",
    "Mailbox",
    "Message",
    "NewMessage",
    "late",
]

P = TypeVar("P")

LATE_MS = 10_000
"""Milliseconds after which a message counts as late."""

RECENT_MS = 60_000 + LATE_MS
"""Milliseconds for which what one device confirmed is looked for on behalf of the others: a minute by any clock."""

MEMORY_MS = RECENT_MS + LATE_MS
"""Milliseconds for which a socket remembers, at least, what it was given: what is recent by the clock of another server
must not be given again."""

MEMORY = 5_000
"""Messages that a socket remembers, at least, where nothing says when one is confirmed."""

_NONE: frozenset[str] = frozenset()


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

    async def pending(self, user_id: str, limit: int, *, oldest: bool = False) -> list[Entry]:
        """Return the newest `limit` messages that the user has not confirmed, newest first; or the oldest, reversed."""
        return await self._entries(await self._store.pending(self.name, user_id, limit, oldest=oldest))

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


class Feed(Generic[P]):
    """What one socket is given of a mailbox: first the pending messages, then live packets, each message once.

    A connection subscribes first and fetches what is pending then, so that nothing falls between the two. What
    arrives live meanwhile is held back by `offer` until `open` has said what was fetched, and a message that both
    bring is given once. Where live packets may have been missed, the same is done again: `hold`, fetch, `open`.

    What was given is remembered for `MEMORY_MS` at least, confirmed or not: a repeat of it may be under way, and a
    message that another device of the user confirmed is looked for among the recent ones that were not given here.
    What a first list left out because it was too long is for another connection: it would come after what is newer.
    Without rounds so are the latest `MEMORY`, as they may be pending for as long as the client likes.

    Packets that are held back take memory: `waiting` says how much, and `spill` lets go of those that the store has.

    Confirmation goes in rounds: `begin` takes what was given so far, `end` says that all of it has arrived, `again`
    that it could not be recorded. There is one round at a time.

    Args:
        rounds: whether what was given is confirmed in rounds; else nothing is, as far as the feed knows.
        backlog: whether what was pending before the connection began is given too; else the client asks for it, and
            is given what was sent within `LATE_MS` before, too, as that may have been stored after it asked.

    Attributes:
        gaps: how often something may have been missed; a fetch that began at another count does not tell all.
        given: how many messages were given in all.
        waiting: bytes that are held back.

    """

    __slots__ = (
        "_backlog", "_before", "_floor", "_given", "_held", "_holding", "_known", "_opened", "_round", "_rounds",
        "_turned", "gaps", "given", "waiting",
    )  # fmt: skip

    def __init__(self, *, rounds: bool = True, backlog: bool = True) -> None:
        self.gaps = 0
        self.given = 0
        self.waiting = 0
        self._rounds = rounds
        self._backlog = backlog
        self._holding = True
        self._held: list[tuple[str, P, int]] = []
        self._given: list[str] = []
        self._round: list[str] | None = None
        self._opened: str | None = None
        self._floor = ""
        self._known: set[str] = set()
        self._before: set[str] | frozenset[str] = _NONE
        self._turned = 0

    @property
    def listed(self) -> bool:
        """Whether it was opened once: the client has had its first list."""
        return self._opened is not None

    def offer(self, message_id: str, packet: P, size: int = 0) -> bool:
        """Return whether a live packet is to be sent now.

        Args:
            message_id: "" for one that is in no mailbox.
            packet: what would be sent.
            size: its bytes.

        """
        if self._holding:
            self._held.append((message_id, packet, size))
            self.waiting += size
            return False
        if message_id:
            if self._knows(message_id):
                return False
            self._give([message_id])
        return True

    def _give(self, message_ids: Iterable[str]) -> None:
        before = len(self._given)
        self._given.extend(message_ids)
        self.given += len(self._given) - before
        self._known.update(self._given[before:])
        if not self._rounds:
            self._given.clear()
            self._turn()

    @property
    def held(self) -> set[str]:
        """The messages that are held back now."""
        return {message_id for message_id, _, _ in self._held if message_id}

    def hold(self) -> None:
        """Hold live packets back until the next `open`: some may have been missed."""
        self.gaps += 1
        self._holding = True
        # what waits for its confirmation may be forgotten by now, and is still pending
        self._known.update(self._given, self._round or ())

    def spill(self) -> None:
        """Hold no messages back any more: they were missed, like those that the hold is for."""
        self._held = [held for held in self._held if not held[0]]
        self.waiting = sum(size for _, _, size in self._held)
        self.hold()

    def missed(self, pending: Collection[str], recent: Iterable[str]) -> set[str]:
        """Return which of the messages that were fetched since `hold` are still to be given.

        That is what is pending, and what is recent and was stored after the first list, whoever has confirmed it;
        nothing that is older than the floor.
        """
        new = (message_id for message_id in recent if self._opened and message_id > self._opened)
        return {one for one in chain(pending, new) if one > self._floor and not self._knows(one)}

    def _knows(self, message_id: str) -> bool:
        return message_id in self._known or message_id in self._before

    def open(self, fetched: Iterable[str], floor: str = "") -> list[P]:
        """End the hold: the messages fetched were sent. Return the packets that are to be sent after them, in order.

        Args:
            fetched: their ids.
            floor: the oldest of a first list that was cut.

        """
        if self._opened is None:
            self._turned = now_ms()
            self._opened = least_id(self._turned)
            # what is pending below was left out of the first list, or of a client that is given none
            self._floor = floor if self._backlog else least_id(self._turned - LATE_MS)
        self._holding = False
        self._give(fetched)
        held, self._held, self.waiting = self._held, [], 0
        return [packet for message_id, packet, _ in held if self.offer(message_id, packet)]

    def give(self, fetched: Iterable[str]) -> None:
        """Go on holding back: these of the messages fetched were sent, and more are to come before what is live."""
        self._give(fetched)

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
        """End the round: its messages are confirmed for good."""
        self._round = None
        self._turn()

    def _turn(self) -> None:
        """Forget what was given long ago; where the client confirms when it likes, what was given long before."""
        now = now_ms()
        due = now - self._turned >= MEMORY_MS if self._rounds else len(self._known) >= MEMORY
        if due and not self._holding:
            self._turned, self._before, self._known = now, self._known, set()

    def again(self) -> None:
        """End the round: its messages could not be recorded and belong to the next."""
        self._given, self._round = (self._round or []) + self._given, None
