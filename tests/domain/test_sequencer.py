"""`app.domain.sequencer.Sequencer`: each order passes once, none before the one below it."""

from hypothesis import given
from hypothesis import strategies as st

from app.domain.sequencer import HELD, Sequencer


def begun(last: int) -> Sequencer[int]:
    """Return a sequencer behind an order, whose packets are their orders."""
    sequencer = Sequencer[int]()
    sequencer.begin(last)
    return sequencer


def test_what_is_next_passes_at_once():
    """Nothing waits that waits for nothing."""
    sequencer = begun(4)
    assert [sequencer.offer(5, 5), sequencer.offer(6, 6)] == [[5], [6]]
    assert not sequencer.waiting


def test_what_comes_too_early_waits_for_what_is_missing():
    """7 and 6 are held back for 5, and pass behind it in order."""
    sequencer = begun(4)
    assert [sequencer.offer(7, 7), sequencer.offer(6, 6)] == [[], []]
    assert sequencer.waiting
    assert sequencer.offer(5, 5) == [5, 6, 7]
    assert not sequencer.waiting
    assert sequencer.last == 7


def test_what_comes_again_passes_once():
    """A repeat of what has passed, or is held back, is dropped."""
    sequencer = begun(4)
    sequencer.offer(6, 6)
    assert [sequencer.offer(5, 5), sequencer.offer(5, 5), sequencer.offer(6, 6), sequencer.offer(3, 3)] == [
        [5, 6],
        [],
        [],
        [],
    ]


def test_nothing_passes_before_it_is_known_what_is_behind_us():
    """Until `begin` all is held back; then what was already said is dropped, and the rest passes."""
    sequencer = Sequencer[int]()
    assert [sequencer.offer(order, order) for order in (5, 4, 6, 8)] == [[], [], [], []]
    assert sequencer.begin(4) == [5, 6]
    assert sequencer.waiting
    assert sequencer.begin(0) == []  # begun is begun
    assert sequencer.offer(7, 7) == [7, 8]


def test_what_is_held_back_has_a_bound():
    """Beyond it nothing is kept but what is missing; the rest is for the store to give."""
    sequencer = begun(0)
    for order in range(2, HELD + 100):
        sequencer.offer(order, order)
    assert sequencer.offer(1, 1) == list(range(1, HELD + 2))
    assert sequencer.offer(HELD + 2, HELD + 2) == [HELD + 2]


def test_what_was_too_much_to_hold_back_is_missing():
    """Also where it was dropped before it was known what is behind us: it is read from the store, and waited for."""
    sequencer = Sequencer[int]()
    for order in range(1, HELD + 3):
        sequencer.offer(order, order)
    assert sequencer.begin(0) == list(range(1, HELD + 1))
    assert sequencer.waiting
    assert sequencer.offer(HELD + 1, 1) == [1]
    assert sequencer.waiting
    assert sequencer.offer(HELD + 2, 2) == [2]
    assert not sequencer.waiting


def test_what_was_behind_us_is_not_missing():
    """However much of it came before that was known."""
    sequencer = Sequencer[int]()
    for order in range(1, HELD + 3):
        sequencer.offer(order, order)
    assert sequencer.begin(HELD + 2) == []
    assert not sequencer.waiting


@given(st.lists(st.integers(1, 30)), st.integers(0, 10), st.integers(0, 30))
def test_whatever_comes_in_whatever_order_passes_in_one(orders: list[int], last: int, after: int):
    """What passes are the orders behind the first known, without a gap, a repeat or a step back."""
    sequencer = Sequencer[int]()
    passed: list[int] = []
    for position, order in enumerate(orders):
        if position == after:
            passed += sequencer.begin(last)
        passed += sequencer.offer(order, order)
    passed += sequencer.begin(last)
    assert passed == list(range(last + 1, last + 1 + len(passed)))
    assert last + len(passed) + 1 not in orders
