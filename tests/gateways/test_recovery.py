"""`app.gateways.recovery.Recovery`: who is recovered, when, and how often."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from app.domain.errors import Unavailable
from app.gateways.recovery import AT_ONCE, LONGEST_RETRY, RETRY, TOGETHER, Recovery
from tests.waiting import until


class Case:
    """A recovery that the test answers for.

    Attributes:
        running: those that are under way: their users, and the future that ends it.
        begun: the users of each that began, in order.
        rests: how long it waited, each time.

    """

    def __init__(self) -> None:
        self.running: dict[tuple[str, ...], asyncio.Future[None]] = {}
        self.begun: list[tuple[str, ...]] = []
        self.rests: list[float] = []
        self.recovery = Recovery(self._recover, self._sleep)

    async def _recover(self, users: list[str]) -> None:
        assert not set(users) & {user for others in self.running for user in others}, "one user twice at a time"
        self.begun.append(tuple(users))
        self.running[tuple(users)] = asyncio.get_running_loop().create_future()
        try:
            await self.running[tuple(users)]
        finally:
            del self.running[tuple(users)]

    async def _sleep(self, seconds: float) -> None:
        self.rests.append(seconds)
        await asyncio.sleep(0)

    async def begins(self, *users: str) -> None:
        """Wait until a recovery of these users is under way."""
        await until(lambda: users in self.running)

    async def finish(self, *users: str, error: Exception | None = None) -> None:
        """End the recovery of these users, and let what follows begin."""
        if error:
            self.running[users].set_exception(error)
        else:
            self.running[users].set_result(None)
        await asyncio.sleep(0)


@pytest.fixture
async def case() -> AsyncIterator[Case]:
    case = Case()
    yield case
    await case.recovery.close()


async def test_who_is_wanted_is_recovered_once(case: Case):
    """However often before it begins, and together with others."""
    for user in ("ann", "bob", "ann"):
        case.recovery.want(user)
    await case.begins("ann", "bob")
    await case.finish("ann", "bob")
    await until(lambda: not case.recovery._workers)
    assert case.begun == [("ann", "bob")]


async def test_who_is_wanted_during_the_recovery_is_recovered_again_after_it(case: Case):
    """What is under way may have looked too early; it can tell for each."""
    for user in ("ann", "bob"):
        case.recovery.want(user)
    await case.begins("ann", "bob")
    assert not case.recovery.outdated("ann")
    for user in ("ann", "ann", "eve"):
        case.recovery.want(user)
    assert [case.recovery.outdated(user) for user in ("ann", "bob", "eve")] == [True, False, False]
    await case.begins("eve")
    await case.finish("eve")
    await case.finish("ann", "bob")
    await case.begins("ann")
    assert not case.recovery.outdated("ann")
    await case.finish("ann")
    await until(lambda: not case.recovery._workers)
    assert case.begun == [("ann", "bob"), ("eve",), ("ann",)]


@pytest.mark.parametrize("error", [Unavailable(), RuntimeError("a bug")])
async def test_a_recovery_that_fails_is_tried_again(case: Case, error: Exception):
    """After a pause, until it succeeds: the users' sockets wait for it."""
    case.recovery.want("ann")
    await case.begins("ann")
    await case.finish("ann", error=error)
    await until(lambda: len(case.begun) == 2)
    assert case.rests == [RETRY]
    await case.finish("ann")
    await until(lambda: not case.recovery._workers)


@pytest.mark.parametrize("error", [Unavailable(), KeyError("surname")])
async def test_one_who_cannot_be_recovered_keeps_nobody_else_waiting(case: Case, error: Exception):
    """After many could not be recovered together each is tried alone, and only whom it fails for again has to rest."""
    users = ["odd", *(f"user{number}" for number in range(TOGETHER - 1))]
    for user in users:
        case.recovery.want(user)
    await case.begins(*users)
    await case.finish(*users, error=error)
    recovered: set[str] = set()
    while len(recovered) < TOGETHER - 1:
        await until(lambda: case.running)
        (user,) = next(iter(case.running))
        if user != "odd":
            recovered.add(user)
        await case.finish(user, error=error if user == "odd" else None)
    await case.begins("odd")
    await case.finish("odd")
    for user in users[1:3]:
        case.recovery.want(user)
    await case.begins(*users[1:3])
    await case.finish(*users[1:3])


async def test_who_cannot_be_recovered_is_tried_less_and_less_often(case: Case):
    """Each rest is twice as long, up to the longest; once it succeeds all is as it was."""
    case.recovery.want("odd")
    for attempt in range(6):
        await until(lambda attempt=attempt: len(case.begun) == attempt + 1)
        await case.finish("odd", error=KeyError("surname") if attempt < 5 else None)
    assert case.rests == [min(RETRY * 2**failed, LONGEST_RETRY) for failed in range(5)]
    case.recovery.want("odd")
    await case.begins("odd")
    await case.finish("odd", error=Unavailable())
    await case.begins("odd")
    await case.finish("odd")
    assert case.rests[5:] == [RETRY]


async def test_many_are_recovered_in_few_requests(case: Case):
    """So many users in one, so many requests at a time, and all have their turn."""
    users = [f"user{number}" for number in range(2 * AT_ONCE * TOGETHER)]
    for user in users:
        case.recovery.want(user)
    most = 0
    while len(case.begun) < 2 * AT_ONCE or case.running:
        await until(lambda: case.running)
        most = max(most, len(case.running))
        await case.finish(*next(iter(case.running)))
    assert most <= AT_ONCE
    assert [len(users) for users in case.begun] == [TOGETHER] * 2 * AT_ONCE
    assert sorted(user for users in case.begun for user in users) == sorted(users)


async def test_who_is_wanted_as_the_last_recovery_ends_is_recovered(case: Case):
    """Though all that may be under way at a time are ending at that very moment."""
    users = [f"user{number}" for number in range(AT_ONCE * TOGETHER)]
    for user in users:
        case.recovery.want(user)
    await until(lambda: len(case.running) == AT_ONCE)
    for ending in case.running.values():
        ending.set_result(None)
    asyncio.get_running_loop().call_soon(case.recovery.want, "late")
    await case.begins("late")
    await case.finish("late")


async def test_nobody_is_recovered_after_close(case: Case):
    """What is under way is cancelled, and nothing begins."""
    case.recovery.want("ann")
    await case.begins("ann")
    await case.recovery.close()
    case.recovery.want("bob")
    assert (case.running, case.begun, case.recovery._workers) == ({}, [("ann",)], set())
