"""Every statement that the SQLite store runs, an operation of `group_commit` each.

A mailbox is one table, `entries`: a row for each user who sent or was sent a message. So a user's history is one
range of its primary key, and what is pending is a partial index of the same order that holds nothing else. A row of a
user whom the message names as a recipient has its sender, and is in an index by it.

Each step of a statement lets go of the interpreter lock, and beside a busy event loop it may have to wait for many
milliseconds to get it back. What is done for many rows is therefore done in few steps.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

from app.domain.errors import Conflict, NotFound
from app.store.base import Message, NewMessage, Owed, Received, User
from app.store.group_commit import each

__all__ = [
    "CONFIRM",
    "CONFIRM_OF",
    "HISTORY",
    "LAST",
    "OLDEST",
    "PENDING",
    "RECEIVED",
    "RECENT",
    "SENDERS",
    "UNFRIEND",
    "add_user",
    "addressed",
    "append",
    "befriend",
    "confirm",
    "history",
    "oldest",
    "owed",
    "pending",
    "ping",
    "received",
    "senders",
    "stored",
    "touch",
    "unfriend",
    "user",
    "user_by_email",
    "users",
]

_USER = "SELECT id, email, password, name, surname, last_seen FROM users "
_FRIENDS = "SELECT friend_id FROM friendships WHERE user_id = ? ORDER BY position"
_AUDIENCE = "SELECT json_group_array(friend_id) FROM friendships WHERE user_id = ?"

UNFRIEND = "DELETE FROM friendships WHERE user_id = ?1 AND friend_id = ?2 OR user_id = ?2 AND friend_id = ?1"

_MAILBOX = """
    SELECT m.id, m.mailbox, m.sender, m.text, m.created_at
    FROM entries e {index} CROSS JOIN messages m ON m.id = e.message_id
    WHERE e.mailbox = ?1 AND e.user_id = ?2 {which} ORDER BY e.message_id {order} LIMIT ?3
"""
_PENDING = {"index": "INDEXED BY pending_entries", "which": "AND e.pending = 1"}
PENDING = _MAILBOX.format(**_PENDING, order="DESC")
OLDEST = _MAILBOX.format(**_PENDING, order="ASC")
HISTORY = _MAILBOX.format(index="", which="AND e.message_id < ?4 AND e.message_id > ?5", order="DESC")
_WAS_SENT = " AND (e.sender IS NOT NULL OR m.sender <> e.user_id)"
RECENT = _MAILBOX.format(index="", which="AND e.message_id < ?4 AND e.message_id > ?5" + _WAS_SENT, order="DESC")

SENDERS = "SELECT DISTINCT sender FROM entries WHERE user_id = ?2 AND mailbox = ?1 AND sender > ''"
RECEIVED = """
    SELECT m.id, m.mailbox, m.sender, m.text, m.created_at, e.pending
    FROM entries e INDEXED BY addressed_entries CROSS JOIN messages m ON m.id = e.message_id
    WHERE e.mailbox = ?1 AND e.user_id = ?2 AND e.sender = ?3 AND e.message_id < ?4
    ORDER BY e.message_id DESC LIMIT ?5
"""
_ADDRESSED = """
    SELECT m.id, m.mailbox, m.sender, m.text, m.created_at FROM entries e JOIN messages m ON m.id = e.message_id
    WHERE e.user_id = ?2 AND e.mailbox = ?1 AND e.message_id = ?3 AND e.sender IS NOT NULL
"""

LAST = "~"
"""What sorts after every message id."""

CONFIRM = """
    UPDATE entries SET pending = 0 WHERE pending = 1 AND (user_id, mailbox, message_id) IN (
        SELECT json_extract(confirmed.value, '$[0]'), m.mailbox, m.id
        FROM json_each(?) confirmed CROSS JOIN messages m ON m.id = json_extract(confirmed.value, '$[1]')
    )
"""

CONFIRM_OF = """
    UPDATE entries SET pending = 0 WHERE pending = 1 AND user_id = ?1 AND (mailbox, message_id) IN (
        SELECT m.mailbox, m.id FROM json_each(?2) confirmed CROSS JOIN messages m ON m.id = confirmed.value
    )
