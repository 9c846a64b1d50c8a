"""The users of one process: who they are, who speaks when, and whom an action concerns."""

import itertools
import time
from collections.abc import Iterator
from typing import Any

import gevent
import pytest

from load.crew import Closing, Crew, Share
from load.plan import Phase, Plan, Population, Traffic

SPEAKING = {0, 5, 10}
"""Three senders of twelve users."""


class Someone:
    """A user who only notes what it is asked to do."""

    def __init__(self, crew: Crew) -> None:
        self.said: list[int] = []
        self.done: list[str] = []
        self.passed: list[int] = []
        self.away = False
        self.left: Left | None = None
        number = crew.number()
        assert number is not None
        self.number = number
        crew.join(self)

    def say(self, due: int) -> None:
        self.said.append(due)

    def pass_over(self, phase: int) -> None:
        self.passed.append(phase)

    def depart(self) -> None:
        self.away = True
        self.done.append("depart")

    def come_back(self) -> None:
        self.away = False
        self.done.append("come back")

    def expire(self, seconds: float) -> None:
        self.done.append(f"expire {seconds:g}")

    def drop(self) -> None:
        self.done.append("drop")

    def vanish(self) -> Closing | None:
        return self.left

    def stall(self) -> None:
        self.done.append("stall")

    def read_again(self) -> None:
        self.done.append("read again")


class Left:
    """What is left of a connection."""

    def __init__(self) -> None:
        self.closed = False

    def close(self) -> None:
        self.closed = True


Made = tuple[Crew, list[Someone]]


