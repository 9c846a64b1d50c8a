"""The groups below the MongoDB store, with writes that do what the test says."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
from pymongo.errors import AutoReconnect

from app.domain.errors import Conflict, NotSent, Unavailable
from app.store.breaker import Breaker
from app.store.mongo_groups import GROUP_LIMIT, QUEUE_LIMIT, GroupedWrites
from tests.waiting import until


class Engine:
    """Writes numbers, once `gate` is open. Negative numbers cannot be encoded, 0 is taken, `down` fails a group."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.groups: list[list[int]] = []
        self.down = False

    @property
    def written(self) -> list[int]:
        return [number for group in self.groups for number in group]

    async def write(self, numbers: Sequence[int]) -> list[int | Exception]:
        await self.gate.wait()
        if self.down:
            raise AutoReconnect("down")
        if min(numbers) < 0:
            raise ValueError(numbers)
        self.groups.append(list(numbers))
        return [number or Conflict("taken") for number in numbers]

    async def ping(self) -> None:
        if self.down:
            raise AutoReconnect("down")


@pytest.fixture
async def engine() -> Engine:
    return Engine()


@pytest.fixture
async def breaker(engine: Engine) -> AsyncIterator[Breaker]:
    breaker = Breaker(engine.ping)
    yield breaker
    await breaker.close()


@pytest.fixture
async def writes(engine: Engine, breaker: Breaker) -> GroupedWrites[int, int]:
    return GroupedWrites(engine.write, 10, breaker)


async def begun(engine: Engine, writes: GroupedWrites[int, int]) -> asyncio.Future[int]:
    """Submit 1, and return when it is under way in a group of its own."""
    first = writes.submit(1)
    await asyncio.sleep(0)
    return first


async def test_what_arrives_during_a_write_shares_the_next(engine: Engine, writes: GroupedWrites[int, int]):
    """A call alone is written at once; those called meanwhile are one group, in the order of the calls."""
    first = await begun(engine, writes)
    others = [writes.submit(number) for number in (3, 2, 4)]
    engine.gate.set()
    assert await asyncio.gather(first, *others) == [1, 3, 2, 4]
    assert engine.groups == [[1], [3, 2, 4]]
    assert (writes.commits, writes.operations) == (2, 4)


async def test_a_group_has_a_bound(engine: Engine, writes: GroupedWrites[int, int]):
    """However many calls wait, no more than `GROUP_LIMIT` share a write, and all are answered in order."""
    engine.gate.set()
    numbers = range(1, 2 * GROUP_LIMIT + 2)
    assert await asyncio.gather(*map(writes.submit, numbers)) == list(numbers)
    assert [len(group) for group in engine.groups] == [GROUP_LIMIT, GROUP_LIMIT, 1]


async def test_the_queue_has_a_bound(engine: Engine, writes: GroupedWrites[int, int]):
    """While `QUEUE_LIMIT` calls wait another raises `NotSent` at once; later there is room again."""
    first = await begun(engine, writes)
    waiting = [writes.submit(number) for number in range(1, QUEUE_LIMIT + 1)]
    with pytest.raises(NotSent):
        writes.submit(1)
    engine.gate.set()
    await asyncio.gather(first, *waiting)
    assert await writes.submit(7) == 7


async def test_an_outcome_that_is_an_exception_is_its_callers_own(engine: Engine, writes: GroupedWrites[int, int]):
    """A call that the engine refuses by itself raises; its neighbours have their results."""
    engine.gate.set()
    results = await asyncio.gather(*map(writes.submit, (1, 0, 2)), return_exceptions=True)
    assert isinstance(results[1], Conflict)
    assert results[::2] == [1, 2]
    assert engine.groups == [[1, 0, 2]]


async def test_a_call_that_cannot_be_sent_fails_alone(engine: Engine, writes: GroupedWrites[int, int]):
    """If one call of a group is wrong in itself, each is written by itself, and that one raises what it did."""
    engine.gate.set()
    results = await asyncio.gather(*map(writes.submit, (1, -1, 2)), return_exceptions=True)
    assert isinstance(results[1], ValueError)
    assert results[::2] == [1, 2]
    assert engine.groups == [[1], [2]]


async def test_an_engine_that_fails_is_unavailable_to_the_whole_group(
    engine: Engine, breaker: Breaker, writes: GroupedWrites[int, int], caplog: pytest.LogCaptureFixture
):
    """Every call of the group raises `Unavailable` with the cause, which is logged once; the next is done again."""
    engine.gate.set()
    engine.down = True
    results = await asyncio.gather(*map(writes.submit, (1, 2, 3)), return_exceptions=True)
    assert [type(result) for result in results] == [Unavailable] * 3
    assert all(isinstance(result, Unavailable) and isinstance(result.__cause__, AutoReconnect) for result in results)
    assert caplog.records[0].getMessage() == "3 calls failed: AutoReconnect('down')"
    assert (writes.commits, writes.operations) == (0, 0)
    engine.down = False
    await until(lambda: breaker._probing is None)
    assert await writes.submit(4) == 4


async def test_a_cancelled_call_is_not_taken_back(engine: Engine, writes: GroupedWrites[int, int]):
    """Calls whose callers were cancelled, under way or waiting, are written, and harm no other."""
    first = await begun(engine, writes)
    second, third = writes.submit(2), writes.submit(3)
    first.cancel()
    second.cancel()
    engine.gate.set()
    assert await third == 3
    assert engine.groups == [[1], [2, 3]]


async def test_a_call_waits_for_no_longer_than_the_timeout(
    engine: Engine, breaker: Breaker, caplog: pytest.LogCaptureFixture
):
    """Under way it raises `Unavailable`, waiting `NotSent`, in time; and what still waited then is never written."""
    writes = GroupedWrites(engine.write, 0.05, breaker)
    calls = [await begun(engine, writes), writes.submit(2), writes.submit(3)]
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(result) for result in results] == [Unavailable, NotSent, NotSent]
    engine.gate.set()
    assert await writes.submit(4) == 4
    assert engine.groups == [[1], [4]]
    assert [record.getMessage() for record in caplog.records] == [
        "2 calls were not made: those before them took 0.05 s"
    ]


async def test_drain_returns_when_all_is_done(engine: Engine, writes: GroupedWrites[int, int]):
    """`drain` waits for what is under way and for what is queued; with nothing to do it returns at once."""
    await writes.drain()
    first = await begun(engine, writes)
    second = writes.submit(2)
    draining = asyncio.create_task(writes.drain())
    await asyncio.sleep(0)
    assert not draining.done()
    engine.gate.set()
    await draining
    assert (first.done(), second.done()) == (True, True)
    await until(lambda: engine.written == [1, 2])


async def test_what_waits_fails_at_once_when_the_engine_is_known_to_be_away(
    engine: Engine, breaker: Breaker, writes: GroupedWrites[int, int]
):
    """So does what is called then; afterwards calls are done again."""
    first = await begun(engine, writes)
    engine.down = True
    waiting = writes.submit(2)
    breaker.failed()
    await until(lambda: breaker.refusing)
    with pytest.raises(Unavailable):
        writes.submit(3)
    engine.gate.set()
    for refused in (first, waiting):
        with pytest.raises(Unavailable):
            await refused
    engine.down = False
    await until(lambda: not breaker.refusing)
    assert await writes.submit(4) == 4
    assert engine.groups == [[4]]
