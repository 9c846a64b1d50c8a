"""`app.domain.mailbox.Feed`: what one socket is given, in which order, and what is confirmed of it."""

from hypothesis import given
from hypothesis import strategies as st

from app.domain.mailbox import Feed


def given_feed(*pending: str) -> Feed[str]:
    """Return an open feed that was given the pending messages."""
    feed = Feed[str]()
    feed.open(pending)
    return feed


def test_live_packets_are_held_back_until_what_is_pending_is_out():
    """Nothing is sent before `open`, and what was held is released in its order."""
    feed = Feed[str]()
    assert [feed.offer("b", "B"), feed.offer("", "event"), feed.offer("c", "C")] == [False, False, False]
    assert feed.open(["a"]) == ["B", "event", "C"]
    assert feed.offer("d", "D") is True


def test_a_message_that_is_both_pending_and_live_is_given_once():
    """A repeat is dropped, whether it came before or after the list."""
    feed = Feed[str]()
    feed.offer("a", "A")
    assert feed.open(["a", "b"]) == []
    assert feed.offer("b", "B") is False


def test_events_without_an_id_are_never_taken_for_repeats():
    """Announcements are in no mailbox: each is sent and none is to be confirmed."""
    feed = given_feed()
    assert [feed.offer("", "one"), feed.offer("", "two")] == [True, True]
    assert not feed.due


def test_a_round_confirms_what_was_given_before_it_began():
    """What is given during a round belongs to the next."""
    feed = given_feed("a")
    feed.begin()
    feed.offer("b", "B")
    assert not feed.due  # one round at a time
    assert feed.end() == ["a"]
    feed.recorded()
    assert feed.due
    feed.begin()
    assert feed.end() == ["b"]
    feed.recorded()
    assert not feed.due


def test_a_round_that_could_not_be_recorded_is_part_of_the_next():
    """Messages stay to be confirmed until that is on record."""
    feed = given_feed("a")
    feed.begin()
    feed.offer("b", "B")
    feed.again()
    feed.begin()
    assert feed.end() == ["a", "b"]


@given(st.lists(st.sampled_from(["offer", "open", "begin", "recorded", "again"]), max_size=60))
def test_every_message_is_given_once_and_confirmed_once(steps: list[str]):
    """Whatever happens in whatever order, no message is lost or given twice, and only given ones are confirmed."""
    feed = Feed[str]()
    pending, live, shown, confirmed = ["p1", "p2"], 0, list[str](), list[str]()
    opened = in_round = False
    for step in steps:
        if step == "offer":
            live += 1
            shown += [f"m{live}"] if feed.offer(f"m{live}", f"m{live}") else []
        elif step == "open" and not opened:
            opened = True
            shown += pending
            shown += feed.open(pending)
        elif step == "begin" and feed.due:
            feed.begin()
            in_round = True
        elif step == "recorded" and in_round:
            confirmed += feed.end()
            feed.recorded()
            in_round = False
        elif step == "again" and in_round:
            feed.again()
            in_round = False
    assert len(shown) == len(set(shown)) == (live + 2 if opened else 0)
    assert confirmed == shown[: len(confirmed)]
