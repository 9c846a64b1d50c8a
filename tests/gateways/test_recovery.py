"""`app.gateways.recovery.Recovery`: who is recovered, when, and how often."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from app.domain.errors import Unavailable
from app.gateways.recovery import AT_ONCE, Recovery
from tests.waiting import until


class Case:
    """A recovery that the test answers for.

    Attributes:
        running: the users who are being recovered, with the future that ends it.
        begun: each user whose recovery began, in order.

    """

    def __init__(self) -> None:
        self.running: dict[str, asyncio.Future[None]] = {}
        self.begun: list[str] = []
        self.slept = 0
        self.recovery = Recovery(self._recover, self._sleep)

    async def _recover(self, user: str) -> None:
        assert user not in self.running, "two recoveries of one user at the same time"
        self.begun.append(user)
        self.running[user] = asyncio.get_running_loop().create_future()
        try:
            await self.running[user]
        finally:
            del self.running[user]

    async def _sleep(self, seconds: float) -> None:
        self.slept += 1
        await asyncio.sleep(0)

    def finish(self, user: str, error: Exception | None = None) -> None:
        if error:
            self.running[user].set_exception(error)
        else:
            self.running[user].set_result(None)


@pytest.fixture
async def case() -> AsyncIterator[Case]:
    case = Case()
    yield case
    await case.recovery.close()


async def test_who_is_wanted_is_recovered_once(case: Case):
    """However often before it begins."""
    for _ in range(3):
        case.recovery.want("ann")
    await until(lambda: "ann" in case.running)
    case.finish("ann")
    await until(lambda: not case.recovery._workers)
    assert case.begun == ["ann"]


async def test_who_is_wanted_during_the_recovery_is_recovered_again_after_it(case: Case):
    """What is running may have looked too early; it can tell."""
    case.recovery.want("ann")
    await until(lambda: "ann" in case.running)
    assert not case.recovery.outdated("ann")
    case.recovery.want("ann")
    case.recovery.want("ann")
    assert case.recovery.outdated("ann")
    case.finish("ann")
    await until(lambda: case.begun == ["ann", "ann"])
    assert not case.recovery.outdated("ann")
    case.finish("ann")
    await until(lambda: not case.recovery._workers)
    assert case.begun == ["ann", "ann"]


@pytest.mark.parametrize("error", [Unavailable(), RuntimeError("a bug")])
async def test_a_recovery_that_fails_is_tried_again(case: Case, error: Exception):
    """After a pause, until it succeeds: a user's sockets wait for it."""
    case.recovery.want("ann")
    await until(lambda: "ann" in case.running)
    case.finish("ann", error)
    await until(lambda: case.begun == ["ann", "ann"])
    assert case.slept == 1
    case.finish("ann")
    await until(lambda: not case.recovery._workers)


async def test_a_few_are_recovered_at_a_time(case: Case):
    """The others wait their turn, and all have it."""
    users = [f"user{i}" for i in range(3 * AT_ONCE)]
    for user in users:
        case.recovery.want(user)
    most = 0
    while len(case.begun) < len(users) or case.running:
        await until(lambda: case.running)
        most = max(most, len(case.running))
        case.finish(next(iter(case.running)))
        await asyncio.sleep(0)
    assert most == AT_ONCE
    assert sorted(case.begun) == sorted(users)


async def test_nobody_is_recovered_after_close(case: Case):
    """What is running is cancelled, and nothing begins."""
    case.recovery.want("ann")
    await until(lambda: "ann" in case.running)
    await case.recovery.close()
    case.recovery.want("bob")
    assert (case.running, case.begun, case.recovery._workers) == ({}, ["ann"], set())