@pytest.fixture
def make() -> Iterator[Any]:
    crews: list[Crew] = []

    def make(
        *phases: Phase, users: int = 12, senders: int = 0, rate: float = 500.0, index: int = 0, count: int = 1
    ) -> Made:
        plan = Plan("p", "t", "a", "friends", Population(users, 2, senders), Traffic(rate), phases)
        crews.append(Crew(Share(plan, {}, index, count)))
        return crews[-1], [Someone(crews[-1]) for _ in range(users // count)]

    yield make
    for crew in crews:
        crew.end()


def test_processes_share_the_users(make: Any):
    """Each has every so-manieth, and a number that is free is given again."""
    _, first = make(Phase("p", 1), index=0, count=3)
    crew, second = make(Phase("p", 1), index=1, count=3)
    assert [it.number for it in first] == [0, 3, 6, 9]
    assert [it.number for it in second] == [1, 4, 7, 10]
    assert crew.number() is None, "there are no more"
    crew.quit(7)
    assert Someone(crew).number == 7


def test_messages_are_due_at_the_rate_of_the_phase(make: Any):
    """At random, in the order of time, by the senders alone; and there is silence where the rate is 0."""
    crew, people = make(Phase("loud", 1, rate=1.0), Phase("silent", 1), senders=3)
    crew.begin(0)
    gevent.sleep(1.0)
    crew.begin(1)
    said = sorted(due for it in people for due in it.said)
    took = (said[-1] - said[0]) / 1_000_000
    assert took > 0.9
    assert 350 < len(said) / took < 650
    assert {it.number for it in people if it.said} == SPEAKING
    gaps = [later - earlier for earlier, later in itertools.pairwise(said)]
    assert min(gaps) < 500 < 4000 < max(gaps)
    gevent.sleep(0.2)
    assert sum(len(it.said) for it in people) == len(said)


def test_what_is_due_is_due_however_late_it_is_said(make: Any):
    """A process that stands still says afterwards what was due meanwhile, with the time at which it was."""
    crew, people = make(Phase("loud", 1, rate=1.0))
    crew.begin(0)
    gevent.sleep(0.1)
    before = sum(len(it.said) for it in people)
    time.sleep(0.5)
    gevent.sleep(0.05)
    crew.begin(-1)
    assert sum(len(it.said) for it in people) - before > 150


def test_a_process_speaks_for_its_part_of_the_senders(make: Any):
    """All of them together make the rate: one of the three senders is of this process."""
    crew, people = make(Phase("loud", 1, rate=1.0), senders=3, index=2, count=3)
    crew.begin(0)
    began = time.time()
    gevent.sleep(1.0)
    crew.begin(-1)
    assert 90 < sum(len(it.said) for it in people) / (time.time() - began) < 260


def test_who_is_away_says_nothing(make: Any):
    """Nobody expects it to."""
    crew, people = make(Phase("loud", 1, rate=1.0))
    for it in people[1:]:
        it.away = True
    crew.begin(0)
    gevent.sleep(0.3)
    crew.begin(-1)
    assert people[0].said
    assert not any(it.said for it in people[1:])


@pytest.mark.parametrize(
    ("action", "done"),
    [("drop", "drop"), ("away", "depart"), ("stall", "stall"), ("expire", "expire")],
)
def test_an_action_is_done_to_a_share(make: Any, action: str, done: str):
    """At the beginning of its phase."""
    crew, people = make(Phase("p", 10, action=action, share=0.5))
    crew.begin(0)
    assert sum(bool(it.done) and it.done[0].startswith(done) for it in people) == 6
    assert all(it.passed == [0] for it in people)


def test_those_who_speak_are_left_in_peace_where_others_are_silent(make: Any):
    """Who is to be away, or not to read, is drawn from those who never speak."""
    crew, people = make(Phase("p", 1, action="away"), senders=3)
    crew.begin(0)
    assert {it.number for it in people if it.away} == set(range(12)) - SPEAKING


def test_how_long_it_took_until_each_was_well_is_counted(make: Any):
    """Of those whom the action concerned, once for each."""
    crew, _ = make(Phase("p", 1, action="drop", share=0.5), Phase("q", 1))
    crew.begin(0)
    for number in range(12):
        crew.recovered(number)
        crew.recovered(number)
    assert crew.tally.concerned[0] == 6
    assert len(crew.tally.ready[0]) == 6
    crew.begin(1)
    crew.suffered(3)
    crew.recovered(3)
    assert crew.tally.concerned[1] == 0


def test_whoever_loses_a_connection_to_what_is_done_to_servers_is_concerned(make: Any):
    """As often as it was well in between."""
    crew, _ = make(Phase("p", 1, action="restart"))
    crew.begin(0)
    crew.suffered(5)
    crew.suffered(5)
    crew.recovered(5)
    assert (crew.tally.concerned[0], len(crew.tally.ready[0])) == (1, 1)
    crew.suffered(5)
    crew.recovered(5)
    assert (crew.tally.concerned[0], len(crew.tally.ready[0])) == (2, 2)


def test_who_is_well_only_in_the_next_phase_took_so_long(make: Any):
    """From the beginning of the action, and counted with it."""
    crew, _ = make(Phase("p", 1, action="drop", share=1.0), Phase("q", 1))
    crew.begin(0)
    gevent.sleep(0.2)
    crew.begin(1)
    crew.recovered(3)
    assert crew.tally.ready[0][0] >= 200_000
    assert not crew.tally.ready[1]


def test_those_who_are_away_come_back(make: Any):
    """And no others."""
    crew, people = make(Phase("p", 1, action="away", share=0.5), Phase("q", 1, action="back"))
    crew.begin(0)
    gone = {it.number for it in people if it.away}
    crew.begin(1)
    assert {it.number for it in people if "come back" in it.done} == gone
    assert crew.tally.concerned[1] == 6


def test_what_is_left_of_a_connection_is_closed_with_the_phase(make: Any):
    """So that a server learns of it in the end."""
    crew, people = make(Phase("p", 1, action="vanish"), Phase("q", 1))
    left = [Left() for _ in people]
    for it, one in zip(people, left, strict=True):
        it.left = one
    crew.begin(0)
    assert not any(one.closed for one in left)
    crew.begin(1)
    assert all(one.closed for one in left)


def test_people_come_and_go_in_a_churn(make: Any):
    """Until the phase is over."""
    crew, people = make(Phase("p", 1, action="churn", share=1.0), Phase("q", 1))
    crew.begin(0)
    gevent.sleep(0.6)
    assert any(it.away for it in people)
    crew.begin(1)
    departed = sum(it.done.count("depart") for it in people)
    gevent.sleep(0.3)
    assert sum(it.done.count("depart") for it in people) == departed
