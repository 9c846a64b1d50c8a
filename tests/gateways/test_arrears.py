"""`app.gateways.arrears.Arrears`: what is done late rather than never."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import pytest

from app.domain.errors import Unavailable
from app.gateways import arrears
from app.gateways.arrears import Arrears
from tests.waiting import until


class Case:
    """Arrears whose seconds pass in no time, and what was done.

    Attributes:
        done: what was, in order.
        down: nothing can be done.
        tried: how often something was tried.

    """

    def __init__(self) -> None:
        self.done: list[str] = []
        self.down = True
        self.tried = 0
        self.arrears = Arrears(self._sleep)

    def chore(self, name: str, error: Exception | None = None) -> Callable[[], Coroutine[Any, Any, None]]:
        """Return what does something, or raises."""

        async def do() -> None:
            self.tried += 1
            if self.down:
                raise Unavailable
            if error:
                raise error
            self.done.append(name)

        return do

    async def do(self, key: str, error: Exception | None = None) -> None:
        """Have something done."""
        await self.arrears.do(key, self.chore(key), self.chore(f"{key} late", error))

    async def _sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)


@pytest.fixture
async def case() -> AsyncIterator[Case]:
    case = Case()
    yield case
    await case.arrears.close()


async def test_what_can_be_done_is_done_at_once(case: Case):
    """And not again."""
    case.down = False
    await case.do("a")
    assert (case.done, case.arrears._paying) == (["a"], None)


async def test_what_could_not_be_done_is_done_when_it_can_be(case: Case):
    """All of it, each once, however often it was tried."""
    await case.do("a")
    await case.do("b")
    await until(lambda: case.tried > 6)
    assert case.done == []
    case.down = False
    await until(lambda: case.arrears._paying is None)
    assert sorted(case.done) == ["a late", "b late"]


async def test_what_is_done_later_takes_the_place_of_what_is_due(case: Case):
    """The last word about something is the right one."""
    await case.do("a")
    case.down = False
    await case.do("a")
    await until(lambda: case.arrears._paying is None)
    assert case.done == ["a"]


async def test_what_fails_for_another_reason_is_given_up(case: Case):
    """The others are done."""
    await case.do("a", RuntimeError("a bug"))
    await case.do("b")
    case.down = False
    await until(lambda: case.arrears._paying is None)
    assert case.done == ["b late"]


async def test_no_more_is_due_than_so_much(case: Case, monkeypatch: pytest.MonkeyPatch):
    """What comes then is given up: what is lost is lost for those who came last."""
    monkeypatch.setattr(arrears, "MOST", 2)
    for key in "abc":
        await case.do(key)
    case.down = False
    await until(lambda: case.arrears._paying is None)
    assert sorted(case.done) == ["a late", "b late"]


async def test_nothing_is_done_after_close(case: Case):
    """The task has ended when `close` returns."""
    await case.do("a")
    await case.arrears.close()
    case.down = False
    tried = case.tried
    await asyncio.sleep(0)
    assert (case.tried, case.done) == (tried, [])
