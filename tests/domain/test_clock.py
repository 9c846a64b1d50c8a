"""`app.domain.clock`: identifiers and instants."""

import re
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.clock import Sequence, iso, user_id


@given(st.lists(st.integers(0, 2_000_000_000_000), min_size=1, max_size=200))
def test_ids_grow_whatever_the_clock_does(instants: list[int]):
    """Ids of one sequence sort in the order in which they were made, also when the clock steps back."""
    ids = Sequence(iter(instants).__next__)
    made = [ids.next() for _ in instants]
    names = [name for name, _ in made]
    assert names == sorted(set(names))
    assert all(re.fullmatch("[0-9a-f]{24}", name) for name in names)
    assert [ms for _, ms in made] == sorted(ms for _, ms in made)


def test_more_ids_than_a_millisecond_has_borrow_the_next():
    """An exhausted counter goes on in the next millisecond and never repeats."""
    ids = Sequence(lambda: 1000)
    last = ""
    for _ in range(0x100000 + 2):
        name, _ = ids.next()
        assert name > last
        last = name
    assert ids.next()[1] == 1001


def test_ids_of_two_processes_differ():
    """Two sequences at the same instant make different ids."""
    assert Sequence(lambda: 1).next() != Sequence(lambda: 1).next()


@given(st.integers(0, 4_102_444_800_000))
def test_an_instant_has_three_fractional_digits_and_is_utc(ms: int):
    """Every millisecond is written as it is read back."""
    text = iso(ms)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", text)
    assert round(datetime.fromisoformat(text).timestamp() * 1000) == ms


@pytest.mark.parametrize(
    ("ms", "text"), [(-(10**18), "0001-01-01T00:00:00.000Z"), (10**18, "9999-12-31T23:59:59.999Z")]
)
def test_an_instant_that_has_no_such_form_is_the_nearest_that_has(ms: int, text: str):
    """Whatever is stored can be said."""
    assert iso(ms).rjust(len(text), "0") == text


def test_user_ids_have_the_shape_of_an_object_id():
    """A user id is 24 hex digits, and no two are alike."""
    made = {user_id() for _ in range(100)}
    assert len(made) == 100
    assert all(re.fullmatch("[0-9a-f]{24}", name) for name in made)
