"""The store of many servers: a MongoDB database, of a standalone server or a replica set.

MongoStore             the protocol
 ├─ mongo_schema       connects, and makes the indexes
 ├─ mongo_groups       makes one write of many calls
 ├─ breaker            refuses calls at once while the engine gives no sign of life
 ├─ mongo_queries      the requests
 ├─ mongo_rooms        those for rooms, whose order many servers write at once
 └─ mongo_documents    what is stored
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Collection, Coroutine, Iterable, Sequence
from functools import partial
from typing import Any, Concatenate, ParamSpec, TypeVar

import pymongo
from pymongo.errors import PyMongoError

from app.domain.errors import NotSent, Unavailable
from app.store import mongo_queries, mongo_rooms, mongo_schema
from app.store.base import Exchange, Message, NewExchange, NewMessage, Owed, Received, Room, User
from app.store.breaker import Breaker
from app.store.mongo_groups import GroupedWrites
from app.store.mongo_requests import Requests

__all__ = ["MongoStore"]

P = ParamSpec("P")
R = TypeVar("R")

log = logging.getLogger("parley.store")

READS = 32
"""Connections for what is read, or written for one caller: more callers wait for one of them."""

READS_WAITING = 4_096
"""The most callers that wait: a bound on the memory that an engine costs which is slow."""

WRITES = 5
"""Connections for the groups, one each, and for the question whether the engine lives: neither waits for a reader."""


class MongoStore:
    """A `Store` in a MongoDB database: what it acknowledges, a majority of the replica set has in its journals.

    Appends are made in groups, one behind the other, as their order is promised. A confirmation can only be of what
    is stored already, so that those have groups of their own and wait for no append; so have the times of users, and
    what is said in rooms.

    Args:
        url: `mongodb://` or `mongodb+srv://`, with user and password where the server wants them.
        database: its name.
        timeout: seconds in which a call has its result or raises `Unavailable`, whatever the network does. While
            the engine is known not to answer it raises at once.

    """

    def __init__(self, url: str, database: str, *, timeout: float = 5.0) -> None:
        self._url = url
        self._name = database
        self._timeout = timeout
        self._link: _Link | None = None
        self._requests = Requests()

    @property
    def commits(self) -> int:
        """Grouped writes done since `open`: of messages, confirmations, times and what is said in rooms."""
        return sum(group.commits for group in self._link.groups) if self._link else 0

    @property
    def operations(self) -> int:
        """Calls that those writes were made of."""
        return sum(group.operations for group in self._link.groups) if self._link else 0

    @property
    def requests(self) -> int:
        """Requests made of MongoDB since the start: a group is few, however many calls it has."""
        return self._requests.made

    async def open(self) -> None:
        """Connect, and make the indexes that are missing.

        Raise `StoreUnusableError` if the URL or the name cannot be one, if the server refuses the user, or if what
        is stored does not allow an index; the text never has the password in it. Raise `Unavailable` if the server
        does not answer: it may later.
        """
        reading, writing = (
            mongo_schema.connect(self._url, self._name, self._timeout, connections, self._requests)
            for connections in (READS, WRITES)
        )
        link = _Link((reading[0], writing[0]), reading[1], writing[1], self._timeout)
        async with contextlib.AsyncExitStack() as undo:
            undo.push_async_callback(link.close)
            await mongo_schema.prepare(writing[1], self._timeout)
            undo.pop_all()
        self._link = link

    async def close(self) -> None:
        """Finish what was called before, and hang up."""
        if self._link:
            await self._link.close()

    async def ping(self) -> None:
        """Return when a trivial read was answered."""
        await self._open.call(mongo_queries.ping)

    async def add_user(self, user: User) -> None:
        """Store a user, with the user's own side of the friendships that it names. Raise `Conflict`."""
        await self._open.call(mongo_queries.add_user, user)

    async def user(self, user_id: str) -> User | None:
        """Return a user, None if there is none of that id."""
        return await self._open.call(mongo_queries.user, user_id)

    async def user_by_email(self, email: str) -> User | None:
        """Return the user with that e-mail, in whatever case it is written."""
        return await self._open.call(mongo_queries.user_by_email, email)

    async def users(self, user_ids: Iterable[str]) -> dict[str, User]:
        """Return those of the users that exist, by id."""
        return await self._open.call(mongo_queries.users, list(user_ids))

    async def befriend(self, user_id: str, friend_id: str) -> bool:
        """Make each a friend of the other. Return False if they were; raise `NotFound` if one does not exist.

        The two are changed one after the other. Where the server or the connection dies in between, one has the
        friend and the other not, until the call, by whichever of them, is repeated; it then returns True.
        """
        return await self._open.call(mongo_queries.befriend, user_id, friend_id)

    async def unfriend(self, user_id: str, friend_id: str) -> bool:
        """End the friendship for both. Return False if there was none. It may end for one alone, as in `befriend`."""
        return await self._open.call(mongo_queries.unfriend, user_id, friend_id)

    async def touch(self, user_id: str, last_seen: int) -> None:
        """Set when the user was last seen (milliseconds), unless a later time is known."""
        await self._open.touches.submit((user_id, last_seen))

    async def append(self, message: NewMessage) -> tuple[str, ...]:
        """Store a message, pending for each recipient, and return the recipients, each once."""
        return await self._open.appends.submit(message)

    async def stored(self, message_ids: Collection[str]) -> set[str]:
        """Return which of the messages of these ids are stored, and safe."""
        return await self._open.call(mongo_queries.stored, list(message_ids))

    async def pending(
        self, mailbox: str, user_id: str, limit: int, *, oldest: bool = False, room: int | None = None
    ) -> list[Message]:
        """Return the newest `limit` messages that are pending for the user, or the oldest, and little beyond `room`."""
        return await self._open.call(mongo_queries.pending, mailbox, user_id, limit, oldest, room)

    async def confirm(self, user_id: str, message_ids: Sequence[str]) -> None:
        """Make messages not pending for the user, for good. Unknown and confirmed ids are passed over."""
        await self._open.confirmations.submit((user_id, tuple(message_ids)))

    async def history(
        self, mailbox: str, user_id: str, before: str | None, limit: int, after: str | None = None
    ) -> list[Message]:
        """Return the newest `limit` messages that the user sent or was sent, newest first, between two ids."""
        return await self._open.call(mongo_queries.history, mailbox, user_id, before, limit, after)

    async def senders(self, mailbox: str, user_id: str) -> list[str]:
        """Return who has sent messages that name the user as a recipient, in no order."""
        return await self._open.call(mongo_queries.senders, mailbox, user_id)

    async def received(self, mailbox: str, user_id: str, sender: str, before: str | None, limit: int) -> list[Received]:
        """Return the newest `limit` messages of a sender that name the user as a recipient, newest first."""
        return await self._open.call(mongo_queries.received, mailbox, user_id, sender, before, limit)

    async def addressed(self, mailbox: str, user_id: str, message_id: str) -> Message | None:
        """Return a message that names the user as a recipient, None if there is no such one."""
        return await self._open.call(mongo_queries.addressed, mailbox, user_id, message_id)

    async def owed(self, mailbox: str, user_ids: Collection[str], after: str, limit: int) -> list[Owed]:
        """Return what is pending for one of the users, or is in the history of one of them above an id."""
        return await self._open.call(mongo_queries.owed, mailbox, list(user_ids), after, limit)

    async def open_room(self, room: Room) -> None:
        """Open a room in which nothing was said yet. Raise `Conflict` if one of that id is open."""
        await self._open.call(mongo_rooms.open_room, room)

    async def close_room(self, room_id: str) -> Room | None:
        """Close a room for good and return it, None if none of that id is open.

        Its end is written first, and it is removed then. Where the server or the connection dies in between it is
        closed, and a repeat of the call returns it, unless another was opened in its place.
        """
        link = self._open
        room = await link.call(mongo_rooms.standing, room_id)
        if room is None:
            return None
        await link.sayings.submit((room, None))
        try:
            return room if await link.call(mongo_rooms.remove_room, room) else None
        except NotSent as error:  # it is closed all the same
            raise Unavailable from error

    async def room(self, room_id: str) -> Room | None:
        """Return the open room of that id."""
        return await self._open.call(mongo_rooms.room, room_id)

    async def rooms(self, limit: int) -> list[tuple[Room, int]]:
        """Return the newest `limit` rooms that are open, newest first, each with how much was said in it."""
        return await self._open.call(mongo_rooms.rooms, limit)

    async def say(self, room: Room, new: NewExchange) -> int:
        """Store what is said in a room and return its order. Raise `NotFound` if the room is closed."""
        return await self._open.sayings.submit((room, new))

    async def said(self, exchange_ids: Collection[str]) -> dict[str, int]:
        """Return the orders of those that have one of the ids, and are safe."""
        return await self._open.call(mongo_rooms.said, list(exchange_ids))

    async def exchanges(
        self, epoch: str, first: int, last: int | None, limit: int, *, newest: bool = False
    ) -> list[Exchange]:
        """Return what was said in an opening of a room, from an order to another, oldest first."""
        return await self._open.call(mongo_rooms.exchanges, epoch, first, last, limit, newest=newest)

    @property
    def _open(self) -> _Link:
        if self._link is None or self._link.closed:
            raise NotSent
        return self._link


