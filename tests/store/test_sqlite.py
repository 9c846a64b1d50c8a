"""What the SQLite store guarantees beyond the contract: that it keeps what it acknowledged, and keeps going."""

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from app.domain.errors import Conflict, Unavailable
from app.store import sqlite_file, sqlite_queries
from app.store.base import StoreUnusableError
from app.store.sqlite import SQLiteStore
from tests.store.records import HAN, MAILBOX, OBI, add_friends, message, stored, user

ROOT = Path(__file__).parents[2]


@asynccontextmanager
async def opened(path: Path | None, *, exclusive: bool = True) -> AsyncIterator[SQLiteStore]:
    store = SQLiteStore(path, exclusive=exclusive)
    await store.open()
    try:
        yield store
    finally:
        await store.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "parley.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SQLiteStore]:
    async with opened(path) as store:
        yield store


@contextmanager
def busy(path: Path) -> Iterator[sqlite3.Connection]:
    """Keep the store from committing, so that the calls made meanwhile queue up."""
    with ExitStack() as stack:
        connection = sqlite3.connect(path, isolation_level=None)
        stack.callback(connection.close)
        connection.execute("BEGIN IMMEDIATE")
        yield connection
        connection.execute("COMMIT")


@contextmanager
def burst(path: Path, callers: int) -> Iterator[subprocess.Popen[str]]:
    """Run `burst.py` and wait until its store is open."""
    command = [sys.executable, "-m", "tests.store.burst", str(path), str(callers)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "open\n"
            yield process
        finally:
            process.kill()


# durability


async def test_everything_is_kept_over_a_restart(path: Path):
    """A store opened again has the users, friendships, messages and confirmations of the one before."""
    first, second = message(HAN, to_friends=True), message(HAN, to_friends=True)
    async with opened(path) as store:
        await add_friends(store, HAN, OBI)
        await store.append(first)
        await store.append(second)
        await store.confirm(OBI, [first.id])
        before = await store.users([HAN, OBI])
    async with opened(path) as store:
        assert await store.users([HAN, OBI]) == before
        assert await store.pending(MAILBOX, OBI, 10) == [stored(second)]
        assert await store.history(MAILBOX, OBI, None, 10) == [stored(second), stored(first)]


async def test_close_leaves_one_complete_file(path: Path):
    """After `close` the log is part of the database file, so the file can be copied."""
    async with opened(path) as store:
        await store.add_user(user(HAN))
    assert sorted(found.name for found in path.parent.iterdir()) == ["parley.db", "parley.db.lock"]


async def test_kill_9_loses_nothing_acknowledged(path: Path):
    """Every append that was answered before the process was killed is there after it, and the lock is free."""
    with burst(path, callers=20) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(500)]
        process.send_signal(signal.SIGKILL)
        lines += process.stdout.readlines()
        assert process.wait() == -signal.SIGKILL
    acknowledged = {line.rstrip("\n") for line in lines if line.endswith("\n")}
    async with opened(path) as store:
        found = {new.id for new in await store.pending(MAILBOX, OBI, 1_000_000)}
    assert len(acknowledged) >= 500
    assert acknowledged <= found


async def test_a_full_disk_is_unavailable_until_there_is_room(path: Path):
    """What finds no room is refused with `Unavailable` and not stored; with room again the store goes on."""
    command = [sys.executable, "-m", "tests.store.full_disk", str(path)]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=subprocess.PIPE)
    output, _ = await process.communicate()
    assert process.returncode == 0
    told = json.loads(output)
    assert told["refused"]
    assert told["errors"] == [["Unavailable", "OperationalError"]]
    async with opened(path) as store:
        found = await store.pending(MAILBOX, OBI, 100_000)
    assert found[0].text == "there is room again"
    assert [new.id for new in reversed(found)] == told["stored"]
    assert 1 <= len(told["logged"]) < len(told["refused"])


# group commit


