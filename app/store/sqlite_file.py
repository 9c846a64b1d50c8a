"""The database file: whose it is, which schema it has, and that one server alone uses it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from app.store.base import StoreUnusableError

__all__ = ["APPLICATION_ID", "LADDER", "connect", "lock", "migrate", "prepare"]

APPLICATION_ID = 0x5061726C
"""`Parl`: says in the header of the file that it is ours (`file` and SQLite's `PRAGMA application_id` show it)."""

_PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = FULL",
    "wal_autocheckpoint = 8000",  # pages, 32 MB: copying a page back once for many changes saves a third of the CPU
    "cache_size = -16000",  # KB
    "temp_store = MEMORY",  # what savepoints keep
)

LADDER: tuple[tuple[str, ...], ...] = (
    (
        """
        CREATE TABLE users (
            id TEXT PRIMARY KEY,
            email TEXT NOT NULL UNIQUE,
            password TEXT NOT NULL,
            name TEXT NOT NULL,
            surname TEXT NOT NULL,
            last_seen INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE friendships (
            position INTEGER PRIMARY KEY,
            user_id TEXT NOT NULL,
            friend_id TEXT NOT NULL,
            UNIQUE (user_id, friend_id)
        ) STRICT
        """,
        """
        CREATE TABLE messages (
            id TEXT PRIMARY KEY,
            mailbox TEXT NOT NULL,
            sender TEXT NOT NULL,
            text TEXT NOT NULL,
            created_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE entries (
            user_id TEXT,
            mailbox TEXT,
            message_id TEXT,
            pending INTEGER NOT NULL,
            PRIMARY KEY (user_id, mailbox, message_id)
        ) STRICT, WITHOUT ROWID
        """,
        "CREATE INDEX pending_entries ON entries (user_id, mailbox, message_id) WHERE pending = 1",
    ),
    (
        "ALTER TABLE entries ADD COLUMN sender TEXT",  # of a message that names the user as a recipient, else NULL
        """
        CREATE INDEX addressed_entries ON entries (user_id, mailbox, sender, message_id, pending)
            WHERE sender IS NOT NULL
        """,
    ),
    (
        """
        CREATE TABLE rooms (
            id TEXT PRIMARY KEY,
            epoch TEXT NOT NULL UNIQUE,
            creator TEXT NOT NULL,
            created_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE exchanges (
            epoch TEXT,
            "order" INTEGER,
            id TEXT NOT NULL UNIQUE,
            username TEXT NOT NULL,
            content TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            more TEXT NOT NULL,
            PRIMARY KEY (epoch, "order")
        ) STRICT, WITHOUT ROWID
        """,
    ),
)
"""The schema, a rung a version: the statements that bring a file from the version below to this one."""


def prepare(path: Path) -> None:
    """Make the directories of a database file. Raise `StoreUnusableError` if that or the path cannot be."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreUnusableError(f"{path} cannot be opened: {error}") from error
    if path.is_dir():
        raise StoreUnusableError(f"{path} is a directory, not a database file")


def lock(path: Path) -> int:
    """Lock a database file against every other server and return the descriptor that holds the lock.

    The lock is on `<path>.lock` and ends with the descriptor, also when the process is killed. Raise
    `StoreUnusableError` if another server holds it.
    """
    try:
        with contextlib.ExitStack() as undo:
            descriptor = os.open(f"{os.path.realpath(path)}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            undo.callback(os.close, descriptor)
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            undo.pop_all()
    except BlockingIOError:
        raise StoreUnusableError(f"{path} is in use by another Parley server") from None
    except OSError as error:
        raise StoreUnusableError(f"{path} cannot be opened: {error}") from error
    return descriptor


def connect(path: Path | None) -> sqlite3.Connection:
    """Return a connection to a database that is ours and up to date; in memory if there is no path.

    It may be handed to another thread. Raise `StoreUnusableError`; a file that is not ours is not changed.
    """
    try:
        with contextlib.ExitStack() as undo:
            connection = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
            undo.callback(connection.close)
            migrate(connection, path)
            for pragma in _PRAGMAS:
                connection.execute(f"PRAGMA {pragma}")
            undo.pop_all()
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_NOTADB:
            raise StoreUnusableError(f"{path} is not an SQLite database") from error
        raise StoreUnusableError(f"{path} cannot be opened: {error}") from error
    return connection


def migrate(connection: sqlite3.Connection, path: Path | None, ladder: Sequence[Sequence[str]] = LADDER) -> None:
    """Bring a database from its version to the newest of the ladder, in one transaction.

    Raise `StoreUnusableError` if it is not ours or of a version above the ladder.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = _version(connection, path, len(ladder))
        for rung in ladder[version:]:
            for statement in rung:
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {len(ladder)}")  # fails if the file can only be read
        connection.execute("COMMIT" if version < len(ladder) else "ROLLBACK")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _version(connection: sqlite3.Connection, path: Path | None, newest: int) -> int:
    [application] = connection.execute("PRAGMA application_id").fetchone()
    [version] = connection.execute("PRAGMA user_version").fetchone()
    [objects] = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if application != APPLICATION_ID and (application or version or objects):
        raise StoreUnusableError(f"{path} is the database of another application")
    if version > newest:
        raise StoreUnusableError(
            f"{path} has schema {version} of a newer Parley; this one knows schemas up to {newest}"
        )
    return version
