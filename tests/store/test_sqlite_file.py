"""Which files the SQLite store takes for its own, and what it says of the others."""

import contextlib
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.store import sqlite_file
from app.store.base import StoreUnusableError

NOBODY = 65534


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "parley.db"


@contextlib.contextmanager
def database(path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        yield connection
    finally:
        connection.close()


@contextlib.contextmanager
def unprivileged() -> Iterator[None]:
    """Act as a user whom permissions bind, as the superuser is bound by none."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def create(path: Path) -> None:
    """Open a database as a server does, and close it."""
    sqlite_file.prepare(path)
    os.close(sqlite_file.lock(path))
    sqlite_file.connect(path).close()


def refusal(path: Path) -> str:
    """Return why a database is not opened."""
    with pytest.raises(StoreUnusableError) as refused:
        create(path)
    return str(refused.value)


def test_missing_directories_are_made(tmp_path: Path):
    """Opening creates the file and every directory above it."""
    path = tmp_path / "var" / "lib" / "parley.db"
    create(path)
    assert path.is_file()


def test_a_file_says_whose_it_is(path: Path):
    """A file carries our application id and the newest schema version."""
    create(path)
    with database(path) as connection:
        assert connection.execute("PRAGMA application_id").fetchone() == (sqlite_file.APPLICATION_ID,)
        assert connection.execute("PRAGMA user_version").fetchone() == (len(sqlite_file.LADDER),)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_an_empty_file_is_taken(path: Path):
    """A file without content, as `mktemp` makes it, becomes a database."""
    path.touch()
    create(path)


def test_a_newer_schema_is_refused(path: Path):
    """A database of a newer schema is refused, with both versions named."""
    create(path)
    with database(path) as connection:
        connection.execute("PRAGMA user_version = 999")
    assert refusal(path) == (
        f"{path} has schema 999 of a newer Parley; this one knows schemas up to {len(sqlite_file.LADDER)}"
    )


def test_a_file_that_is_no_database_is_refused_unchanged(path: Path):
    """A file of another kind is refused and not written to."""
    content = b"Dear diary, today I was mistaken for a database. " * 50
    path.write_bytes(content)
    assert refusal(path) == f"{path} is not an SQLite database"
    assert path.read_bytes() == content


@pytest.mark.parametrize("mark", ["CREATE TABLE notes (text)", "PRAGMA application_id = 7", "PRAGMA user_version = 7"])
def test_the_database_of_another_application_is_refused_unchanged(path: Path, mark: str):
    """An SQLite database with content or a mark that is not ours is refused and not written to."""
    with database(path) as connection:
        connection.execute(mark)
    content = path.read_bytes()
    assert refusal(path) == f"{path} is the database of another application"
    assert path.read_bytes() == content


def test_a_directory_is_refused(tmp_path: Path):
    """A path that is a directory is refused."""
    assert refusal(tmp_path) == f"{tmp_path} is a directory, not a database file"


def test_a_directory_that_cannot_be_made_is_refused(tmp_path: Path):
    """A path below a file is refused with the system's reason."""
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "var" / "parley.db"
    assert (refusal(path)).startswith(f"{path} cannot be opened: [Errno 20] Not a directory")


@pytest.mark.parametrize("name", ["parley.db", "var/parley.db"])
def test_a_directory_that_cannot_be_written_is_refused(name: str):
    """A file or a directory that may not be created is refused with the system's reason."""
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o555)
        path = Path(directory, name)
        with unprivileged():
            reason = refusal(path)
        os.chmod(directory, 0o700)
    assert reason.startswith(f"{path} cannot be opened: [Errno 13] Permission denied")


def test_a_file_that_cannot_be_written_is_refused():
    """A database that may only be read is refused when it is opened, not at the first write."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "parley.db")
        create(path)
        for open_to_all in (directory, f"{path}.lock"):
            os.chmod(open_to_all, 0o777)
        path.chmod(0o444)
        with unprivileged():
            reason = refusal(path)
    assert reason == f"{path} cannot be opened: attempt to write a readonly database"


# migration


def schema(connection: sqlite3.Connection) -> list[tuple[str]]:
    return connection.execute("SELECT name FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY name").fetchall()


def test_an_older_schema_is_brought_up_to_date(path: Path):
    """The rungs above a file's version are climbed, those below are not, and what was stored is kept."""
    with database(path) as connection:
        sqlite_file.migrate(connection, path, [["CREATE TABLE one (n)", "INSERT INTO one VALUES (1)"]])
    ladder = [["never run again"], ["ALTER TABLE one ADD COLUMN m"], ["UPDATE one SET m = n + 1"]]
    with database(path) as connection:
        sqlite_file.migrate(connection, path, ladder)
        assert connection.execute("SELECT n, m FROM one").fetchall() == [(1, 2)]
        assert connection.execute("PRAGMA user_version").fetchone() == (3,)


def test_a_migration_that_fails_changes_nothing(path: Path):
    """All rungs are climbed in one transaction: if one breaks, the file is what it was."""
    ladder = [["CREATE TABLE one (n)"]]
    with database(path) as connection:
        sqlite_file.migrate(connection, path, ladder)
        ladder += [["CREATE TABLE two (n)"], ["CREATE TABLE three (n)", "no SQL"]]
        with pytest.raises(sqlite3.OperationalError):
            sqlite_file.migrate(connection, path, ladder)
        assert schema(connection) == [("one",)]
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)


def test_a_file_that_is_up_to_date_is_not_written(path: Path):
    """Opening a database of the newest schema changes nothing in it."""
    create(path)
    content = path.read_bytes()
    create(path)
    assert path.read_bytes() == content
