"""Every statement that the SQLite store runs for rooms, an operation of `group_commit` each.

What is said in a room is a range of the primary key of `exchanges`; its last order is the end of that range, which
the one writing thread reads and exceeds by one in the same statement.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from app.domain.errors import Conflict, NotFound
from app.store.base import Exchange, NewExchange, Room
from app.store.group_commit import each

__all__ = ["close_room", "exchanges", "open_room", "room", "rooms", "said", "say"]

_ROOM = "id, epoch, creator, created_at"
_LAST = 'coalesce((SELECT max("order") FROM exchanges WHERE epoch = rooms.epoch), 0)'

_SAY = f"""
    INSERT INTO exchanges (epoch, "order", id, username, content, created_at, more)
    SELECT epoch, {_LAST} + 1, ?3, ?4, ?5, ?6, ?7 FROM rooms WHERE id = ?1 AND epoch = ?2
    ON CONFLICT (id) DO NOTHING RETURNING "order"
"""

_SAID = 'SELECT id, "order" FROM exchanges WHERE id IN (SELECT value FROM json_each(?))'

_EXCHANGES = """
    SELECT "order", username, content, created_at, more FROM exchanges
    WHERE epoch = ? AND "order" BETWEEN ? AND ? ORDER BY "order" {direction} LIMIT ?
"""
_OLDEST = _EXCHANGES.format(direction="ASC")
_NEWEST = _EXCHANGES.format(direction="DESC")

_NO_END = 2**63 - 1


@each
def open_room(connection: sqlite3.Connection, room: Room) -> None:
    """Insert a room."""
    try:
        connection.execute(
            f"INSERT INTO rooms ({_ROOM}) VALUES (?, ?, ?, ?)", (room.id, room.epoch, room.creator, room.created_at)
        )
    except sqlite3.IntegrityError as error:
        raise Conflict(f"Room with '{room.id}' already exists") from error


@each
def close_room(connection: sqlite3.Connection, room_id: str) -> Room | None:
    """Delete a room; what was said in it stays."""
    return _room(connection.execute(f"DELETE FROM rooms WHERE id = ? RETURNING {_ROOM}", (room_id,)).fetchall())


@each
def room(connection: sqlite3.Connection, room_id: str) -> Room | None:
    """Select a room by id."""
    return _room(connection.execute(f"SELECT {_ROOM} FROM rooms WHERE id = ?", (room_id,)).fetchall())


def _room(rows: list[tuple[Any, ...]]) -> Room | None:
    return Room(*rows[0]) if rows else None


@each
def rooms(connection: sqlite3.Connection, limit: int) -> list[tuple[Room, int]]:
    """Select the newest rooms, with the last order of each."""
    found = connection.execute(f"SELECT {_ROOM}, {_LAST} FROM rooms ORDER BY epoch DESC LIMIT ?", (limit,))
    return [(Room(*row), last) for *row, last in found.fetchall()]


@each
def say(connection: sqlite3.Connection, said: tuple[Room, NewExchange]) -> int:
    """Insert what is said behind all that was said, if the room is open."""
    room, new = said
    values = (room.id, room.epoch, new.id, new.username, new.content, new.created_at, new.more)
    for (order,) in connection.execute(_SAY, values).fetchall():
        return order
    if order := _orders(connection, (new.id,)).get(new.id):
        return order
    raise NotFound(f"Room with '{room.id}' not found")


@each
def said(connection: sqlite3.Connection, exchange_ids: Sequence[str]) -> dict[str, int]:
    """Select the orders of those that have one of the ids."""
    return _orders(connection, exchange_ids)


def _orders(connection: sqlite3.Connection, exchange_ids: Sequence[str]) -> dict[str, int]:
    return dict(connection.execute(_SAID, (json.dumps(exchange_ids),)).fetchall())


@each
def exchanges(connection: sqlite3.Connection, query: tuple[str, int, int | None, int, bool]) -> list[Exchange]:
    """Select a range of what was said, by order."""
    epoch, first, last, limit, newest = query
    bounds = (epoch, first, _NO_END if last is None else last, limit)
    found = connection.execute(_NEWEST if newest else _OLDEST, bounds).fetchall()
    return [Exchange(*row) for row in (reversed(found) if newest else found)]
