"""`app.domain.doubts.Doubts`: what became of messages that the store went silent about."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from app.domain.clock import Sequence
from app.domain.doubts import LOOKS, Doubts
from app.domain.errors import Unavailable
from app.store.base import NewMessage
from tests.waiting import until


class Silent:
    """A store that answers nothing but whether a message is stored, when it does.

    Attributes:
        there: ids that are stored.
        down: whether it does not answer.
        landing: a write that is carried out once the store was asked twice.
        asked: how often it was asked.

    """

    def __init__(self) -> None:
        self.there: set[str] = set()
        self.down = True
        self.landing: str | None = None
        self.asked = 0

    async def stored(self, message_id: str) -> bool:
        self.asked += 1
        if self.down:
            raise Unavailable
        if self.landing and self.asked > 2:
            self.there.add(self.landing)
        return message_id in self.there


class Case:
    """Doubts over a silent store, whose seconds pass in no time."""

    def __init__(self) -> None:
        self.ids = Sequence()
        self.store = Silent()
        self.found: list[NewMessage] = []
        self.refuse = 0
        self.doubts = Doubts(self._stored, self._found, self._sleep)

    def message(self) -> NewMessage:
        message_id, instant = self.ids.next()
        return NewMessage(message_id, "friends", "ann", "hello", instant)

    async def _stored(self, message: NewMessage) -> bool:
        return await self.store.stored(message.id)

    async def _found(self, message: NewMessage) -> None:
        if self.refuse:
            self.refuse -= 1
            raise Unavailable
        self.found.append(message)

    async def _sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)


@pytest.fixture
async def case() -> AsyncIterator[Case]:
    case = Case()
    yield case
    await case.doubts.close()


async def test_a_message_that_is_stored_is_found_when_the_store_is_back(case: Case):
    """Until then it is asked again; then each is found once, in the order of sending."""
    messages = [case.message() for _ in range(3)]
    case.store.there = {message.id for message in messages}
    for message in reversed(messages):
        case.doubts.add(message)
    await until(lambda: case.store.asked > 3)
    assert case.found == []
    case.store.down = False
    await until(lambda: case.found == messages)
    await until(lambda: case.doubts._looking is None)
    assert case.found == messages


async def test_a_write_that_lands_late_is_found(case: Case):
    """A store that was frozen may carry out what it was told before, after it was asked for the first time."""
    message = case.message()
    case.store.down = False
    case.store.landing = message.id
    case.doubts.add(message)
    await until(lambda: case.found == [message])
    assert case.store.asked == 3


async def test_a_message_that_is_not_stored_is_given_up(case: Case):
    """After so many answers nobody looks for it any more."""
    case.store.down = False
    case.doubts.add(case.message())
    await until(lambda: case.doubts._looking is None)
    assert case.store.asked == LOOKS
    assert case.found == []


async def test_a_message_that_could_not_be_delivered_stays_to_be_found(case: Case):
    """The store may go silent again between the two."""
    message = case.message()
    case.store.there.add(message.id)
    case.store.down = False
    case.refuse = 2
    case.doubts.add(message)
    await until(lambda: case.found == [message])


async def test_after_the_end_of_one_search_another_can_begin(case: Case):
    """The search is not over for good when nothing is left to look for."""
    case.store.down = False
    for _ in range(2):
        message = case.message()
        case.store.there.add(message.id)
        case.doubts.add(message)
        await until(lambda: case.doubts._looking is None)
    assert len(case.found) == 2


async def test_nothing_is_looked_for_after_close(case: Case):
    """The task has ended when `close` returns."""
    case.doubts.add(case.message())
    await until(lambda: case.store.asked)
    await case.doubts.close()
    asked = case.store.asked
    await asyncio.sleep(0)
    assert case.store.asked == asked
