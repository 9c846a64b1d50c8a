"""Rooms: opened and closed by anybody who knows their name, with one order of what is said in each, over all servers.

A room that was closed may be opened anew under its name. Each opening is an epoch of its own, so that nothing of the
one before is ever read, heard or written in the next.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.domain.clock import Sequence as Ids
from app.domain.doubts import Doubts
from app.domain.errors import Conflict, Forbidden, Invalid, NotFound, NotSent, Unavailable
from app.domain.participants import Participant, Participants
from app.store.base import Exchange, NewExchange, Room, Store

__all__ = [
    "MAX_NAME",
    "PAGE",
    "Exchange",
    "Participant",
    "Room",
    "RoomConflict",
    "RoomForbidden",
    "RoomInfo",
    "RoomNotFound",
    "Rooms",
    "name_of",
]

MAX_NAME = 128
"""Characters of the name of a room, or of a user in one."""

PAGE = 1000
"""How much of what was said is read at a time."""


class RoomConflict(Conflict):
    """A room of that name is open."""

    code = "room.conflict"


class RoomNotFound(NotFound):
    """No room of that name is open."""

    code = "room.not-found"


class RoomForbidden(Forbidden):
    """What is said in a room is read and written by nobody once it is closed, nor before it is opened."""

    code = "access-forbidden"

    def __init__(self) -> None:
        super().__init__("The access is forbidden")


@dataclass(frozen=True, slots=True)
class RoomInfo:
    """A room that is open.

    Attributes:
        room: what it is.
        participants: who is or was in it.
        count: how much was said in it.

    """

    room: Room
    participants: list[Participant]
    count: int


@dataclass(frozen=True, slots=True)
class _Saying:
    """What is said, and where."""

    room: Room
    new: NewExchange

    @property
    def id(self) -> str:
        return self.new.id

    def ordered(self, order: int) -> Exchange:
        new = self.new
        return Exchange(order, new.username, new.content, new.created_at, new.more)


@dataclass(frozen=True, slots=True)
class _Ending:
    """An opening that may have ended."""

    room: Room

    @property
    def id(self) -> str:
        return self.room.epoch


def name_of(value: object) -> str:
    """Return the name of a room or of a user in one; a number is taken as it is written.

    Raise `ValueError` with what is wrong of a value that is none.
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if value is None or value == "":
        raise ValueError("should not be empty")
    if not isinstance(value, str):
        raise ValueError("must be a string or a number")
    if len(value) > MAX_NAME:
        raise ValueError(f"must be shorter than or equal to {MAX_NAME} characters")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError("must be well-formed Unicode") from None
    return value


