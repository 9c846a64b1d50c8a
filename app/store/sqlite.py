"""The embedded store: one SQLite file, or memory.

Writes go to one thread that commits in groups, reads to another with a connection of its own; in memory, where a
database belongs to its connection, one thread serves both.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from app.domain.errors import Unavailable
from app.store import sqlite_file, sqlite_queries, sqlite_rooms
from app.store.base import Exchange, Message, NewExchange, NewMessage, Owed, Received, Room, User
from app.store.group_commit import GroupCommit, Reader, Worker

__all__ = ["SQLiteStore"]


class SQLiteStore:
    """A `Store` in an SQLite file: WAL, every commit flushed to the disk.

    Args:
        path: of the file; it and its directories are created if need be. None keeps everything in memory.
        exclusive: lock the file against other servers, through `<path>.lock`. A command that writes to the file
            beside a running server passes False.

    """

    def __init__(self, path: Path | None, *, exclusive: bool = True) -> None:
        self._path = path
        self._exclusive = exclusive
        self._lock: int | None = None
        self._writer: GroupCommit | None = None
        self._reader: Worker | None = None
        self._closing = asyncio.Lock()

    @property
    def commits(self) -> int:
        """Transactions committed since `open`."""
        return self._writer.commits if self._writer else 0

    @property
    def operations(self) -> int:
        """Calls that those transactions were made of; in memory also the reads."""
        return self._writer.operations if self._writer else 0

    @property
    def requests(self) -> int:
        """Requests made of an engine elsewhere: none, there is none."""
        return 0

    async def open(self) -> None:
        """Lock, create or migrate the file and start the threads.

        Raise `StoreUnusableError` if another server uses the file, if it is a directory, cannot be created or
        written, is not an SQLite database, is another application's, or has the schema of a newer Parley.
        """
        await asyncio.to_thread(self._open)

    def _open(self) -> None:
        if self._path is None:
            self._writer = GroupCommit(sqlite_file.connect(None), "parley-store")
            self._reader = self._writer
            return
        with contextlib.ExitStack() as undo:
            sqlite_file.prepare(self._path)
            if self._exclusive:
                self._lock = sqlite_file.lock(self._path)
                undo.callback(self._unlock)
            writing = undo.enter_context(contextlib.closing(sqlite_file.connect(self._path)))
            reading = undo.enter_context(contextlib.closing(sqlite_file.connect(self._path)))
            self._writer = GroupCommit(writing, "parley-store-writer")
            self._reader = Reader(reading, "parley-store-reader")
            undo.pop_all()

    async def close(self) -> None:
        """Serve what was called before, write the log back into the file, and let go of it."""
        for worker in (self._reader, self._writer):
            if worker:
                worker.stop()
        async with self._closing:
            await asyncio.to_thread(self._close)

    def _close(self) -> None:
        for worker in (self._reader, self._writer):
            if worker:
                worker.join()
        self._unlock()

    def _unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    async def ping(self) -> None:
        """Return when a trivial read was answered."""
        await self._reads.submit(sqlite_queries.ping, None)

    async def add_user(self, user: User) -> None:
        """Store a user, with the user's own side of the friendships that it names. Raise `Conflict`."""
        await self._writes.submit(sqlite_queries.add_user, user)

    async def user(self, user_id: str) -> User | None:
        """Return a user, None if there is none of that id."""
        return await self._reads.submit(sqlite_queries.user, user_id)

    async def user_by_email(self, email: str) -> User | None:
        """Return the user with that e-mail, in whatever case it is written."""
        return await self._reads.submit(sqlite_queries.user_by_email, email)

    async def users(self, user_ids: Iterable[str]) -> dict[str, User]:
        """Return those of the users that exist, by id."""
        return await self._reads.submit(sqlite_queries.users, list(user_ids))

    async def befriend(self, user_id: str, friend_id: str) -> bool:
        """Make each a friend of the other. Return False if they were; raise `NotFound` if one does not exist."""
        return await self._writes.submit(sqlite_queries.befriend, (user_id, friend_id))

    async def unfriend(self, user_id: str, friend_id: str) -> bool:
        """End the friendship for both. Return False if there was none."""
        return await self._writes.submit(sqlite_queries.unfriend, (user_id, friend_id))

    async def touch(self, user_id: str, last_seen: int) -> None:
        """Set when the user was last seen (milliseconds), unless a later time is known."""
        await self._writes.submit(sqlite_queries.touch, (user_id, last_seen))

    async def append(self, message: NewMessage) -> tuple[str, ...]:
        """Store a message, pending for each recipient, and return the recipients, each once."""
        return await self._writes.submit(sqlite_queries.append, message)

    async def stored(self, message_ids: Collection[str]) -> set[str]:
        """Return which of the messages of these ids are stored."""
        return await self._reads.submit(sqlite_queries.stored, tuple(message_ids))

    async def pending(
        self, mailbox: str, user_id: str, limit: int, *, oldest: bool = False, room: int | None = None
    ) -> list[Message]:
        """Return the newest `limit` messages that are pending for the user, or the oldest, and little beyond `room`."""
        query = sqlite_queries.oldest if oldest else sqlite_queries.pending
        return await self._reads.submit(query, (mailbox, user_id, limit, room))

    async def confirm(self, user_id: str, message_ids: Sequence[str]) -> None:
        """Make messages not pending for the user, for good. Unknown and confirmed ids are passed over."""
        await self._writes.submit(sqlite_queries.confirm, (user_id, tuple(message_ids)))

    async def history(
        self, mailbox: str, user_id: str, before: str | None, limit: int, after: str | None = None
    ) -> list[Message]:
        """Return the newest `limit` messages that the user sent or was sent, newest first, between two ids."""
        query = (mailbox, user_id, limit, before or sqlite_queries.LAST, after or "")
        return await self._reads.submit(sqlite_queries.history, query)

    async def senders(self, mailbox: str, user_id: str) -> list[str]:
        """Return who has sent messages that name the user as a recipient, in no order."""
        return await self._reads.submit(sqlite_queries.senders, (mailbox, user_id))

    async def received(self, mailbox: str, user_id: str, sender: str, before: str | None, limit: int) -> list[Received]:
        """Return the newest `limit` messages of a sender that name the user as a recipient, newest first."""
        query = (mailbox, user_id, sender, before or sqlite_queries.LAST, limit)
        return await self._reads.submit(sqlite_queries.received, query)

    async def addressed(self, mailbox: str, user_id: str, message_id: str) -> Message | None:
        """Return a message that names the user as a recipient, None if there is no such one."""
        return await self._reads.submit(sqlite_queries.addressed, (mailbox, user_id, message_id))

    async def owed(self, mailbox: str, user_ids: Collection[str], after: str, limit: int) -> list[Owed]:
        """Return what is pending for one of the users, or is in the history of one of them above an id."""
        return await self._reads.submit(sqlite_queries.owed, (mailbox, tuple(user_ids), after, limit))

    async def open_room(self, room: Room) -> None:
        """Open a room in which nothing was said yet. Raise `Conflict` if one of that id is open."""
        await self._writes.submit(sqlite_rooms.open_room, room)

    async def close_room(self, room_id: str) -> Room | None:
        """Close a room for good and return it, None if none of that id is open."""
        return await self._writes.submit(sqlite_rooms.close_room, room_id)

    async def room(self, room_id: str) -> Room | None:
        """Return the open room of that id."""
        return await self._reads.submit(sqlite_rooms.room, room_id)

    async def rooms(self, limit: int) -> list[tuple[Room, int]]:
        """Return the newest `limit` rooms that are open, newest first, each with how much was said in it."""
        return await self._reads.submit(sqlite_rooms.rooms, limit)

    async def say(self, room: Room, new: NewExchange) -> int:
        """Store what is said in a room and return its order. Raise `NotFound` if the room is closed."""
        return await self._writes.submit(sqlite_rooms.say, (room, new))

    async def said(self, exchange_ids: Collection[str]) -> dict[str, int]:
        """Return the orders of those that have one of the ids."""
        return await self._reads.submit(sqlite_rooms.said, tuple(exchange_ids))

    async def exchanges(
        self, epoch: str, first: int, last: int | None, limit: int, *, newest: bool = False
    ) -> list[Exchange]:
        """Return what was said in an opening of a room, from an order to another, oldest first."""
        return await self._reads.submit(sqlite_rooms.exchanges, (epoch, first, last, limit, newest))

    @property
    def _writes(self) -> GroupCommit:
        if self._writer is None:
            raise Unavailable
        return self._writer

    @property
    def _reads(self) -> Worker:
        if self._reader is None:
            raise Unavailable
        return self._reader
