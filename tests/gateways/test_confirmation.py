"""`app.gateways.confirmation.Confirmation`: a client's PONGs confirm what its feed was given."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from app.domain.errors import Unavailable
from app.domain.feed import Feed
from app.gateways.confirmation import Confirmation
from tests.waiting import until

INTERVAL = 0.05
TICK = 0.002
"""What a timer may come early, as clocks go."""


class Line:
    """A connection that counts the probes that it is sent, and whose client answers when the test says so.

    Attributes:
        probed: when each probe was sent.

    """

    def __init__(self) -> None:
        self.open = True
        self.probed: list[float] = []
        self._arrived: list[Callable[[], None]] = []

    def probe(self, arrived: Callable[[], None]) -> None:
        self.probed.append(asyncio.get_running_loop().time())
        self._arrived.append(arrived)

    def pong(self) -> None:
        """Answer the oldest probe that was not answered."""
        self._arrived.pop(0)()


class Desk:
    """Records what is confirmed.

    Attributes:
        confirmed: the ids of each round that was asked to be recorded.
        errors: raised by the next rounds, one each, before the others succeed.
        gate: rounds wait for it.

    """

    def __init__(self) -> None:
        self.confirmed: list[list[str]] = []
        self.errors: list[Exception] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def confirm(self, ids: list[str]) -> None:
        self.confirmed.append(list(ids))
        await self.gate.wait()
        if self.errors:
            raise self.errors.pop(0)


@pytest.fixture
def line() -> Line:
    return Line()


@pytest.fixture
async def desk() -> Desk:
    return Desk()


@pytest.fixture
def feed() -> Feed[str]:
    feed = Feed[str]()
    feed.open([])
    return feed


def confirming(line: Line, feed: Feed[str], desk: Desk, interval: float = INTERVAL) -> Confirmation:
    connection: Any = line
    return Confirmation(connection, feed, desk.confirm, interval)


async def later(delay: float) -> None:
    """Return after everything that was due within the delay: timers of a loop run in the order of their times."""
    passed = asyncio.Event()
    asyncio.get_running_loop().call_later(delay, passed.set)
    await passed.wait()


async def test_nothing_given_is_nothing_to_confirm(line: Line, feed: Feed[str], desk: Desk):
    """A client that was sent no message is not probed."""
    confirmation = confirming(line, feed, desk)
    confirmation.wake()
    feed.offer("", "announcement")
    confirmation.wake()
    assert not line.probed


async def test_what_a_pong_proves_is_confirmed(line: Line, feed: Feed[str], desk: Desk):
    """What was given before the probe, at once and not before its answer."""
    confirmation = confirming(line, feed, desk)
    feed.offer("a", "A")
    confirmation.wake()
    assert len(line.probed) == 1
    assert not desk.confirmed
    line.pong()
    await until(lambda: desk.confirmed == [["a"]])


async def test_one_probe_is_outstanding_at_a_time(line: Line, feed: Feed[str], desk: Desk):
    """However much is given and however long the answer takes, no other is sent before it."""
    confirmation = confirming(line, feed, desk, INTERVAL / 10)
    feed.offer("a", "A")
    confirmation.wake()
    await later(INTERVAL)
    feed.offer("b", "B")
    confirmation.wake()
    await later(INTERVAL)
    assert len(line.probed) == 1


async def test_no_probe_is_sent_while_a_round_is_recorded(line: Line, feed: Feed[str], desk: Desk):
    """A store that takes long is not asked twice at a time."""
    desk.gate.clear()
    confirmation = confirming(line, feed, desk, INTERVAL / 10)
    feed.offer("a", "A")
    confirmation.wake()
    line.pong()
    await until(lambda: desk.confirmed)
    feed.offer("b", "B")
    confirmation.wake()
    await later(INTERVAL)
    assert len(line.probed) == 1
    desk.gate.set()
    await until(lambda: len(line.probed) == 2)


async def test_one_probe_is_sent_in_an_interval(line: Line, feed: Feed[str], desk: Desk):
    """Rounds that are short begin an interval apart, however often messages come."""
    confirmation = confirming(line, feed, desk)
    for number in range(3):
        for part in "ab":
            feed.offer(f"{number}{part}", "packet")
            confirmation.wake()
        await until(lambda expected=number + 1: len(line.probed) == expected)
        line.pong()
        await until(lambda expected=number + 1: len(desk.confirmed) == expected)
    gaps = [after - before for before, after in zip(line.probed, line.probed[1:], strict=False)]
    assert min(gaps) >= INTERVAL - TICK


async def test_after_an_interval_of_silence_a_message_is_probed_at_once(line: Line, feed: Feed[str], desk: Desk):
    """The interval is a bound on how often, not a delay."""
    confirmation = confirming(line, feed, desk)
    feed.offer("a", "A")
    confirmation.wake()
    line.pong()
    await until(lambda: desk.confirmed)
    await later(INTERVAL + TICK)
    feed.offer("b", "B")
    confirmation.wake()
    assert len(line.probed) == 2


async def test_what_is_given_during_a_round_is_confirmed_by_the_next(line: Line, feed: Feed[str], desk: Desk):
    """The PONG of a probe proves nothing of what was sent after it; the next round begins by itself."""
    confirmation = confirming(line, feed, desk)
    feed.offer("a", "A")
    confirmation.wake()
    feed.offer("b", "B")
    confirmation.wake()
    line.pong()
    await until(lambda: len(line.probed) == 2)
    line.pong()
    await until(lambda: desk.confirmed == [["a"], ["b"]])


@pytest.mark.parametrize("error", [Unavailable(), RuntimeError("unexpected")], ids=["unavailable", "unexpected"])
async def test_what_could_not_be_recorded_belongs_to_the_next_round(
    line: Line, feed: Feed[str], desk: Desk, error: Exception
):
    """Whatever the store did, the messages of the round are confirmed with those of the next round."""
    desk.errors = [error]
    confirmation = confirming(line, feed, desk)
    feed.offer("a", "A")
    confirmation.wake()
    feed.offer("b", "B")
    line.pong()
    await until(lambda: len(line.probed) == 2)
    assert line.probed[1] - line.probed[0] >= INTERVAL - TICK
    line.pong()
    await until(lambda: desk.confirmed == [["a"], ["a", "b"]])
    await later(2 * INTERVAL)
    assert len(line.probed) == 2


async def test_only_an_unexpected_error_is_logged(
    line: Line, feed: Feed[str], desk: Desk, caplog: pytest.LogCaptureFixture
):
    """That the store did not answer is the store's to say; a fault of ours is shown with its traceback."""
    desk.errors = [Unavailable(), RuntimeError("unexpected")]
    confirmation = confirming(line, feed, desk, INTERVAL / 10)
    feed.offer("a", "A")
    confirmation.wake()
    for number in range(3):
        await until(lambda expected=number + 1: len(line.probed) == expected)
        line.pong()
    await until(lambda: len(desk.confirmed) == 3)
    (record,) = [record for record in caplog.records if record.name == "parley.gateway"]
    assert record.exc_info
    assert record.exc_info[0] is RuntimeError


