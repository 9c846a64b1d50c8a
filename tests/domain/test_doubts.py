"""`app.domain.doubts.Doubts`: what became of messages that the store went silent about."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Any

import pytest

from app.domain.clock import Sequence
from app.domain.doubts import LOOKS, TOGETHER, Doubts
from app.domain.errors import NotFound, NotSent, Unavailable
from app.domain.mailbox import Mailbox
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

    async def stored(self, message_ids: list[str]) -> set[str]:
        self.asked += 1
        if self.down:
            raise Unavailable
        if self.landing and self.asked > 2:
            self.there.add(self.landing)
        return self.there.intersection(message_ids)


class Case:
    """Doubts over a silent store, whose seconds pass in no time."""

    def __init__(self) -> None:
        self.ids = Sequence()
        self.store = Silent()
        self.found: list[NewMessage] = []
        self.refuse = 0
        self.failing: dict[str, Exception] = {}
        self.doubts = Doubts(self._stored, self._found, self._sleep)

    def message(self) -> NewMessage:
        message_id, instant = self.ids.next()
        return NewMessage(message_id, "friends", "ann", "hello", instant)

    async def _stored(self, messages: Iterable[NewMessage]) -> set[str]:
        return await self.store.stored([message.id for message in messages])

    async def _found(self, message: NewMessage) -> None:
        if self.refuse:
            self.refuse -= 1
            raise Unavailable
        if error := self.failing.get(message.id):
            raise error
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


@pytest.mark.parametrize("error", [NotFound("User not found!"), RuntimeError("a bug")])
async def test_a_message_that_can_never_be_delivered_keeps_no_other_back(case: Case, error: Exception):
    """Its sender may not exist any more."""
    messages = [case.message() for _ in range(3)]
    case.store.there = {message.id for message in messages}
    case.failing = {messages[0].id: error}
    case.store.down = False
    for message in messages:
        case.doubts.add(message)
    await until(lambda: case.doubts._looking is None)
    assert case.found == messages[1:]


async def test_many_are_looked_for_by_few_requests(case: Case):
    """So many at a time, whether they are found or not."""
    messages = [case.message() for _ in range(2 * TOGETHER)]
    case.store.there = {message.id for message in messages}
    case.store.down = False
    for message in messages:
        case.doubts.add(message)
    await until(lambda: case.doubts._looking is None)
    assert case.found == messages
    assert case.store.asked == 2


async def test_of_too_many_the_first_are_looked_for(case: Case, monkeypatch: pytest.MonkeyPatch):
    """What came before it was known that the store is away is what it may have stored."""
    monkeypatch.setattr("app.domain.doubts.MOST", 2)
    messages = [case.message() for _ in range(3)]
    for message in messages:
        case.doubts.add(message)
    assert case.doubts.left == 3
    case.store.there = {message.id for message in messages}
    case.store.down = False
    await until(lambda: case.doubts._looking is None)
    assert case.found == messages[:2]


@pytest.mark.parametrize(("error", "doubted"), [(Unavailable(), 1), (NotSent(), 0)])
async def test_only_what_may_be_stored_is_in_doubt(error: Exception, doubted: int):
    """What was not even sent to the store is not there, and costs it nothing when it is back."""

    class Store:
        async def append(self, message: NewMessage) -> tuple[str, ...]:
            raise error

    store: Any = Store()
    mailbox = Mailbox("friends", store, Sequence())

    async def found(message: NewMessage) -> None: ...

    mailbox.watch(found)
    with pytest.raises(Unavailable):
        await mailbox.post("ann", "hello")
    assert mailbox._doubts
    assert mailbox._doubts.left == doubted
    assert await mailbox.close() is not bool(doubted)


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
