"""Threads that own an SQLite connection each, and the group commit of the one that writes.

    Worker              a queue, a thread, a connection; answers go back to the event loops in batches
     ├─ Reader          runs each call by itself
     └─ GroupCommit     runs what has arrived in one transaction

A durable commit costs a flush of the disk, whatever is in it. While one is under way the calls that arrive wait in
the queue, and then share the next one: the busier the store, the less a call costs. Nobody waits for a timer.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import Any, TypeAlias, TypeVar

from app.domain.errors import NotSent, Unavailable

__all__ = ["BATCH_LIMIT", "GroupCommit", "Operation", "Reader", "Worker", "each"]

BATCH_LIMIT = 256
"""The most calls that share a transaction: a bound on how long the first of them waits for the last."""

A = TypeVar("A")
R = TypeVar("R")

Operation: TypeAlias = Callable[[sqlite3.Connection, Sequence[A]], Sequence[R]]
"""What a call runs: takes the arguments of calls that came one after the other, returns a result for each.

It may be run a second time after a rollback, so all it changes is in the database.
"""

_Call: TypeAlias = tuple["asyncio.Future[Any]", Operation[Any, Any], Any]
_Outcome: TypeAlias = tuple["asyncio.Future[Any]", Any, Exception | None]

log = logging.getLogger("parley.store")


def each(call: Callable[[sqlite3.Connection, A], R]) -> Operation[A, R]:
    """Make an operation of a function that serves one call."""

    def run(connection: sqlite3.Connection, arguments: Sequence[A]) -> list[R]:
        return [call(connection, argument) for argument in arguments]

    return run


class Worker:
    """A thread that serves calls in the order in which they were submitted.

    Args:
        connection: used and closed by the thread alone from now on.
        name: of the thread.

    """

    def __init__(self, connection: sqlite3.Connection, name: str) -> None:
        self._connection = connection
        self._calls: queue.SimpleQueue[_Call | None] = queue.SimpleQueue()
        self._stopped = False
        self._order = threading.Lock()
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)
        self._thread.start()

    def submit(self, operation: Operation[A, R], argument: A) -> asyncio.Future[R]:
        """Queue a call and return the future of its result. Cancelling the future does not take the call back.

        Raise `NotSent` after `stop`.
        """
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        with self._order:
            if self._stopped:
                raise NotSent
            self._calls.put((future, operation, argument))
        return future

    def stop(self) -> None:
        """Take no more calls. Those that were submitted are still served, then the connection is closed."""
        with self._order:
            if not self._stopped:
                self._stopped = True
                self._calls.put(None)

    def join(self) -> None:
        """Block until the thread has ended; `stop` comes first."""
        self._thread.join()

    def _serve(self) -> None:
        with contextlib.closing(self._connection):
            while batch := self._next_batch():
                _deliver(self._run(batch))
            self._finish()

    def _next_batch(self) -> list[_Call]:
        """Wait for a call, and return it with those that are queued behind it; nothing if there will be no more."""
        first = self._calls.get()
        if first is None:
            return []
        batch = [first]
        for _ in range(min(self._calls.qsize(), BATCH_LIMIT - 1)):
            call = self._calls.get_nowait()
            if call is None:
                self._calls.put(None)
                break
            batch.append(call)
        return batch

    def _run(self, batch: list[_Call]) -> list[_Outcome]:
        raise NotImplementedError

    def _finish(self) -> None:
        """Do what is left to do before the connection is closed."""


class Reader(Worker):
    """Serves reads, each of which sees everything that was committed before it began."""

    def _run(self, batch: list[_Call]) -> list[_Outcome]:
        outcomes = [self._read(*call) for call in batch]
        _log_refusal(outcomes)
        return outcomes

    def _read(self, future: asyncio.Future[Any], operation: Operation[Any, Any], argument: Any) -> _Outcome:
        try:
            return future, operation(self._connection, (argument,))[0], None
        except Exception as error:
            return future, None, _surfaced(error)


class GroupCommit(Worker):
    """Serves calls in transactions: a call is answered after the commit that made it durable.

    A batch is first run in the cheapest way: calls of one operation that follow each other in one go. If anything
    fails, all is rolled back and each call is run by itself behind a savepoint, so it fails alone.

    Attributes:
        commits: transactions committed since the start.
        operations: calls that took part in them.

    """

    def __init__(self, connection: sqlite3.Connection, name: str) -> None:
        self.commits = 0
        self.operations = 0
        super().__init__(connection, name)

    def _run(self, batch: list[_Call]) -> list[_Outcome]:
        try:
            outcomes = self._transaction(batch)
        except Exception as error:
            self._roll_back()
            outcomes: list[_Outcome] = [(future, None, _unavailable(error)) for future, _, _ in batch]
        else:
            self.commits += 1
            self.operations += len(batch)
        _log_refusal(outcomes)
        return outcomes

    def _transaction(self, batch: list[_Call]) -> list[_Outcome]:
        execute = self._connection.execute
        execute("BEGIN IMMEDIATE")
        try:
            outcomes = self._together(batch)
        except Exception:
            self._roll_back()
            execute("BEGIN IMMEDIATE")
            outcomes = [self._alone(*call) for call in batch]
        execute("COMMIT")
        return outcomes

    def _together(self, batch: list[_Call]) -> list[_Outcome]:
        outcomes: list[_Outcome] = []
        for operation, group in groupby(batch, key=_operation):
            calls = list(group)
            results = operation(self._connection, [argument for _, _, argument in calls])
            outcomes += [(call[0], result, None) for call, result in zip(calls, results, strict=True)]
        return outcomes

    def _alone(self, future: asyncio.Future[Any], operation: Operation[Any, Any], argument: Any) -> _Outcome:
        self._connection.execute("SAVEPOINT call")
        outcome: _Outcome
        try:
            outcome = future, operation(self._connection, (argument,))[0], None
        except Exception as error:
            if not self._connection.in_transaction:
                raise  # SQLite gave the whole transaction up: no room, an I/O error
            self._connection.execute("ROLLBACK TO call")
            outcome = future, None, _surfaced(error)
        self._connection.execute("RELEASE call")
        return outcome

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            with contextlib.suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")

    def _finish(self) -> None:
        try:
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as error:
            log.warning("checkpoint failed, the next start makes up for it: %s", error)


def _operation(call: _Call) -> Operation[Any, Any]:
    return call[1]


def _surfaced(error: Exception) -> Exception:
    """Return what the caller is told: `Unavailable` if the engine failed, anything else as it is."""
    if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.ProgrammingError):
        return _unavailable(error)
    return error


def _unavailable(cause: Exception) -> Unavailable:
    error = Unavailable()
    error.__cause__ = cause
    return error


def _log_refusal(outcomes: Iterable[_Outcome]) -> None:
    refused = [error for _, _, error in outcomes if isinstance(error, Unavailable)]
    if refused:
        log.error("%d calls failed: %r", len(refused), refused[0].__cause__)


def _deliver(outcomes: list[_Outcome]) -> None:
    by_loop: dict[asyncio.AbstractEventLoop, list[_Outcome]] = {}
    for outcome in outcomes:
        by_loop.setdefault(outcome[0].get_loop(), []).append(outcome)
    for loop, share in by_loop.items():
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits there any more
            loop.call_soon_threadsafe(_resolve, share)


def _resolve(outcomes: list[_Outcome]) -> None:
    for future, result, error in outcomes:
        if future.done():
            continue
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)