async def test_a_stopped_confirmation_probes_no_more(line: Line, feed: Feed[str], desk: Desk):
    """A probe that waits for its time is called off."""
    confirmation = confirming(line, feed, desk)
    feed.offer("a", "A")
    confirmation.wake()
    line.pong()
    await until(lambda: desk.confirmed)
    feed.offer("b", "B")
    confirmation.wake()
    confirmation.stop()
    await later(2 * INTERVAL)
    assert len(line.probed) == 1


async def test_stopping_twice_or_early_is_no_error(line: Line, feed: Feed[str], desk: Desk):
    """A connection may end before it was probed."""
    confirmation = confirming(line, feed, desk)
    confirmation.stop()
    confirmation.stop()
    assert not line.probed


@pytest.mark.parametrize("errors", [[], [Unavailable()]], ids=["recorded", "not recorded"])
async def test_a_connection_that_has_ended_is_not_probed(
    line: Line, feed: Feed[str], desk: Desk, errors: list[Exception]
):
    """It ended while what had arrived was recorded: that is finished, and nothing is begun after it."""
    desk.gate.clear()
    desk.errors = errors
    confirmation = confirming(line, feed, desk)
    feed.offer("a", "A")
    confirmation.wake()
    line.pong()
    await until(lambda: desk.confirmed)
    feed.offer("b", "B")
    line.open = False
    confirmation.stop()
    desk.gate.set()
    await later(2 * INTERVAL)
    assert len(line.probed) == 1
    assert desk.confirmed == [["a"]]
