"""`app.store.breaker.Breaker`: when calls are refused, and for how long."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from app.domain.errors import NotSent
from app.store.breaker import Breaker
from tests.waiting import until


class Engine:
    """An engine that gives a sign of life, or not.

    Attributes:
        down: it refuses.
        silent: it does not even do that.
        asked: how often it was asked.

    """

    def __init__(self) -> None:
        self.down = False
        self.silent = False
        self.asked = 0

    async def ping(self) -> None:
        self.asked += 1
        if self.silent:
            await asyncio.Event().wait()
        if self.down:
            raise ConnectionError("down")


@pytest.fixture
async def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    monkeypatch.setattr("app.store.breaker.PATIENCE", 0.05)
    monkeypatch.setattr("app.store.breaker.INTERVAL", 0.01)
    return Engine()


@pytest.fixture
async def breaker(engine: Engine) -> AsyncIterator[Breaker]:
    breaker = Breaker(engine.ping)
    yield breaker
    await breaker.close()


async def test_a_call_that_failed_alone_breaks_nothing(engine: Engine, breaker: Breaker):
    """An engine that answers is asked once, and no call is refused meanwhile."""
    breaker.failed()
    breaker.check()
    await until(lambda: breaker._probing is None)
    breaker.check()
    assert engine.asked == 1


@pytest.mark.parametrize("fault", ["down", "silent"])
async def test_calls_are_refused_until_there_is_a_sign_of_life(engine: Engine, breaker: Breaker, fault: str):
    """Of an engine that refuses, and of one that says nothing; and again the next time."""
    for _ in range(2):
        setattr(engine, fault, True)
        breaker.failed()
        breaker.failed()
        await until(lambda: breaker.refusing)
        with pytest.raises(NotSent):
            breaker.check()
        asked = engine.asked
        await until(lambda: engine.asked > asked)  # noqa: B023  (it is waited for within the loop)
        setattr(engine, fault, False)
        await until(lambda: not breaker.refusing)
        breaker.check()


async def test_an_engine_is_asked_by_one_at_a_time(engine: Engine, breaker: Breaker):
    """However many calls fail at once."""
    engine.silent = True
    for _ in range(10):
        breaker.failed()
    await until(lambda: engine.asked)
    assert engine.asked == 1


async def test_nothing_is_asked_after_close(engine: Engine, breaker: Breaker):
    """The task has ended when `close` returns."""
    engine.down = True
    breaker.failed()
    await until(lambda: breaker.refusing)
    await breaker.close()
    asked = engine.asked
    breaker.failed()
    await asyncio.sleep(0.03)
    assert engine.asked == asked
