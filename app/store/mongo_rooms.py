"""Every request that the MongoDB store makes for rooms, and the one order of what is said in one.

The `_id` of what is said is the opening of its room and its order, and every writer tries the order behind the last
that it knows of. Where another was faster that `_id` is taken, and the writer reads the last again: so no order is
given twice, and as the documents of a request are inserted one behind the other, none is left out, whoever dies in
between. (One that is counted up first, and used then, is left out where the server dies that was to use it.)

A writer that goes on and on would always be faster than one that has to read first, so it rests a moment in between.

What is said has an id besides, in a unique index, so that a write whose answer was lost is not done twice. A room is
closed by what is said last in it: whoever would write behind that finds it, and refuses. It has the id of the opening,
by which an end is found that was written by who could not remove the room then.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from pymongo.errors import BulkWriteError, DuplicateKeyError, PyMongoError
from pymongo.read_concern import ReadConcern

from app.domain.errors import Conflict, NotFound
from app.store import mongo_documents as documents
from app.store.base import Exchange, NewExchange, Room
from app.store.mongo_queries import Database, duplicate

__all__ = ["Saying", "Sayings", "exchanges", "open_room", "remove_room", "room", "rooms", "said", "standing"]

AT_ONCE = 8
"""How many rooms are written in at a time."""

KNOWN = 10_000
"""The rooms whose last order is known; of others it is read."""

REMOVAL = 0.1
"""Seconds that who closes a room has to remove it, once its end is written, before another does who opens it anew."""

LONGEST_REST = 0.1
"""Seconds that others have, at the most, to write in a room that is written in without end."""

Saying: TypeAlias = tuple[Room, NewExchange | None]
"""What is to be said in a room, None that closes it."""


async def open_room(database: Database, room: Room) -> None:
    """Insert a room, in the place of one whose end is written."""
    for last in (False, True):
        try:
            await database["rooms"].insert_one(documents.room_document(room))
            return
        except DuplicateKeyError as error:
            before = await standing(database, room.id)
            if last or (before and not await _ended(database, [before])):
                raise Conflict(f"Room with '{room.id}' already exists") from error
        if before:
            await asyncio.sleep(REMOVAL)
            await remove_room(database, before)


async def remove_room(database: Database, room: Room) -> bool:
    """Delete a room that is closed, and return whether it was there; what was said in it stays."""
    return (await database["rooms"].delete_one({"_id": room.id, "epoch": room.epoch})).deleted_count > 0


async def standing(database: Database, room_id: str) -> Room | None:
    """Find a room by id that is not removed, though its end may be written."""
    found = await database["rooms"].find_one({"_id": room_id})
    return documents.room(found) if found else None


async def room(database: Database, room_id: str) -> Room | None:
    """Find an open room by id."""
    found = await standing(database, room_id)
    return found if found and not await _ended(database, [found]) else None


async def _ended(database: Database, rooms: Sequence[Room]) -> set[str]:
    """Return the openings whose end is written."""
    which = {"exchangeId": {"$in": [room.epoch for room in rooms]}}
    found = await database["exchanges"].find(which, {"exchangeId": 1}).to_list()
    return {document["exchangeId"] for document in found}


async def rooms(database: Database, limit: int) -> list[tuple[Room, int]]:
    """Find the newest rooms, with the last order of each."""
    if limit < 1:
        return []  # to MongoDB 0 means no limit
    found = await database["rooms"].find(batch_size=limit + 1).sort("epoch", -1).limit(limit).to_list()
    known = [documents.room(document) for document in found]
    ended = await _ended(database, known)
    opened = [room for room in known if room.epoch not in ended]
    counts = await asyncio.gather(*(_count(database, room.epoch) for room in opened))
    return list(zip(opened, counts, strict=True))


async def _count(database: Database, epoch: str) -> int:
    """Find how much was said in an opening of a room: no order is left out, so that some of them tell.

    Each is looked up by its key, in steps that double, and then halve.
    """

    async def is_said(order: int) -> bool:
        found = await database["exchanges"].find_one({"_id": documents.key_of(epoch, order)}, {"closed": 1})
        return found is not None and not found.get("closed")

    low, high = 0, 1
    while await is_said(high):
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if await is_said(middle) else (low, middle)
    return low


async def said(database: Database, exchange_ids: Collection[str]) -> dict[str, int]:
    """Find the orders of those that have one of the ids; what closed a room is none of them."""
    which = {"exchangeId": {"$in": list(exchange_ids)}, "content": {"$exists": True}}
    found = await database["exchanges"].find(which, {"exchangeId": 1}, batch_size=len(exchange_ids) + 1).to_list()
    return {document["exchangeId"]: documents.order(document) for document in found}


async def exchanges(
    database: Database, epoch: str, first: int, last: int | None, limit: int, *, newest: bool = False
) -> list[Exchange]:
    """Find a range of what was said, by order; what closed the room is not part of it."""
    if limit < 1:
        return []
    which = {"_id": documents.orders(epoch, first, last), "content": {"$exists": True}}
    found = database["exchanges"].find(which, batch_size=limit + 1)
    read = await found.sort("_id", -1 if newest else 1).limit(limit).to_list()
    return [documents.exchange(document) for document in (reversed(read) if newest else read)]


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of a room: the last order, and when it was written."""

    last: int
    began: float
    ended: float

    def rest(self) -> float:
        """Return for how many seconds others may write before the next is written."""
        took = min(self.ended - self.began, LONGEST_REST)
        return random.uniform(0, took) if time.monotonic() - self.ended < took else 0


