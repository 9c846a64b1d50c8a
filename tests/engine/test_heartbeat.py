"""Heartbeats: everyone is sent a PING in time, and who does not answer in time is ended."""

import asyncio
import weakref
from types import SimpleNamespace

import pytest
from websockets.asyncio.client import connect

from app.engine import heartbeat
from app.engine.base import Options
from app.engine.heartbeat import Heartbeat
from app.engine.socket_io import SocketIO
from tests.engine.conftest import Recorder
from tests.engine.served import received, served
from tests.waiting import until

INTERVAL, TIMEOUT = 25.0, 20.0


class Clock:
    """An event loop's clock that moves when it is told to.

    Attributes:
        timers: that are set, by when they are due.

    """

    def __init__(self) -> None:
        self._now = 1_000.0
        self.timers: dict[SimpleNamespace, float] = {}

    def time(self) -> float:
        return self._now

    def call_at(self, when: float, callback: object) -> SimpleNamespace:
        handle = _Handle(callback=callback)
        handle.cancel = lambda: self.timers.pop(handle, None)
        self.timers[handle] = when
        return handle

    def advance(self, seconds: float) -> None:
        """Let time pass and call what falls due."""
        end = self._now + seconds
        while due := [handle for handle, when in self.timers.items() if when <= end]:
            handle = min(due, key=self.timers.__getitem__)
            self._now = max(self._now, self.timers.pop(handle))
            handle.callback()
        self._now = end


class _Handle(SimpleNamespace):
    __hash__ = object.__hash__  # pyright: ignore[reportAssignmentType]  (a namespace is unhashable)


class Beating:
    """A session that records its PINGs by when they came."""

    def __init__(self, clock: Clock, *, answers: bool = True) -> None:
        self._clock = clock
        self.answers = answers
        self.ended = False
        self.pings: list[float] = []
        self.lapsed: list[float] = []

    def beat(self) -> int | None:
        if self.ended:
            return None
        self.pings.append(self._clock.time() - 1_000)
        return len(self.pings)

    def answered(self, number: int) -> bool:
        return self.answers or self.ended

    def lapse(self) -> None:
        self.lapsed.append(self._clock.time() - 1_000)
        self.ended = True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(heartbeat, "asyncio", SimpleNamespace(get_running_loop=lambda: clock))
    return clock


def test_a_session_is_sent_a_ping_every_interval(clock: Clock):
    """The first when one has passed."""
    beats, session = Heartbeat(INTERVAL, TIMEOUT), Beating(clock)
    beats.start(session)
    clock.advance(24.9)
    assert session.pings == []
    clock.advance(80)
    assert session.pings == [25, 50, 75, 100]
    assert session.lapsed == []


def test_a_session_that_does_not_answer_in_time_lapses_once(clock: Clock):
    """When the timeout has passed since its PING, not before."""
    beats, session = Heartbeat(INTERVAL, TIMEOUT), Beating(clock, answers=False)
    beats.start(session)
    clock.advance(44.9)
    assert session.lapsed == []
    clock.advance(100)
    assert session.lapsed == [45]
    assert session.pings == [25]
    assert not clock.timers


@pytest.mark.parametrize(("interval", "timeout"), [(25.0, 20.0), (20.0, 25.0), (1.0, 10.0)])
def test_only_who_is_silent_lapses(clock: Clock, interval: float, timeout: float):
    """Whichever of interval and timeout is longer, and among many who came at different times."""
    beats = Heartbeat(interval, timeout)
    sessions = [Beating(clock, answers=number % 3 > 0) for number in range(30)]
    for session in sessions:
        beats.start(session)
        clock.advance(0.1)
    clock.advance(2 * (interval + timeout))
    for number, session in enumerate(sessions):
        assert bool(session.lapsed) == (number % 3 == 0)
        assert session.pings[0] == pytest.approx(number * 0.1 + interval)


def test_a_session_that_has_ended_is_forgotten(clock: Clock):
    """Nothing is left of it after an interval, not even a timer."""
    beats, session = Heartbeat(INTERVAL, TIMEOUT), Beating(clock)
    beats.start(session)
    session.ended = True
    clock.advance(INTERVAL)
    assert session.pings == session.lapsed == []
    assert not clock.timers
    later = Beating(clock)
    beats.start(later)
    clock.advance(INTERVAL)
    assert later.pings == [50]


def test_all_sessions_share_one_timer(clock: Clock):
    """A thousand cost no more timers than one."""
    beats = Heartbeat(INTERVAL, TIMEOUT)
    sessions = [Beating(clock) for _ in range(1_000)]
    for session in sessions:
        beats.start(session)
    assert len(clock.timers) == 1
    clock.advance(30)
    assert len(clock.timers) == 1


def test_an_ended_session_is_not_kept(clock: Clock):
    """What nobody else holds is forgotten at once, and its PING is not sent."""
    beats = Heartbeat(INTERVAL, TIMEOUT)
    session = Beating(clock)
    beats.start(session)
    held = weakref.ref(session)
    del session
    assert held() is None
    clock.advance(2 * INTERVAL)
    assert not clock.timers


def test_a_stopped_heartbeat_is_silent(clock: Clock):
    """No PING is sent and nobody lapses; it may be stopped twice."""
    beats, session = Heartbeat(INTERVAL, TIMEOUT), Beating(clock, answers=False)
    beats.start(session)
    clock.advance(30)
    beats.stop()
    beats.stop()
    clock.advance(1_000)
    assert session.pings == [25]
    assert session.lapsed == []
    assert not clock.timers


async def test_a_client_that_answers_stays_and_one_that_does_not_is_closed(recorder: Recorder):
    """Over websockets, in real time."""
    silent = SocketIO({"/": recorder}, Options(0.02, 0.05, 100_000, ("*",)))
    async with served(silent) as address:
        async with connect(f"ws://{address}/?EIO=4&transport=websocket", compression=None) as client:
            await client.wait_closed()
        assert silent.endings["timeout"] == 1
    patient = SocketIO({"/": recorder}, Options(0.02, 60, 100_000, ("*",)))
    async with served(patient) as address:
        async with connect(f"ws://{address}/?EIO=4&transport=websocket", compression=None) as client:
            await received(client)
            for _ in range(5):
                assert await received(client) == "2"
                await client.send("3")
        await until(lambda: patient.endings["lost"] == 1)
        await asyncio.sleep(0)
        assert not patient.endings["timeout"]


@pytest.mark.parametrize("failing", ["beat", "lapse"])
def test_one_session_that_fails_stops_no_others_heart(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, failing: str
):
    """What cannot be sent its PING, or be ended, is logged, and the others go on."""

    def fail() -> int | None:
        raise RuntimeError("a session that fails")

    beats = Heartbeat(INTERVAL, TIMEOUT)
    broken, other = Beating(clock, answers=False), Beating(clock)
    monkeypatch.setattr(broken, failing, fail)
    for session in (broken, other):
        beats.start(session)
    clock.advance(3 * INTERVAL + TIMEOUT)
    assert len(other.pings) == 3
    assert "a session that fails" in caplog.text
