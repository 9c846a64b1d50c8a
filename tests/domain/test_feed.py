"""`app.domain.feed`: what one socket is given, in which order, and what is confirmed of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.clock import Sequence, least_id, now_ms
from app.domain.feed import MEMORY, MEMORY_MS, Feed
from app.domain.mailbox import LATE_MS, RECENT_MS


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


def test_what_is_given_in_part_goes_on_being_held_back():
    """What is live waits for the rest, and what was given is not given again."""
    feed = Feed[str]()
    feed.offer("c", "C")
    assert feed.open(["a"], whole=False) == []
    assert feed.offer("d", "D") is False
    assert feed.missed(["a", "b"], []) == {"b"}
    assert feed.open(["b", "c"]) == ["D"]


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
    assert feed.missed("abcd", ()) == {"a", "c", "d"}
    assert feed.open("acd") == []
    assert feed.offer("e", "E") is True


def test_what_is_held_back_can_be_let_go_of():
    """Messages are missed then, and come from the store; what is in no mailbox stays."""
    feed = given_feed()
    feed.hold()
    feed.offer("a", "A", 10)
    feed.offer("", "event", 1)
    feed.offer("b", "B", 10)
    assert (feed.waiting, feed.gaps) == (21, 1)
    feed.spill()
    assert (feed.waiting, feed.gaps) == (1, 2)
    feed.offer("c", "C", 10)
    assert feed.missed("abc", ()) == {"a", "b", "c"}
    assert feed.open("ab") == ["event", "C"]
    assert feed.waiting == 0


def test_what_was_missed_can_be_given_in_parts():
    """What is live is held back until the last of them."""
    feed = given_feed()
    feed.hold()
    assert feed.open("ab", whole=False) == []
    assert feed.offer("d", "D") is False
    assert feed.missed("abcd", ()) == {"c", "d"}
    assert feed.open("c") == ["D"]
    feed.begin()
    assert feed.end() == ["a", "b", "c", "d"]


def test_what_is_confirmed_during_a_gap_is_not_given_again():
    """A fetch may have begun before the confirmation, and still name the message."""
    feed = given_feed("a")
    feed.begin()
    feed.offer("b", "B")
    feed.hold()
    feed.recorded()
    assert feed.missed("ab", ()) == set()


def test_what_another_device_confirmed_is_given_all_the_same():
    """Every device of a user has every message that came after its own first list."""
    feed = Feed[str]()
    before = least_id(now_ms() - 1)
    feed.open([])
    one, other = least_id(now_ms() + 1), least_id(now_ms() + 2)
    feed.offer(one, "given")
    feed.hold()
    assert feed.missed([], [before, one, other]) == {other}
    assert feed.missed([before], []) == {before}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return what the clock shows, in milliseconds."""
    shown = [now_ms()]
    monkeypatch.setattr("app.domain.feed.now_ms", lambda: shown[0])
    return shown


def test_what_was_given_is_known_for_a_while(clock: list[int]):
    """For `MEMORY_MS` at least, confirmed or not, and not for ever."""
    feed = given_feed("a")

    def passes(ms: int) -> set[str]:
        clock[0] += ms
        if not feed.due:
            feed.offer(f"{clock[0]}", "")
        feed.begin()
        feed.recorded()
        return feed.missed("a", ())

    assert passes(MEMORY_MS - 1) == set()
    assert passes(1) == set()
    assert passes(MEMORY_MS - 1) == set()
    assert passes(1) == {"a"}


def test_what_is_not_confirmed_is_known_for_as_long(clock: list[int]):
    """A store that was away for minutes does not make a socket forget what it was given."""
    feed = given_feed("a")
    for _ in range(4):
        clock[0] += MEMORY_MS
        feed.begin()
        feed.again()
        feed.offer(f"{clock[0]}", "")
    feed.hold()
    assert feed.missed("a", ()) == set()


@pytest.mark.parametrize("skew", [-LATE_MS, 0, LATE_MS])
def test_what_was_given_is_known_for_as_long_as_it_is_recent(clock: list[int], skew: int):
    """Also if the clock of the server that made its id is ahead of this one's, or behind."""
    feed = given_feed()
    message = f"{least_id(clock[0] + skew + 1)}0"
    feed.offer(message, "")
    while message > least_id(clock[0] - RECENT_MS):
        assert feed.missed([], [message]) == set()
        clock[0] += 1000
        if feed.due:
            feed.begin()
        feed.recorded()


def test_a_gap_is_counted():
    """Who fetches can tell that something was missed meanwhile."""
    feed = Feed[str]()
    assert (feed.gaps, feed.listed) == (0, False)
    feed.hold()
    feed.hold()
    assert (feed.gaps, feed.listed) == (2, False)
    feed.open([])
    assert (feed.gaps, feed.listed) == (2, True)


# where the client confirms when it likes, or asks for its backlog itself


def test_without_rounds_nothing_is_to_be_confirmed():
    """What was given is counted and known, and the feed waits for nothing."""
    feed = Feed[str](rounds=False)
    assert feed.open(["a"]) == []
    assert feed.offer("b", "B") is True
    assert (feed.given, feed.due) == (2, False)
    assert feed.offer("b", "B") is False
    feed.hold()
    assert feed.missed("abc", ()) == {"c"}


def test_without_rounds_the_latest_are_known_for_as_long_as_it_takes(clock: list[int]):
    """`MEMORY` of them at least, however long ago they were given, and at most twice as many."""
    feed = Feed[str](rounds=False)
    feed.open([])
    ids = [f"{number:06}" for number in range(3 * MEMORY)]
    for message_id in ids:
        assert feed.offer(message_id, "") is True
        clock[0] += MEMORY_MS
    feed.hold()
    forgotten = feed.missed(ids, ())
    assert forgotten <= set(ids[:-MEMORY])
    assert len(forgotten) >= MEMORY


def test_without_rounds_nothing_is_forgotten_in_a_gap():
    """What was given before the gap is known when it is closed."""
    feed = Feed[str](rounds=False)
    feed.open([f"{number:06}" for number in range(MEMORY - 1)])
    feed.hold()
    feed.hold()
    assert feed.missed([f"{number:06}" for number in range(MEMORY - 1)], ()) == set()


def test_without_a_backlog_what_is_old_is_for_the_client_to_ask_for(clock: list[int]):
    """After a gap it is given what came since, and a little more: that may have been stored after the client asked."""
    feed = Feed[str](rounds=False, backlog=False)
    feed.open([])
    old, just_before = least_id(clock[0] - LATE_MS - 1), f"{least_id(clock[0] - 1)}x"
    since, confirmed = f"{least_id(clock[0])}x", f"{least_id(clock[0] + 1)}x"
    feed.hold()
    assert feed.missed([old, just_before, since], [old, just_before, confirmed]) == {just_before, since, confirmed}
    assert feed.missed([], [just_before]) == set()


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
        missed = sorted(self.feed.missed(self.pending, ()))
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
            for message in stored[:fetched][-1:]:
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