class Sayings:
    """Writes what is said, many at once: a `Write` of `mongo_groups`.

    Its outcomes are orders. What is said again has the order of the first time, whether that was answered or not.
    """

    def __init__(self, database: Database) -> None:
        self._rooms = database["rooms"]
        self._exchanges = database["exchanges"]
        # what was written a moment ago is in the way before a majority has it
        self._newest = self._exchanges.with_options(read_concern=ReadConcern("local"))
        self._known: dict[str, _Known] = {}
        self._places = asyncio.Semaphore(AT_ONCE)

    async def __call__(self, sayings: Sequence[Saying]) -> list[int | Exception]:
        """Append to every room of the group; where that fails for one, all of them fail."""
        by_room: dict[str, list[Saying]] = {}
        for saying in sayings:
            by_room.setdefault(saying[0].epoch, []).append(saying)
        # every room is waited for: the next group must not overtake what is under way
        told = await asyncio.gather(*map(self._in_room, by_room.values()), return_exceptions=True)
        failures = [orders for orders in told if isinstance(orders, BaseException)]
        if failures:
            raise next((failure for failure in failures if isinstance(failure, PyMongoError)), failures[0])
        orders = {said: order for orders in told if isinstance(orders, dict) for said, order in orders.items()}
        return [orders.get(_id(saying)) or NotFound(f"Room with '{saying[0].id}' not found") for saying in sayings]

    async def _in_room(self, sayings: Sequence[Saying]) -> dict[str, int]:
        """Return the order of each by its id; what cannot be said any more has none."""
        room = sayings[0][0]
        # what closes the room is the last
        waiting = {_id(saying): saying[1] for saying in sorted(sayings, key=_closes)}
        closing = None in waiting.values()
        async with self._places:
            known = self._known.pop(room.epoch, None)
            if known:
                await asyncio.sleep(known.rest())
            began = time.monotonic()
            orders, last = await self._append(room, waiting, known.last if known else None)
        if last is not None and not closing:
            self._known[room.epoch] = _Known(last, began, time.monotonic())
            if len(self._known) > KNOWN:
                del self._known[next(iter(self._known))]
        return orders

    async def _append(
        self, room: Room, waiting: dict[str, NewExchange | None], last: int | None
    ) -> tuple[dict[str, int], int | None]:
        """Append what waits, and return the order of each and the last of all, None if the room is closed."""
        orders: dict[str, int] = {}
        while waiting:
            if last is None:
                last = await self._last(room)
            if last is None:
                return orders | await self._orders(waiting), None
            inserted = await self._insert(room.epoch, last + 1, waiting)
            orders |= {said: last + i for i, said in enumerate(list(waiting)[:inserted], 1)}
            last += inserted
            if inserted < len(waiting):  # another writer has the order, or it was stored before
                orders |= await self._orders(list(waiting)[inserted:])
                last = None
            waiting = {said: new for said, new in waiting.items() if said not in orders}
        return orders, last

    async def _insert(self, epoch: str, order: int, waiting: dict[str, NewExchange | None]) -> int:
        """Insert what waits from an order on, up to the first whose order or id is taken; return how many."""
        inserts = [
            documents.exchange_document(epoch, order + i, said, new) for i, (said, new) in enumerate(waiting.items())
        ]
        try:
            await self._exchanges.insert_many(inserts, ordered=True)
        except BulkWriteError as error:
            return duplicate(error, "_id", "exchangeId")
        return len(inserts)

    async def _last(self, room: Room) -> int | None:
        """Return the last order in a room, None if it is closed."""
        which = {"_id": documents.orders(room.epoch, 0, None)}
        found = await self._newest.find_one(which, {"closed": 1}, sort=[("_id", -1)])
        if found:
            return None if found.get("closed") else documents.order(found)
        return 0 if await self._rooms.find_one({"_id": room.id, "epoch": room.epoch}, {"_id": 1}) else None

    async def _orders(self, exchange_ids: Iterable[str]) -> dict[str, int]:
        """Return the orders of those that are stored, and safe."""
        which = {"exchangeId": {"$in": list(exchange_ids)}}
        found = await self._exchanges.find(which, {"exchangeId": 1}).to_list()
        return {document["exchangeId"]: documents.order(document) for document in found}


def _id(saying: Saying) -> str:
    room, new = saying
    return new.id if new else room.epoch


def _closes(saying: Saying) -> bool:
    return saying[1] is None
