"""The checker: it clears every sound history, and finds whatever defect is put into one."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from e2e.harness.checker import BOUND, Verdict, judge
from e2e.harness.history import Delivered, Fault, History, Refused, Sent, Stored

PEOPLE = ("Alice", "Bob", "Carol")
AUDIENCE = {"Alice": frozenset({"Bob", "Carol"}), "Bob": frozenset({"Alice"}), "Carol": frozenset({"Alice"})}
END = 1000.0


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Make a sound history: each person has some sockets, some of which reconnect, and some messages are refused."""
    history = History(AUDIENCE)
    for person in PEOPLE:
        for number in range(draw(st.integers(1, 2))):
            history.opened(f"{person}#{number}", person, 0)
    fault = Fault("something", 30, 30 + draw(st.floats(1, 10)))
    history.faults.append(fault)
    first = list(history.sockets)
    moved = draw(st.sampled_from([None, *first]))
    if moved is not None:
        # a device that loses its connection in the middle and has another soon
        history.closed(moved, 50)
        history.opened(f"{moved} again", history.person_of(moved), 50.5)
    senders = draw(st.lists(st.sampled_from(first), min_size=1, max_size=40))
    for number, socket in enumerate(senders):
        at = 10.0 + 2 * number
        sender = f"{moved} again" if socket == moved and at >= 50 else socket
        history.sent.append(Sent(f"m{number}", sender, at))
        if draw(st.integers(0, 5)) == 0:
            history.refused.append(Refused(sender, at + 0.5))
        else:
            store(history, history.sent[-1], f"{number:03}")
            deliver(history, history.sent[-1], f"{number:03}", moved)
    return history


def store(history: History, sent: Sent, message_id: str) -> None:
    sender = history.person_of(sent.socket)
    for reader in (sender, *AUDIENCE[sender]):
        history.stored.append(Stored(reader, message_id, sent.text))


def deliver(history: History, sent: Sent, message_id: str, moved: str | None) -> None:
    """Deliver to every socket that stands, and to one that comes back what its person has nowhere else."""
    for name, socket in history.sockets.items():
        if socket.person not in AUDIENCE[history.person_of(sent.socket)]:
            continue
        if name == moved and sent.at >= 50:
            continue
        if name.endswith(" again") and sent.at < 50.5:
            if sent.at == 50:
                history.delivered.append(Delivered(name, message_id, sent.text, 50.5, "unseen"))
            continue
        history.delivered.append(Delivered(name, message_id, sent.text, sent.at + 0.1, "live"))


sound = histories()
with_deliveries = histories().filter(lambda history: len(history.delivered) > 0)
few = settings(max_examples=60, suppress_health_check=[HealthCheck.filter_too_much])


def defects(verdict: Verdict) -> set[tuple[str, str]]:
    return {(defect.flaw, defect.text) for defect in verdict.defects}


@few
@given(sound)
def test_a_sound_history_is_cleared(history: History):
    """A history without a defect is cleared, and every message is accounted for."""
    verdict = judge(history)

    assert verdict.defects == [], str(verdict)
    assert verdict.sent == verdict.stored + verdict.refused
    assert verdict.longest_wait < 1


@few
@given(with_deliveries, st.data())
def test_a_delivery_that_is_missing_is_found(history: History, data: st.DataObject):
    """A stored message that did not come to a socket that stood is lost."""
    standing = [it for it in history.delivered if history.sockets[it.socket].closed is None and it.how == "live"]
    if standing:
        gone = data.draw(st.sampled_from(standing))
        history.delivered.remove(gone)

        assert defects(judge(history)) == {("lost", gone.text)}


@few
@given(with_deliveries, st.data())
def test_a_message_that_came_to_no_socket_of_a_person_is_found(history: History, data: st.DataObject):
    """A stored message that a person did not get on any socket is lost, whether they had one or not."""
    gone = data.draw(st.sampled_from(history.delivered))
    person = history.person_of(gone.socket)
    history.delivered[:] = [
        it for it in history.delivered if (it.text, history.person_of(it.socket)) != (gone.text, person)
    ]

    assert defects(judge(history)) == {("lost", gone.text)}


@few
@given(with_deliveries, st.data(), st.booleans())
def test_a_repeat_is_found(history: History, data: st.DataObject, other_id: bool):
    """A message that comes twice on one socket is duplicated, under the same id or another."""
    once = data.draw(st.sampled_from(history.delivered))
    history.delivered.append(replace(once, at=END, id="another" if other_id else once.id, how="live"))

    found = defects(judge(history))

    assert ("duplicated", once.text) in found
    assert {text for _, text in found} == {once.text}


