"""`app.domain.mailbox.Feed`: what one socket is given, in which order, and what is confirmed of it."""

from hypothesis import given
from hypothesis import strategies as st

from app.domain.clock import Sequence, least_id, now_ms
from app.domain.mailbox import LATE_MS, Feed, late


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


def test_a_gap_is_closed_before_anything_live():
    """What was missed comes first, what arrived meanwhile after it, and each message once."""
    feed = given_feed()
    feed.offer("b", "B")
    feed.hold()
    assert feed.offer("d", "D") is False
    assert [message for message in ("a", "b", "c", "d") if feed.lacks(message)] == ["a", "c", "d"]
    assert feed.open(["a", "c", "d"]) == []
    assert feed.offer("e", "E") is True


def test_what_is_confirmed_during_a_gap_is_not_given_again():
    """A fetch may have begun before the confirmation, and still name the message."""
    feed = given_feed("a")
    feed.begin()
    feed.offer("b", "B")
    feed.hold()
    feed.recorded()
    assert [feed.lacks("a"), feed.lacks("b")] == [False, False]


def test_a_fetched_message_is_known_until_a_publication_of_it_would_be_late():
    """Confirmed or not: a publication may be under way for so long."""
    fresh, old = least_id(now_ms()), least_id(now_ms() - LATE_MS - 1)
    feed = given_feed(old, fresh)
    feed.begin()
    feed.recorded()
    assert not feed.lacks(fresh)
    assert feed.lacks(old)
    assert late(old)
    assert not late(fresh)


def test_a_gap_is_counted():
    """Who fetches can tell that something was missed meanwhile."""
    feed = Feed[str]()
    assert (feed.gaps, feed.listed) == (0, False)
    feed.hold()
    feed.hold()
    assert (feed.gaps, feed.listed) == (2, False)
    feed.open([])
    assert (feed.gaps, feed.listed) == (2, True)


class Socket:
    """A socket, the mailbox behind it, and a way between them that loses publications now and then."""

    def __init__(self) -> None:
        self.feed = Feed[str]()
        self.pending: list[str] = []
        self.shown: list[str] = []
        self.in_round = False
        self.catch_up()

    def store(self, message: str, published: bool) -> None:
        self.pending.append(message)
        if published:
            self.publish(message)

    def publish(self, message: str) -> None:
        if self.feed.offer(message, message):
            self.shown.append(message)

    def catch_up(self) -> None:
        missed = [message for message in self.pending if self.feed.lacks(message)]
        self.shown += [*missed, *self.feed.open(missed)]

    def confirm(self) -> None:
        if self.in_round:
            self.pending = [message for message in self.pending if message not in self.feed.end()]
            self.feed.recorded()
        elif self.feed.due:
            self.feed.begin()
        self.in_round = self.feed.end() != []


@given(st.lists(st.sampled_from(["store", "lose", "hold", "catch up", "confirm", "repeat"]), max_size=60))
def test_whatever_is_lost_on_the_way_is_given_once_and_in_order(steps: list[str]):
    """After the last gap is closed the socket was shown every message, in the order in which they were stored."""
    socket, ids, stored = Socket(), Sequence(), list[str]()
    fetched = 0
    for step in steps:
        if step in ("store", "lose"):
            stored.append(ids.next()[0])
            if step == "lose":
                socket.feed.hold()  # the gap is heard of before anything that was published after it
            socket.store(stored[-1], published=step == "store")
        elif step == "hold":
            socket.feed.hold()
        elif step == "catch up":
            socket.feed.hold()
            socket.catch_up()
            fetched = len(stored)
        elif step == "confirm":
            socket.confirm()
        elif step == "repeat" and fetched and socket.feed.gaps:
            held = [message for message in stored[:fetched] if not socket.feed.lacks(message)]
            for message in held[-1:]:
                before = list(socket.shown)
                socket.publish(message)
                assert socket.shown == before
    socket.feed.hold()
    socket.catch_up()
    assert socket.shown == stored


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