async def test_concurrent_calls_share_commits(store: SQLiteStore, path: Path):
    """50 calls that wait together are stored by at most two commits: the first call's, and the others'."""
    with busy(path):
        appends = [asyncio.create_task(store.append(message(HAN, OBI))) for _ in range(50)]
        await asyncio.sleep(0)  # each task runs up to its call
    await asyncio.gather(*appends)
    assert store.operations == 50
    assert store.commits <= 2


async def test_sequential_calls_have_a_commit_each(store: SQLiteStore):
    """A call alone is committed at once: nothing waits for company."""
    for _ in range(10):
        await store.append(message(HAN, OBI))
    assert (store.commits, store.operations) == (10, 10)


async def test_reads_are_no_commits(store: SQLiteStore):
    """The counters of a file's store count writes alone."""
    await store.ping()
    await store.pending(MAILBOX, OBI, 10)
    assert (store.commits, store.operations) == (0, 0)


async def test_a_failing_call_fails_alone_in_its_transaction(store: SQLiteStore, path: Path):
    """Of calls in one transaction the one that raises is undone, those before and after it are committed."""
    await store.add_user(user(HAN))
    news = [message(HAN, OBI) for _ in range(20)]
    with busy(path):
        calls = [asyncio.ensure_future(store.append(new)) for new in news[:10]]
        conflict = asyncio.ensure_future(store.add_user(user(HAN)))
        calls += [asyncio.ensure_future(store.append(new)) for new in news[10:]]
        await asyncio.sleep(0)
    with pytest.raises(Conflict):
        await conflict
    assert await asyncio.gather(*calls) == [(OBI,)] * 20
    assert store.commits <= 3
    assert await store.pending(MAILBOX, OBI, 50) == [stored(new) for new in reversed(news)]


async def test_a_cancelled_caller_takes_nobody_along(store: SQLiteStore, path: Path):
    """A caller that is cancelled while its call waits harms no other; the call itself is not taken back."""
    news = [message(HAN, OBI, text=str(i)) for i in range(20)]
    with busy(path):
        appends = [asyncio.create_task(store.append(new)) for new in news]
        await asyncio.sleep(0)
        appends[0].cancel()
        appends[7].cancel()
        await asyncio.sleep(0)
    results = await asyncio.gather(*appends, return_exceptions=True)
    assert [i for i, result in enumerate(results) if result != (OBI,)] == [0, 7]
    assert isinstance(results[7], asyncio.CancelledError)
    assert await store.pending(MAILBOX, OBI, 50) == [stored(new) for new in reversed(news)]


async def test_a_programming_error_is_the_callers_own(store: SQLiteStore, path: Path):
    """An error that is no failure of the engine reaches its caller as it is, and the thread goes on."""
    good, bad = message(HAN, OBI), message(HAN, OBI, text="\ud800")
    with busy(path):
        calls = [asyncio.create_task(store.append(new)) for new in (good, bad)]
        await asyncio.sleep(0)
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert results[0] == (OBI,)
    assert isinstance(results[1], UnicodeEncodeError)
    assert await store.pending(MAILBOX, OBI, 10) == [stored(good)]


async def test_a_failure_of_the_engine_is_unavailable(store: SQLiteStore, path: Path, caplog: pytest.LogCaptureFixture):
    """Calls that SQLite refuses raise `Unavailable` with its error as the cause, logged once; others succeed."""
    with busy(path) as connection:
        connection.execute("ALTER TABLE messages RENAME TO lost")
        appends = [asyncio.create_task(store.append(message(HAN, OBI))) for _ in range(20)]
        await asyncio.sleep(0)
    results = await asyncio.gather(*appends, return_exceptions=True)
    assert all(isinstance(result, Unavailable) for result in results)
    assert all(isinstance(result.__cause__, sqlite3.OperationalError) for result in results)  # pyright: ignore  (gathered results may be errors)
    assert 1 <= len(caplog.records) <= 2
    assert "no such table" in caplog.text
    with pytest.raises(Unavailable):
        await store.pending(MAILBOX, OBI, 1)
    await store.add_user(user(HAN))