class _Link:
    """Clients and what is under way over them.

    Args:
        clients: that it has to close.
        reading: the database, for requests of one caller.
        writing: the same over connections of its own, for the groups.
        timeout: seconds for a call.

    Attributes:
        closed: whether it takes no more calls.

    """

    def __init__(
        self,
        clients: Sequence[mongo_schema.Client],
        reading: mongo_queries.Database,
        writing: mongo_queries.Database,
        timeout: float,
    ) -> None:
        self.closed = False
        self._breaker = Breaker(self._ping)
        self.appends: GroupedWrites[NewMessage, tuple[str, ...]] = GroupedWrites(
            partial(mongo_queries.append, writing), timeout, self._breaker
        )
        self.confirmations: GroupedWrites[tuple[str, Sequence[str]], None] = GroupedWrites(
            partial(mongo_queries.confirm, writing), timeout, self._breaker
        )
        self.touches: GroupedWrites[tuple[str, int], None] = GroupedWrites(
            partial(mongo_queries.touch, writing), timeout, self._breaker
        )
        self.sayings: GroupedWrites[mongo_rooms.Saying, int] = GroupedWrites(
            mongo_rooms.Sayings(writing), timeout, self._breaker
        )
        self.groups: tuple[GroupedWrites[Any, Any], ...] = (
            self.appends,
            self.confirmations,
            self.touches,
            self.sayings,
        )
        self._clients = clients
        self._reading = reading
        self._writing = writing
        self._turns = asyncio.Semaphore(READS)
        self._timeout = timeout
        self._calls: set[asyncio.Task[Any]] = set()
        self._closing = asyncio.Lock()

    async def call(
        self,
        query: Callable[Concatenate[mongo_queries.Database, P], Coroutine[None, None, R]],
        *arguments: P.args,
        **options: P.kwargs,
    ) -> R:
        """Make a request of its own, which goes on when the caller is cancelled."""
        self._breaker.check()
        if len(self._calls) >= READS + READS_WAITING:
            raise NotSent
        call = asyncio.create_task(self._in_turn(partial(query, self._reading, *arguments, **options)))
        self._calls.add(call)
        call.add_done_callback(self._ended)
        try:
            async with asyncio.timeout(self._timeout):  # the driver looks at the clock twice a second
                return await asyncio.shield(call)
        except TimeoutError as error:
            self._breaker.failed()
            raise Unavailable from error

    def _ended(self, call: asyncio.Task[Any]) -> None:
        self._calls.discard(call)
        if not call.cancelled():
            call.exception()  # whoever called may have been told before that it took too long

    async def _ping(self) -> None:
        with pymongo.timeout(self._timeout):
            await mongo_queries.ping(self._writing)

    async def _in_turn(self, query: Callable[[], Coroutine[None, None, R]]) -> R:
        end = asyncio.get_running_loop().time() + self._timeout
        async with self._turns:
            if asyncio.get_running_loop().time() >= end:
                raise NotSent  # which its caller has been told
            return await self._bounded(query())

    async def _bounded(self, query: Coroutine[None, None, R]) -> R:
        try:
            with pymongo.timeout(self._timeout):
                return await query
        except PyMongoError as error:
            log.error("a call failed: %r", error)
            self._breaker.failed()
            raise Unavailable from error

    async def close(self) -> None:
        """Take no more calls, finish those that were made, and hang up. May be called twice."""
        self.closed = True
        async with self._closing:
            await asyncio.gather(*(group.drain() for group in self.groups))
            if self._calls:
                await asyncio.wait(self._calls)
            await self._breaker.close()  # what is under way fails at once if it is known to
            with pymongo.timeout(self._timeout):
                for client in self._clients:
                    await client.close()
