"""`app.domain.rates`: how often something may happen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import TooMany
from app.domain.rates import Allowance, Rate, seconds


@pytest.mark.parametrize(
    ("text", "value"),
    [("3600", 3600), ("90s", 90), ("15m", 900), ("24h", 86400), ("1d", 86400), (" 2 H ", 7200), ("0", 0)],
)
def test_a_duration_is_a_number_with_a_unit(text: str, value: int):
    """Seconds, where no unit is given."""
    assert seconds(text) == value


@pytest.mark.parametrize("text", ["", "soon", "1.5h", "-1", "1w", "h", "1h30m", "1 2"])
def test_anything_else_is_no_duration(text: str):
    """The error says what one looks like."""
    with pytest.raises(ValueError, match="such as 24h"):
        seconds(text)


@pytest.mark.parametrize(
    ("text", "rate"),
    [("100/60s", Rate(100, 60)), ("5/1m", Rate(5, 60)), ("1/1", Rate(1, 1)), (" 10 / 1h ", Rate(10, 3600))],
)
def test_a_rate_is_a_count_in_a_time(text: str, rate: Rate):
    """It is written back in seconds, and read as the same."""
    assert Rate.parse(text) == rate
    assert Rate.parse(str(rate)) == rate


@pytest.mark.parametrize("text", ["", "100", "100/", "/60s", "0/60s", "-1/60s", "5/0s", "many/1m", "5/1m/1m", "1.5/1m"])
def test_anything_else_is_no_rate(text: str):
    """The error says what one looks like, or what a duration does."""
    with pytest.raises(ValueError, match=r"such as (100/60s|24h)"):
        Rate.parse(text)


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_so_many_may_be_taken_in_the_time():
    """Then none, until the time has passed since the first; a refusal costs nothing."""
    clock = Clock()
    allowance = Allowance(Rate(2, 60), clock)
    assert allowance.take() == 0
    clock.now += 20
    assert allowance.take() == 0
    assert [allowance.take(), allowance.take()] == [40, 40]
    clock.now += 39.5
    assert allowance.take() == 0.5
    clock.now += 0.5
    assert [allowance.take(), allowance.take(), allowance.take()] == [0, 0, 60]


def test_the_time_begins_with_the_first():
    """Not when the allowance is made, and not when the last time ended."""
    clock = Clock()
    allowance = Allowance(Rate(1, 10), clock)
    clock.now += 1000
    assert [allowance.take(), allowance.take()] == [0, 10]
    clock.now += 25
    assert [allowance.take(), allowance.take()] == [0, 10]


@given(st.integers(1, 20), st.integers(1, 100), st.lists(st.floats(0, 50), max_size=200))
def test_never_more_than_the_count_in_a_window(count: int, duration: int, steps: list[float]):
    """Windows follow each other, and in none of them is more taken; what is refused says when it is not."""
    clock = Clock()
    allowance = Allowance(Rate(count, duration), clock)
    begins, taken = float("-inf"), 0
    for step in steps:
        clock.now += step
        if clock.now >= begins + duration:
            begins, taken = clock.now, 0
        after = allowance.take()
        if taken < count:
            assert after == 0
            taken += 1
        else:
            assert after == begins + duration - clock.now > 0


@pytest.mark.parametrize(("after", "told"), [(0.001, 1), (1, 1), (1.2, 2), (59.9, 60), (0, 1)])
def test_who_takes_too_much_is_told_when_to_try_again(after: float, told: int):
    """In whole seconds that are long enough, in the text too."""
    error = TooMany(after)
    assert error.after == told >= after
    assert error.text == f"Too many requests: try again in {told} s"
    assert error.retry is True
