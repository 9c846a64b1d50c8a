"""`app.gateways.pace`: at once, but not too often."""

import asyncio

from app.domain.errors import Unavailable
from app.gateways.pace import Pace
from tests.waiting import until


class Clockwork:
    """Something to do, and intervals that end when they are told to.

    Attributes:
        done: how often it was done.
        failures: what it raises, the next first.

    """

    def __init__(self) -> None:
        self.done = 0
        self.failures: list[Exception] = []
        self.pace = Pace(self._do, 0.5, self._sleep)
        self._asleep: asyncio.Future[None] | None = None

    async def _do(self) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.done += 1

    async def _sleep(self, seconds: float) -> None:
        assert seconds == 0.5
        self._asleep = asyncio.get_running_loop().create_future()
        await self._asleep

    async def tick(self) -> None:
        """Have an interval begin, and end."""
        await self.interval()
        assert self._asleep
        self._asleep.set_result(None)
        await asyncio.sleep(0)

    async def interval(self) -> None:
        """Return when an interval has begun."""
        await until(lambda: self._asleep is not None and not self._asleep.done())


async def test_it_is_done_at_once():
    """The first time waits for nothing."""
    works = Clockwork()
    works.pace.want()
    await until(lambda: works.done == 1)
    await works.pace.close()


async def test_what_is_wanted_within_an_interval_is_done_once_after_it():
    """However often that is; and no more, until it is wanted again."""
    works = Clockwork()
    works.pace.want()
    await works.interval()
    for _ in range(5):
        works.pace.want()
    assert works.done == 1
    await works.tick()
    await works.interval()
    assert works.done == 2
    await works.tick()
    works.pace.want()
    await works.interval()
    assert works.done == 3
    await works.pace.close()


async def test_what_fails_is_done_after_the_interval():
    """Whether the cluster does not answer, or worse."""
    works = Clockwork()
    works.failures = [Unavailable(), RuntimeError("worse")]
    works.pace.want()
    await works.tick()
    await works.tick()
    await works.interval()
    assert works.done == 1
    await works.pace.close()


async def test_after_close_nothing_is_done():
    """What was wanted is not, and what is wanted is not."""
    works = Clockwork()
    works.pace.want()
    await works.interval()
    works.pace.want()
    await works.pace.close()
    works.pace.want()
    await asyncio.sleep(0)
    assert works.done == 1