"""
"""For a user whose name JSON would cut off: SQLite takes it to end at a NUL."""


def _inserts(table: str, columns: int) -> dict[int, str]:
    """Return the statements that insert 64, 16, 4 rows and one: few sizes, so that each stays prepared."""
    row = f"({', '.join('?' * columns)})"
    return {size: f"INSERT INTO {table} VALUES {', '.join([row] * size)}" for size in (64, 16, 4, 1)}


_INTO_MESSAGES = _inserts("messages (id, mailbox, sender, text, created_at)", 5)
_INTO_ENTRIES = _inserts("entries (user_id, mailbox, message_id, pending, sender)", 5)


@each
def ping(connection: sqlite3.Connection, _: None) -> None:
    """Read something trivial."""
    connection.execute("SELECT 1 FROM users LIMIT 1").fetchone()


@each
def add_user(connection: sqlite3.Connection, user: User) -> None:
    """Insert a user, with one row for each friend: the user's own."""
    row = (user.id, user.email.lower(), user.password, user.name, user.surname, user.last_seen)
    try:
        connection.execute(
            "INSERT INTO users (id, email, password, name, surname, last_seen) VALUES (?, ?, ?, ?, ?, ?)", row
        )
    except sqlite3.IntegrityError as error:
        taken = connection.execute("SELECT 1 FROM users WHERE id = ?", (user.id,)).fetchone()
        raise Conflict("User already exists" if taken else "Email already in use") from error
    for friend in user.friends:
        connection.execute("INSERT INTO friendships (user_id, friend_id) VALUES (?, ?)", (user.id, friend))


@each
def user(connection: sqlite3.Connection, user_id: str) -> User | None:
    """Select a user by id."""
    return _first(connection, connection.execute(_USER + "WHERE id = ?", (user_id,)))


@each
def user_by_email(connection: sqlite3.Connection, email: str) -> User | None:
    """Select a user by e-mail."""
    return _first(connection, connection.execute(_USER + "WHERE email = ?", (email.lower(),)))


def _first(connection: sqlite3.Connection, found: sqlite3.Cursor) -> User | None:
    row = found.fetchone()
    if row is None:
        return None
    return _with_friends(row, [friend for (friend,) in connection.execute(_FRIENDS, (row[0],)).fetchall()])


def _with_friends(row: tuple[Any, ...], friends: Iterable[str]) -> User:
    user_id, email, password, name, surname, last_seen = row
    return User(user_id, email, password, name, surname, tuple(friends), last_seen)


@each
def users(connection: sqlite3.Connection, user_ids: Sequence[str]) -> dict[str, User]:
    """Select users by id."""
    wanted = (json.dumps(user_ids),)
    friends: dict[str, list[str]] = {}
    rows = connection.execute(_USER + "WHERE id IN (SELECT value FROM json_each(?))", wanted).fetchall()
    for user_id, friend_id in connection.execute(
        "SELECT user_id, friend_id FROM friendships"
        " WHERE user_id IN (SELECT value FROM json_each(?)) ORDER BY position",
        wanted,
    ):
        friends.setdefault(user_id, []).append(friend_id)
    return {row[0]: _with_friends(row, friends.get(row[0], ())) for row in rows}


@each
def befriend(connection: sqlite3.Connection, pair: tuple[str, str]) -> bool:
    """Insert a friendship, a row for each side."""
    [known] = connection.execute("SELECT count(*) FROM users WHERE id IN (?, ?)", pair).fetchone()
    if known < len(set(pair)):
        raise NotFound("User not found!")
    begun = connection.execute(
        "INSERT INTO friendships (user_id, friend_id) VALUES (?1, ?2), (?2, ?1) ON CONFLICT DO NOTHING", pair
    )
    return begun.rowcount > 0


@each
def unfriend(connection: sqlite3.Connection, pair: tuple[str, str]) -> bool:
    """Delete a friendship, both rows."""
    return connection.execute(UNFRIEND, pair).rowcount > 0


@each
def touch(connection: sqlite3.Connection, seen: tuple[str, int]) -> None:
    """Set the later of the time known and the time given."""
    connection.execute("UPDATE users SET last_seen = ?2 WHERE id = ?1 AND last_seen < ?2", seen)


def append(connection: sqlite3.Connection, messages: Sequence[NewMessage]) -> list[tuple[str, ...]]:
    """Insert messages with an entry for each recipient and one, not pending, for the sender."""
    audiences: list[tuple[str, ...]] = []
    stored: list[tuple[object, ...]] = []
    entries: list[tuple[object, ...]] = []
    for message in messages:
        mailbox, sender, message_id = message.mailbox, message.sender, message.id
        if message.recipients is None:
            recipients, named_by = tuple(json.loads(connection.execute(_AUDIENCE, (sender,)).fetchone()[0])), None
        else:
            recipients, named_by = tuple(dict.fromkeys(message.recipients)), sender
        audiences.append(recipients)
        if not recipients:
            continue
        stored.append((message_id, mailbox, sender, message.text, message.created_at))
        entries += [(recipient, mailbox, message_id, 1, named_by) for recipient in recipients]
        if sender and sender not in recipients:
            entries.append((sender, mailbox, message_id, 0, None))
    try:
        _insert(connection, _INTO_MESSAGES, stored)
    except sqlite3.IntegrityError as error:
        raise Conflict("Message already stored") from error
    _insert(connection, _INTO_ENTRIES, entries)
    return audiences