class Rooms:
    """Rooms, and what is said in them.

    Args:
        store: where they are kept.
        ids: makes the ids of openings and of what is said.
        participants: who is in them.
        on_close: called with a room after it was closed, perhaps more than once.

    """

    def __init__(self, store: Store, ids: Ids, participants: Participants, on_close: Callable[[Room], None]) -> None:
        self.participants = participants
        self._store = store
        self._ids = ids
        self._on_close = on_close
        self._doubts: Doubts[_Saying] | None = None
        self._endings: Doubts[_Ending] = Doubts(self._ended, self._tell_end)

    def watch(self, found: Callable[[Room, Exchange], None]) -> None:
        """Have `found` called with what turns out to be stored after `say` had to give it up."""
        orders: dict[str, int] = {}

        async def stored(sayings: Sequence[_Saying]) -> Collection[str]:
            there = await self._store.said([saying.id for saying in sayings])
            orders.update(there)
            return there

        async def tell(saying: _Saying) -> None:
            found(saying.room, saying.ordered(orders.pop(saying.id)))

        self._doubts = Doubts(stored, tell)

    async def close(self) -> bool:
        """Look no more for what was given up. Return False if something of it may be stored."""
        doubts = [self._endings, *([self._doubts] if self._doubts else [])]
        for doubt in doubts:
            await doubt.close()
        return not any(doubt.left for doubt in doubts)

    # rooms

    async def open_room(self, room_id: str, creator: str) -> Room:
        """Open a room. Raise `RoomConflict` if one of that name is open."""
        epoch, instant = self._ids.next()
        room = Room(room_id, epoch, creator, instant)
        try:
            await self._store.open_room(room)
        except Conflict:
            raise RoomConflict(f"Room with '{room_id}' already exists") from None
        return room

    async def close_room(self, room_id: str) -> None:
        """Close a room for good. Raise `RoomNotFound` if none of that name is open.

        Where the store did not say whether it closed the room, its end is looked for, and told of if it has come.
        """
        known = await self._store.room(room_id)
        try:
            room = await self._store.close_room(room_id)
        except Unavailable as error:
            if known and not isinstance(error, NotSent):
                self._endings.add(_Ending(known))
            raise
        if ended := room or known:  # whoever else closed it meanwhile may not be told
            await self._tell_end(_Ending(ended))
        if room is None:
            raise RoomNotFound(f"Room with '{room_id}' not found")

    async def _ended(self, endings: Sequence[_Ending]) -> Collection[str]:
        return {ending.id for ending in endings if not await self.is_open(ending.room)}

    async def _tell_end(self, ending: _Ending) -> None:
        self._on_close(ending.room)
        await self.participants.forget(ending.room)

    async def find(self, room_id: str) -> Room:
        """Return the room of that name. Raise `RoomForbidden` if none is open."""
        room = await self._store.room(room_id)
        if room is None:
            raise RoomForbidden
        return room

    async def is_open(self, room: Room) -> bool:
        """Return whether an opening of a room has not ended."""
        found = await self._store.room(room.id)
        return found is not None and found.epoch == room.epoch

    async def overview(self, limit: int) -> list[RoomInfo]:
        """Return the newest `limit` rooms that are open, newest first."""
        rooms = await self._store.rooms(limit)
        lists = await self.participants.of_all([room for room, _ in rooms])
        return [RoomInfo(room, lists[room.epoch], count) for room, count in rooms]

    # what is said

    async def say(
        self, room: Room, username: str, content: str, created_at: int | None, more: Mapping[str, Any]
    ) -> Exchange:
        """Store what is said in a room, and return it with its order, once it would survive a crash.

        It is of this moment unless it is said of which (milliseconds since the epoch), and kept with whatever more.
        Raise `RoomForbidden` if the room is closed, `Unavailable` where the store did not say that it is stored; it
        may be (`watch`), unless it is `NotSent`.
        """
        exchange_id, instant = self._ids.next()
        created_at = instant if created_at is None else created_at
        kept = json.dumps(dict(more), ensure_ascii=False, separators=(",", ":"))
        saying = _Saying(room, NewExchange(exchange_id, username, content, created_at, kept))
        try:
            return saying.ordered(await self._store.say(room, saying.new))
        except NotFound:
            raise RoomForbidden from None
        except Unavailable as error:
            if self._doubts and not isinstance(error, NotSent):
                self._doubts.add(saying)
            raise

    async def last(self, room: Room) -> int:
        """Return the last order in a room, 0 if nothing was said yet."""
        newest = await self._store.exchanges(room.epoch, 1, None, 1, newest=True)
        return newest[0].order if newest else 0

    async def after(self, room: Room, order: int) -> AsyncIterator[Exchange]:
        """Return what was said in an opening of a room behind an order."""
        while True:
            page = await self._store.exchanges(room.epoch, order + 1, None, PAGE)
            for exchange in page:
                yield exchange
            if len(page) < PAGE:
                return
            order = page[-1].order

    async def history(
        self, room_id: str, first: int | None, last: int | None, limit: int | None
    ) -> AsyncIterator[list[Exchange]]:
        """Return what was said in a room from an order to another, both included, oldest first and a page at a time.

        With a limit, so many in one page: the oldest, where it is said from which order on, else the newest. Raise
        `RoomForbidden` if the room is not open, and `Invalid`, before there is a page.
        """
        if first and last and first > last:
            raise Invalid("toIndex must not be less than fromIndex")
        room = await self.find(room_id)
        if limit is not None:
            yield await self._store.exchanges(room.epoch, first or 1, last, limit, newest=first is None)
            return
        order = first or 1
        while page := await self._store.exchanges(room.epoch, order, last, PAGE):
            yield page
            order = page[-1].order + 1
