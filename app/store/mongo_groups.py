"""Writes that share a request to MongoDB.

A durable write costs a round trip and a flush, whatever is in it. While one is under way the calls that arrive wait
in a queue, and then share the next one: the busier the store, the less a call costs. Nobody waits for a timer.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

import pymongo
from pymongo.errors import PyMongoError

from app.domain.errors import NotSent, Unavailable
from app.store.breaker import Breaker

__all__ = ["GROUP_LIMIT", "QUEUE_LIMIT", "GroupedWrites", "Write"]

GROUP_LIMIT = 256
"""The most calls that share a request: a bound on how long the first of them waits for the last."""

QUEUE_LIMIT = 16_384
"""The most calls that wait: a bound on the memory that an engine which does not answer costs."""

A = TypeVar("A")
R = TypeVar("R")

Write: TypeAlias = Callable[[Sequence[A]], Awaitable[Sequence[R | Exception]]]
"""Does a group of calls: takes their arguments and returns an outcome for each, its result or its own exception.

A `PyMongoError` that it raises fails the whole group. Anything else comes before a write was sent, for the fault of
one call: then each is done by itself.
"""

log = logging.getLogger("parley.store")


@dataclass(slots=True, eq=False)
class _Call(Generic[A, R]):
    argument: A
    future: asyncio.Future[R]
    deadline: asyncio.TimerHandle | None = None
    sent: bool = False

    @property
    def expired(self) -> bool:
        """Whether the caller was told that it took too long; one who was cancelled was told nothing."""
        return self.future.done() and not self.future.cancelled()


class GroupedWrites(Generic[A, R]):
    """Does one group after the other, each of what was called while the one before was under way.

    Calls are done, and answered, in the order in which they were submitted. To be used in one event loop.

    Args:
        write: does a group.
        timeout: seconds from a call to `Unavailable`. What waits in the queue for that long is not done any more, which
            the caller is told by `NotSent`.
        breaker: while it refuses, calls fail at once, those that wait too.

    Attributes:
        commits: groups done since the start.
        operations: calls that they were made of.

    """

    def __init__(self, write: Write[A, R], timeout: float, breaker: Breaker) -> None:
        self.commits = 0
        self.operations = 0
        self._write = write
        self._timeout = timeout
        self._breaker = breaker
        self._queue: deque[_Call[A, R]] = deque()
        self._serving: asyncio.Task[None] | None = None

    def submit(self, argument: A) -> asyncio.Future[R]:
        """Queue a call and return the future of its result. Cancelling the future does not take the call back.

        Raise `NotSent` if too many wait, or the breaker refuses.
        """
        self._breaker.check()
        if len(self._queue) >= QUEUE_LIMIT:
            raise NotSent
        loop = asyncio.get_running_loop()
        call: _Call[A, R] = _Call(argument, loop.create_future())
        call.deadline = loop.call_later(self._timeout, _expire, call, self._timeout)
        self._queue.append(call)
        if self._serving is None:
            self._serving = loop.create_task(self._serve(), name="parley-store-writes")
        return call.future

    async def drain(self) -> None:
        """Return when every call that was submitted has been done, or has failed."""
        while self._serving is not None:
            await asyncio.wait({self._serving})

    async def _serve(self) -> None:
        try:
            while self._queue:
                group = self._next_group()
                if group:
                    _settle(group, await self._outcomes(group))
        finally:
            self._serving = None

    def _next_group(self) -> list[_Call[A, R]]:
        """Take what is queued, up to the limit and without the calls whose time is up."""
        group: list[_Call[A, R]] = []
        expired = 0
        while self._queue and len(group) < GROUP_LIMIT:
            call = self._queue.popleft()
            if call.expired:
                expired += 1
            else:
                group.append(call)
        if expired:
            log.error("%d calls were not made: those before them took %g s", expired, self._timeout)
        return group

    async def _outcomes(self, group: list[_Call[A, R]]) -> Sequence[R | Exception]:
        if self._breaker.refusing:
            return [_caused(NotSent(), ConnectionError("the engine gives no sign of life")) for _ in group]
        for call in group:
            call.sent = True
        try:
            with pymongo.timeout(self._timeout):
                outcomes = await self._together(group)
        except Exception as error:
            log.error("%d calls failed: %r", len(group), error)
            self._breaker.failed()
            return [_caused(Unavailable(), error) for _ in group]
        self.commits += 1
        self.operations += len(group)
        return outcomes

    async def _together(self, group: list[_Call[A, R]]) -> Sequence[R | Exception]:
        try:
            return await self._write([call.argument for call in group])
        except PyMongoError:
            raise
        except Exception:
            return [await self._alone(call) for call in group]

    async def _alone(self, call: _Call[A, R]) -> R | Exception:
        try:
            [outcome] = await self._write([call.argument])
        except PyMongoError:
            raise
        except Exception as error:
            return error
        return outcome


def _settle(group: Sequence[_Call[A, R]], outcomes: Sequence[R | Exception]) -> None:
    for call, outcome in zip(group, outcomes, strict=True):
        if call.deadline:
            call.deadline.cancel()
        if call.future.done():
            continue
        if isinstance(outcome, Exception):
            call.future.set_exception(outcome)
        else:
            call.future.set_result(outcome)


def _expire(call: _Call[A, R], timeout: float) -> None:
    if not call.future.done():
        error = Unavailable() if call.sent else NotSent()
        call.future.set_exception(_caused(error, TimeoutError(f"not done within {timeout:g} s")))


def _caused(error: Unavailable, cause: Exception) -> Unavailable:
    error.__cause__ = cause
    return error