@few
@given(with_deliveries, st.data())
def test_a_message_that_is_stored_twice_is_found(history: History, data: st.DataObject):
    """A message that the store has under two ids is duplicated."""
    once = data.draw(st.sampled_from(history.stored))
    history.stored.append(replace(once, id="another"))

    assert defects(judge(history)) == {("duplicated", once.text)}


@few
@given(with_deliveries, st.data())
def test_a_message_to_a_stranger_is_found(history: History, data: st.DataObject):
    """A message that comes to a person whom it is not for is unexpected."""
    some = data.draw(st.sampled_from(history.delivered))
    sender = next(sent.socket for sent in history.sent if sent.text == some.text)
    stray = next(
        name for name, socket in history.sockets.items() if socket.person not in AUDIENCE[history.person_of(sender)]
    )
    history.delivered.append(replace(some, socket=stray, how="live"))

    assert ("unexpected", some.text) in defects(judge(history))


@few
@given(sound)
def test_a_message_that_nobody_sent_is_found(history: History):
    """What nobody sent is unexpected, on a socket and in the store."""
    history.delivered.append(Delivered("Bob#0", "x", "made up", END, "live"))
    history.stored.append(Stored("Bob", "y", "made up too"))

    assert defects(judge(history)) == {("unexpected", "made up"), ("unexpected", "made up too")}


@few
@given(with_deliveries, st.data())
def test_a_delivery_of_what_is_not_stored_is_found(history: History, data: st.DataObject):
    """A message that came, and is in no history, was given out before it was safe."""
    some = data.draw(st.sampled_from(history.delivered))
    history.stored[:] = [it for it in history.stored if it.text != some.text]

    assert ("unexpected", some.text) in defects(judge(history))


@few
@given(with_deliveries, st.data())
def test_two_messages_that_changed_places_are_found(history: History, data: st.DataObject):
    """Of two messages of one socket that came to another in the wrong order, one is reordered."""
    sender_of = {sent.text: sent.socket for sent in history.sent}
    pairs = [
        (one, other)
        for one in range(len(history.delivered))
        for other in range(one + 1, len(history.delivered))
        if history.delivered[one].socket == history.delivered[other].socket
        and history.delivered[one].how == history.delivered[other].how == "live"
        and sender_of[history.delivered[one].text] == sender_of[history.delivered[other].text]
    ]
    if not pairs:
        return
    one, other = data.draw(st.sampled_from(pairs))
    first, second = history.delivered[one], history.delivered[other]
    history.delivered[one] = replace(second, at=first.at)
    history.delivered[other] = replace(first, at=second.at)
    verdict = judge(history)

    assert verdict.count("reordered") >= 1
    assert {defect.where for defect in verdict.defects} == {first.socket}


@few
@given(with_deliveries, st.data())
def test_a_message_that_came_too_late_is_found(history: History, data: st.DataObject):
    """A message that came after the bound, counted from the end of the fault that it met, is late."""
    place = data.draw(st.integers(0, len(history.delivered) - 1))
    slow = history.delivered[place]
    history.delivered[place] = replace(slow, at=END)

    found = judge(history)

    assert defects(found) in ({("late", slow.text)}, set())
    if history.sockets[slow.socket].closed is None and slow.how == "live":
        assert found.count("late") == 1
        assert found.longest_wait > BOUND


@few
@given(histories().filter(lambda history: bool(history.refused)), st.data())
def test_a_failure_that_was_not_told_is_found(history: History, data: st.DataObject):
    """A message that is not stored, and of which no exception told, is found, unless the socket ended just then."""
    hushed = data.draw(st.sampled_from(history.refused))
    history.refused.remove(hushed)

    verdict = judge(history)

    closed = history.sockets[hushed.socket].closed
    if closed is None:
        assert verdict.count("untold") == 1
    assert verdict.count("untold") + verdict.unknown == 1


def conversation() -> History:
    """Return three messages of Alice to Bob and Carol, not stored yet."""
    history = History(AUDIENCE)
    for person in PEOPLE:
        history.opened(person, person, 0)
    history.sent += [Sent(f"m{number}", "Alice", number) for number in range(3)]
    return history


def test_a_doubt_explains_a_place_out_of_order():
    """A message whose sender was told that it failed comes when it is found to be stored: that is no defect."""
    history = conversation()
    for number, sent in enumerate(history.sent):
        store(history, sent, f"{number}")
    for number in (1, 2, 0):
        deliver(history, history.sent[number], f"{number}", None)
    assert judge(history).count("reordered") == 2

    history.refused.append(Refused("Alice", 0.9))

    verdict = judge(history)
    assert (verdict.defects, verdict.doubtful) == ([], 1)