def _insert(connection: sqlite3.Connection, into: dict[int, str], rows: Sequence[tuple[object, ...]]) -> None:
    start = 0
    for size, statement in into.items():
        while len(rows) - start >= size:
            connection.execute(statement, list(chain.from_iterable(rows[start : start + size])))
            start += size


@each
def stored(connection: sqlite3.Connection, message_ids: Sequence[str]) -> set[str]:
    """Select those of the ids that messages have."""
    wanted = (json.dumps(message_ids),)
    rows = connection.execute("SELECT id FROM messages WHERE id IN (SELECT value FROM json_each(?))", wanted)
    return {message_id for (message_id,) in rows.fetchall()}


@each
def pending(connection: sqlite3.Connection, query: tuple[str, str, int, int | None]) -> list[Message]:
    """Select what is pending in a mailbox for a user."""
    return _within(connection, PENDING, query)


@each
def oldest(connection: sqlite3.Connection, query: tuple[str, str, int, int | None]) -> list[Message]:
    """Select what is pending for longest in a mailbox for a user."""
    return _within(connection, OLDEST, query)


def _within(connection: sqlite3.Connection, statement: str, query: tuple[str, str, int, int | None]) -> list[Message]:
    """Select messages of a user until their texts are more than what the query ends with."""
    *which, room = query
    found: list[Message] = []
    with contextlib.closing(connection.execute(statement, which)) as rows:
        for row in rows:
            found.append(Message(*row))
            if room is not None and (room := room - len(found[-1].text)) < 0:
                break
    return found


def confirm(connection: sqlite3.Connection, confirmed: Sequence[tuple[str, Sequence[str]]]) -> list[None]:
    """Mark entries as not pending: those of all calls in one statement, as far as SQLite reads the names in JSON."""
    pairs: list[tuple[str, str]] = []
    for user_id, message_ids in confirmed:
        if "\0" in user_id:
            connection.execute(CONFIRM_OF, (user_id, json.dumps(message_ids)))
        else:
            pairs += [(user_id, message_id) for message_id in message_ids]
    connection.execute(CONFIRM, (json.dumps(pairs),))
    return [None] * len(confirmed)


@each
def history(connection: sqlite3.Connection, query: tuple[str, str, int, str, str]) -> list[Message]:
    """Select a page of the messages that a user sent or was sent."""
    return [Message(*row) for row in connection.execute(HISTORY, query).fetchall()]


@each
def senders(connection: sqlite3.Connection, query: tuple[str, str]) -> list[str]:
    """Select who has sent messages to a user by name."""
    return [sender for (sender,) in connection.execute(SENDERS, query).fetchall()]


@each
def received(connection: sqlite3.Connection, query: tuple[str, str, str, str, int]) -> list[Received]:
    """Select a page of the messages of one sender to a user by name."""
    rows = connection.execute(RECEIVED, query).fetchall()
    return [Received(Message(*row), bool(pending)) for *row, pending in rows]


@each
def addressed(connection: sqlite3.Connection, query: tuple[str, str, str]) -> Message | None:
    """Select a message to a user by name."""
    row = connection.execute(_ADDRESSED, query).fetchone()
    return Message(*row) if row else None


@each
def owed(connection: sqlite3.Connection, query: tuple[str, Sequence[str], str, int]) -> list[Owed]:
    """Select what is pending for users, and the last that each was sent."""
    mailbox, user_ids, after, limit = query
    pending: dict[str, set[str]] = {}
    recent: dict[str, set[str]] = {}
    messages: dict[str, Message] = {}
    for user_id in user_ids:
        for statement, bounds, concerned in ((PENDING, (), pending), (RECENT, (LAST, after), recent)):
            for row in connection.execute(statement, (mailbox, user_id, limit, *bounds)).fetchall():
                messages[row[0]] = Message(*row)
                concerned.setdefault(row[0], set()).add(user_id)
    return [
        Owed(messages[message_id], frozenset(pending.get(message_id, ())), frozenset(recent.get(message_id, ())))
        for message_id in sorted(messages, reverse=True)[:limit]
    ]
