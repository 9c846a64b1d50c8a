"""The threads below the SQLite store, with operations made to fail where the store's own do not."""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import pytest

from app.domain.errors import Unavailable
from app.store.group_commit import BATCH_LIMIT, GroupCommit, Worker


class Refused(Exception):
    """Raised by an operation on purpose."""


def connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)


def insert(connection: sqlite3.Connection, numbers: Sequence[int]) -> list[int]:
    connection.executemany("INSERT INTO numbers VALUES (?, NULL)", [(number,) for number in numbers])
    return list(numbers)


def insert_and_raise(connection: sqlite3.Connection, numbers: Sequence[int]) -> list[int]:
    insert(connection, numbers)
    raise Refused


def insert_orphan(connection: sqlite3.Connection, numbers: Sequence[int]) -> list[int]:
    """Insert what only the commit refuses."""
    connection.executemany("INSERT INTO numbers VALUES (?, -1)", [(number,) for number in numbers])
    return list(numbers)


def misuse(connection: sqlite3.Connection, _: Sequence[None]) -> list[None]:
    connection.execute("SELECT ?", ())
    return []


def stored(connection: sqlite3.Connection, _: Sequence[None]) -> list[list[int]]:
    return [[number for (number,) in connection.execute("SELECT number FROM numbers ORDER BY number")]]


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the write lock of the database."""
    with contextlib.closing(connect(path)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield


async def ended(worker: Worker) -> None:
    worker.stop()
    await asyncio.to_thread(worker.join)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of a database whose rows may refer to rows, which is checked at the commit."""
    path = tmp_path / "numbers.db"
    with contextlib.closing(connect(path)) as connection:
        connection.execute(
            "CREATE TABLE numbers (number INTEGER PRIMARY KEY,"
            " parent INTEGER REFERENCES numbers DEFERRABLE INITIALLY DEFERRED)"
        )
    return path


@pytest.fixture
async def writer(path: Path) -> AsyncIterator[GroupCommit]:
    connection = connect(path)
    connection.execute("PRAGMA foreign_keys = ON")
    writer = GroupCommit(connection, "writer")
    yield writer
    await ended(writer)


async def test_a_call_that_raises_is_undone(writer: GroupCommit):
    """What an operation changed before it raised is rolled back; calls before and after it are committed."""
    results = await asyncio.gather(
        writer.submit(insert, 1),
        writer.submit(insert_and_raise, 2),
        writer.submit(insert, 3),
        return_exceptions=True,
    )
    assert results[::2] == [1, 3]
    assert isinstance(results[1], Refused)
    assert await writer.submit(stored, None) == [1, 3]


async def test_a_commit_that_fails_is_unavailable_to_its_whole_batch(
    writer: GroupCommit, caplog: pytest.LogCaptureFixture
):
    """If the commit is refused nothing of the batch is stored, the cause is logged once, and the thread goes on."""
    with pytest.raises(Unavailable) as refused:
        await writer.submit(insert_orphan, 1)
    assert isinstance(refused.value.__cause__, sqlite3.IntegrityError)
    assert [record.name for record in caplog.records] == ["parley.store"]
    assert await writer.submit(insert, 2) == 2
    assert await writer.submit(stored, None) == [2]


async def test_a_transaction_that_cannot_begin_is_unavailable(writer: GroupCommit, path: Path):
    """While another process holds the lock for too long calls raise `Unavailable`; later ones succeed."""
    with locked(path):
        with pytest.raises(Unavailable) as refused:
            await writer.submit(insert, 1)
        assert "locked" in str(refused.value.__cause__)
    assert await writer.submit(insert, 1) == 1
    assert (writer.commits, writer.operations) == (1, 1)


async def test_a_misuse_of_the_engine_is_the_callers_own(writer: GroupCommit):
    """A wrong use of sqlite3 is a programming error, not an engine that is unavailable."""
    with pytest.raises(sqlite3.ProgrammingError):
        await writer.submit(misuse, None)
    assert await writer.submit(insert, 1) == 1


async def test_a_transaction_has_a_bound(writer: GroupCommit):
    """However many calls wait, no more than `BATCH_LIMIT` share a commit, and all are answered in order."""
    numbers = range(3 * BATCH_LIMIT)
    assert await asyncio.gather(*(writer.submit(insert, number) for number in numbers)) == list(numbers)
    assert writer.operations == 3 * BATCH_LIMIT
    assert writer.commits >= 3


async def test_a_stopped_worker_serves_what_it_was_given(writer: GroupCommit):
    """`stop` refuses new calls with `Unavailable`; those before it are answered."""
    before = [writer.submit(insert, number) for number in range(2 * BATCH_LIMIT)]
    writer.stop()
    with pytest.raises(Unavailable):
        writer.submit(insert, -1)
    assert await asyncio.gather(*before) == list(range(2 * BATCH_LIMIT))


def test_a_caller_whose_loop_is_gone_is_passed_over(path: Path):
    """A call whose event loop was closed before the answer is done, and the thread goes on."""
    writer = GroupCommit(connect(path), "writer")
    gone = asyncio.new_event_loop()

    async def leave() -> None:
        writer.submit(insert, 1)

    gone.run_until_complete(leave())
    gone.close()

    async def count() -> list[int]:
        return await writer.submit(stored, None)

    loop = asyncio.new_event_loop()
    assert loop.run_until_complete(count()) == [1]
    loop.close()
    writer.stop()
    writer.join()