async def test_callers_of_several_loops_are_answered_on_their_own(store: SQLiteStore, path: Path):
    """A call from another event loop is answered there."""

    def elsewhere() -> None:
        asyncio.run(asyncio.wait_for(store.append(message(HAN, OBI)), 5))

    await asyncio.gather(store.append(message(HAN, OBI)), asyncio.to_thread(elsewhere))
    assert len(await store.pending(MAILBOX, OBI, 10)) == 2


# what statements cost


@pytest.mark.parametrize(
    ("statement", "parameters"),
    [
        (sqlite_queries.PENDING, ("friends", HAN, 10)),
        (sqlite_queries.OLDEST, ("friends", HAN, 10)),
        (sqlite_queries.HISTORY, ("friends", HAN, 10, "id", "")),
        (sqlite_queries.RECENT, ("friends", HAN, 10, "id", "")),
        (sqlite_queries.SENDERS, ("friends", HAN)),
        (sqlite_queries.RECEIVED, ("friends", HAN, OBI, "id", 10)),
        (sqlite_queries.CONFIRM, ("[]",)),
        (sqlite_queries.CONFIRM_OF, (HAN, "[]")),
        (sqlite_queries.UNFRIEND, (HAN, OBI)),
    ],
    ids=["pending", "oldest", "history", "recent", "senders", "received", "confirm", "confirm of", "unfriend"],
)
def test_no_statement_scans_or_sorts_a_table(statement: str, parameters: tuple[object, ...]):
    """The cost of a statement depends on what it returns or changes, not on how much is stored."""
    connection = sqlite_file.connect(None)
    try:
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)]
    finally:
        connection.close()
    assert [step for step in plan if step.startswith("SCAN") and "VIRTUAL TABLE" not in step] == []
    assert [step for step in plan if "TEMP B-TREE" in step] == []


def test_pending_reads_what_is_pending_alone():
    """`pending` walks the index that holds pending entries and no others."""
    connection = sqlite_file.connect(None)
    try:
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sqlite_queries.PENDING}", ("", "", 1))]
    finally:
        connection.close()
    assert any("INDEX pending_entries (user_id=? AND mailbox=?)" in step for step in plan)


# one server a file


async def test_a_file_is_one_servers(store: SQLiteStore, path: Path):
    """A second store of the same file does not open while the first is open, and does once it is closed."""
    with pytest.raises(StoreUnusableError, match=r"parley\.db is in use by another Parley server"):
        await SQLiteStore(path).open()
    await store.ping()
    await store.close()
    async with opened(path) as second:
        await second.ping()


async def test_a_file_is_one_servers_under_any_name(store: SQLiteStore, path: Path):
    """A symbolic link to a file in use does not open either."""
    link = path.with_name("link.db")
    link.symlink_to(path)
    with pytest.raises(StoreUnusableError, match="in use by another Parley server"):
        await SQLiteStore(link).open()


async def test_a_killed_server_leaves_no_lock(path: Path):
    """The lock of a server ends with its process, also by SIGKILL."""
    with burst(path, callers=0) as process:
        with pytest.raises(StoreUnusableError, match="in use by another Parley server"):
            await SQLiteStore(path).open()
        process.kill()
        process.wait()
        async with opened(path) as store:
            await store.ping()


async def test_a_command_may_write_beside_a_server(store: SQLiteStore, path: Path):
    """A store that is not exclusive opens beside another and each sees what the other stores."""
    async with opened(path, exclusive=False) as command:
        await command.add_user(user(HAN))
        assert await store.user(HAN) == user(HAN)
        await store.add_user(user(OBI))
        assert await command.user(OBI) == user(OBI)


@pytest.fixture
def diary(path: Path) -> Path:
    """Return the path of a file that is no database."""
    path.write_text("Dear diary, today I was mistaken for a database. " * 50)
    return path


async def test_a_store_that_failed_to_open_holds_nothing(diary: Path):
    """After `StoreUnusableError` calls are `Unavailable`, `close` works, and the file is not locked."""
    store = SQLiteStore(diary)
    for _ in range(2):
        with pytest.raises(StoreUnusableError, match="is not an SQLite database"):
            await store.open()
    with pytest.raises(Unavailable):
        await store.ping()
    await store.close()
    os.close(sqlite_file.lock(diary))