def test_who_ends_right_after_a_fault_can_tell_nobody():
    """A server that stood still until it was killed had no time to refuse what it was sent meanwhile."""
    history = conversation()
    history.closed("Alice", 2 * BOUND + 1)
    assert {defect.flaw for defect in judge(history).defects} == {"untold"}

    history.faults.append(Fault("frozen", 0, 2 * BOUND))

    verdict = judge(history)
    assert (verdict.defects, verdict.unknown) == ([], 3)


def test_an_exception_speaks_of_what_was_sent_before_it():
    """An exception does not excuse the silence on a message that was sent after it."""
    history = conversation()
    history.refused += [Refused("Alice", 0.5), Refused("Alice", 0.6), Refused("Alice", 1.5)]

    verdict = judge(history)

    assert defects(verdict) == {("untold", "m2")}
    assert verdict.doubtful == 1


def test_a_doubt_explains_nothing_that_was_sent_later_or_long_before():
    """An exception excuses what is out of order only where it can be for that message."""
    for refused in (0.5, 200.0):
        history = conversation()
        history.sent[1:] = [Sent("m1", "Alice", 100), Sent("m2", "Alice", 101)]
        for number in (0, 2, 1):
            store(history, history.sent[number], f"{number}")
            deliver(history, history.sent[number], f"{number}", None)
        history.refused.append(Refused("Alice", refused))

        assert judge(history).count("reordered") == 2


def test_an_exception_speaks_of_what_was_sent_a_moment_ago():
    """One that comes long after tells nobody of a message that vanished, unless a fault kept it."""
    history = conversation()
    del history.sent[1:]
    history.refused.append(Refused("Alice", 2 * BOUND))
    assert defects(judge(history)) == {("untold", "m0")}

    history.faults.append(Fault("frozen", 0, 2 * BOUND))

    assert defects(judge(history)) == set()


def test_a_device_that_closed_is_owed_what_was_sent_long_before():
    """It stood for long enough; what was sent shortly before its end it need not have."""
    history = conversation()
    history.opened("Bob again", "Bob", 0)
    history.closed("Bob again", 1.5 + BOUND)
    for number, sent in enumerate(history.sent):
        store(history, sent, f"{number}")
        history.delivered += [
            Delivered(name, f"{number}", sent.text, sent.at + 0.1, "live") for name in ("Bob", "Carol")
        ]

    assert {(it.flaw, it.text, it.where) for it in judge(history).defects} == {
        ("lost", "m0", "Bob again"),
        ("lost", "m1", "Bob again"),
    }


def test_what_is_pending_for_who_stays_away_is_not_lost():
    """It is stored, and comes when the person comes; it is lost if it did not come then."""
    history = conversation()
    history.closed("Bob", -1)
    for number, sent in enumerate(history.sent):
        store(history, sent, f"{number}")
        history.delivered.append(Delivered("Carol", f"{number}", sent.text, sent.at + 0.1, "live"))
    assert judge(history).defects == []

    history.opened("Bob again", "Bob", 5)

    assert defects(judge(history)) == {("lost", "m0"), ("lost", "m1"), ("lost", "m2")}


@pytest.mark.parametrize(("came", "flaws"), [(12.0 + BOUND, 0), (12.1 + BOUND, 2)])
def test_what_meets_a_fault_may_wait_for_its_end(came: float, flaws: int):
    """The bound runs from the end of the fault, also for what was sent shortly before it began."""
    history = conversation()
    history.faults.append(Fault("cut", 3, 12))
    del history.sent[1:]
    store(history, history.sent[0], "0")
    history.delivered += [Delivered(name, "0", "m0", came, "live") for name in ("Bob", "Carol")]

    assert judge(history).count("late") == flaws


def test_a_history_without_the_message_is_found():
    """A message that the sender's history lists, and a recipient's does not, is lost to that one."""
    history = conversation()
    del history.sent[1:]
    store(history, history.sent[0], "0")
    deliver(history, history.sent[0], "0", None)
    history.stored.remove(Stored("Carol", "0", "m0"))

    (defect,) = judge(history).defects

    assert (defect.flaw, defect.where) == ("lost", "Carol")


def test_a_report_names_every_offending_message():
    """The report has the numbers in one line, and a line for each defect, but for too many."""
    history = conversation()
    report = str(judge(history))

    assert report.splitlines()[0].startswith("3 messages, 0 stored, 0 refused, lost 0")
    assert "untold     'm1' at Alice: sent at 1.000, not stored, and no exception came" in report
    history.sent += [Sent(f"more {number}", "Alice", 5) for number in range(50)]
    assert str(judge(history)).splitlines()[-1] == "... and 33 more"
