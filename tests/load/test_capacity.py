"""The search for how much servers hold, and what is told of it."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from load.capacity import PRECISION, Capacity, Search, loaded, unit_of
from load.result import Latency, Measured, Result, Verdict
from tests.load.conftest import plan_of


def searched(search: Search, most: float) -> list[float]:
    """Return what was tried on servers that hold so much."""
    tried: list[float] = []
    while (load := search.next()) is not None:
        assert load not in tried
        tried.append(load)
        search.tell(load, held=load <= most)
        assert len(tried) < 60
    return tried


@given(st.floats(1, 1000), st.floats(1, 1e6))
def test_what_is_found_is_within_a_tenth_of_what_is_held(first: float, most: float):
    """The most that held, and the least that broke, are no more apart; a fraction of the first load is searched too."""
    search = Search(first)
    searched(search, most)
    if search.held:
        assert search.broke is not None
        assert search.held <= most < search.broke <= search.held * (1 + PRECISION) + 1e-9
    else:
        assert most < first / 30


@given(st.integers(1, 100), st.integers(1, 10_000), st.integers(1, 4))
def test_users_are_whole_and_as_many_on_each_server(first: int, most: int, servers: int):
    """Each load is a multiple; no nearer one is between what held and what broke, or they are near enough."""
    search = Search(first, servers)
    assert all(load == round(load / servers) * servers > 0 for load in searched(search, most))
    if search.held:
        assert search.broke is not None
        assert search.broke - search.held <= max(servers, PRECISION * search.held)


def test_the_load_is_doubled_until_it_does_not_hold_and_then_halved_between():
    """At 50 a second, of servers that hold 330."""
    assert searched(Search(50), 330) == [50, 100, 200, 400, 300, 350, 325]


def test_what_holds_nothing_is_given_up():
    """After six halvings."""
    search = Search(64)
    assert searched(search, 0) == [64, 32, 16, 8, 4, 2, 1]
    assert search.held == 0


def test_users_are_raised_where_nobody_speaks():
    """Otherwise it is messages."""
    silent = plan_of("friends", {"name": "ramp", "seconds": 1}, users=8)
    assert unit_of(silent) == "users"
    assert loaded(silent, 24).population.users == 24
    assert unit_of(plan_of()) == "messages/s"
    assert loaded(plan_of(), 24).traffic.rate == 24
    assert loaded(plan_of(), 24).population == plan_of().population


def _result(lost: int = 0, *, passed: bool | None = None) -> Result:
    figures = [Measured("lost", lost, 0, ok=lost == 0), Measured("p99_ms", 4.0, None, ok=True)]
    holds = lost == 0 if passed is None else passed
    return Result("r", 0, {}, {}, [], [], Verdict(lost=lost), Latency(), figures=figures, passed=holds)


def test_the_equilibrium_and_what_broke_are_told():
    """Also a server that died, which is no figure."""
    found = Capacity("friends-10", "messages/s")
    found.take(1000, _result())
    found.take(2000, _result(lost=3))
    found.held, found.broke = 1000, 2000
    assert found.told() == ["friends-10 holds 1,000 messages/s", "  at 2,000 messages/s it does not meet: lost"]
    assert found.dump()["broken"] == ["lost"]
    step = {"load": 2000, "broken": ["lost"], "invalid": [], "figures": {"lost": 3, "p99_ms": 4.0}}
    assert found.dump()["steps"][1] == step

    died = replace(found, steps=[], broke=4000)
    died.take(4000, _result(passed=False))
    assert died.told()[1] == "  at 4,000 messages/s it does not meet: the servers' survival"


def test_where_the_generator_was_the_limit_is_told():
    """The servers may hold more."""
    found = Capacity("friends-10", "messages/s", held=500, broke=1000)
    found.take(1000, replace(_result(lost=1), invalid=["the generator was the bottleneck"]))
    assert str(found.steps[0]) == "the generator was the bottleneck"
    assert found.told() == [
        "friends-10 holds 500 messages/s",
        "  perhaps more, but at 1,000 messages/s the generator was the bottleneck",
    ]
