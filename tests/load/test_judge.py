"""The verdict: every flaw is found, and nothing else is called one."""

import pytest

from load.judge import Owed, judge
from load.ledger import BOUND, DOUBTFUL, REFUSED, STORED, Ledger, Visit
from load.result import Verdict

KEPT = Owed(kept=True, acknowledged=False)
KEPT_ACKNOWLEDGED = Owed(kept=True, acknowledged=True)
LIVE = Owed(kept=False, acknowledged=True)
SECOND = 1_000_000
FLAWS = ("lost", "duplicated", "reordered", "late", "unexpected")


class Story:
    """User 0 writes to users 1 and 2, a message a second; they listen from the beginning."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.visits = {user: self.ledger.visit(user, 0) for user in (1, 2)}
        self.ledger.book(0)

    def send(self, count: int = 1, outcome: int | None = None, audience: tuple[int, ...] = (1, 2)) -> int:
        book = self.ledger.book(0)
        for _ in range(count):
            at = (len(book) + 1) * SECOND
            number = book.add(at, at, audience)
            if outcome is not None:
                book.settle(number, outcome)
        return len(book) - 1

    def arrive(self, *numbers: int, at: tuple[int, ...] = (1, 2)) -> None:
        for user in at:
            for number in numbers:
                self.visits[user].arrive(0, number)

    def again(self, user: int, closed: int, opened: int) -> Visit:
        self.visits[user].closed = closed
        self.visits[user] = self.ledger.visit(user, opened)
        return self.visits[user]

    def verdict(self, owed: Owed = KEPT, faults: tuple[tuple[int, int], ...] = ()) -> Verdict:
        return judge(self.ledger, owed, faults).verdict


@pytest.fixture
def story() -> Story:
    return Story()


def flaws(verdict: Verdict) -> dict[str, int]:
    return {flaw: getattr(verdict, flaw) for flaw in FLAWS if getattr(verdict, flaw)}


def test_all_is_well(story: Story):
    """What everybody got once and in order has no flaw."""
    story.send(3)
    story.arrive(0, 1, 2)
    verdict = story.verdict()
    assert flaws(verdict) == {}
    assert (verdict.sent, verdict.stored, verdict.expected, verdict.delivered) == (3, 3, 6, 6)


@pytest.mark.parametrize("owed", [KEPT, LIVE])
def test_what_came_to_one_and_not_to_the_other_is_lost(story: Story, owed: Owed):
    """For whom it was, and who was there all the time."""
    story.send(2)
    story.arrive(0, 1, at=(1,))
    story.arrive(0, at=(2,))
    verdict = story.verdict(owed)
    assert flaws(verdict) == {"lost": 1}
    assert verdict.examples == ["lost: message 1 of user 0 never came to user 2"]


def test_what_came_to_nobody_is_owed_where_nothing_is_acknowledged(story: Story):
    """Its sender's connection stood, and no failure was told."""
    story.send(1)
    assert flaws(story.verdict(KEPT)) == {"lost": 2}


def test_what_is_neither_acknowledged_nor_delivered_is_lost(story: Story):
    """Where the server says of each message that it has it."""
    story.send(1)
    assert flaws(story.verdict(KEPT_ACKNOWLEDGED)) == {"lost": 1}


def test_what_was_acknowledged_is_owed(story: Story):
    """Though it came to nobody."""
    story.send(1, STORED)
    assert flaws(story.verdict(KEPT_ACKNOWLEDGED)) == {"lost": 2}


@pytest.mark.parametrize(("outcome", "name"), [(REFUSED, "refused"), (DOUBTFUL, "unknown")])
def test_what_failed_or_may_have_is_owed_to_nobody(story: Story, outcome: int, name: str):
    """Unless it came to somebody: then it was stored, and is owed to all."""
    story.send(1, outcome)
    verdict = story.verdict()
    assert (flaws(verdict), getattr(verdict, name)) == ({}, 1)

    story.arrive(0, at=(1,))
    assert flaws(story.verdict()) == {"lost": 1}


def test_a_failure_that_was_told_without_a_name_is_for_one_message(story: Story):
    """One that came to nobody was refused, and no more; and only one that was sent shortly before."""
    story.send(2)
    story.ledger.book(0).exceptions.append(SECOND + 1)
    verdict = story.verdict()
    assert (verdict.refused, verdict.lost) == (1, 2)

    story.ledger.book(0).exceptions[0] = 2 * SECOND + BOUND + 1
    assert story.verdict().refused == 0


def test_a_failure_pays_for_nothing_where_each_message_is_answered(story: Story):
    """What was neither acknowledged nor delivered is lost, whatever else has failed."""
    story.send(1)
    story.ledger.book(0).exceptions.append(SECOND + 1)
    assert flaws(story.verdict(KEPT_ACKNOWLEDGED)) == {"lost": 1}


def test_who_is_said_not_to_be_there_is_not(story: Story):
    """Or the message is lost; but who has just come, and whom a fault keeps apart, may not be known everywhere."""
    story.send(1, STORED, audience=(1,))
    story.arrive(0, at=(1,))
    story.ledger.book(0).denied.append((0, 2))
    assert flaws(story.verdict(LIVE)) == {"lost": 1}
    assert flaws(story.verdict(LIVE, faults=((0, SECOND),))) == {}

    story.visits[2].opened = SECOND // 2
    assert flaws(story.verdict(LIVE)) == {}
    story.visits[2].opened, story.visits[2].closed = 0, 2 * SECOND
    assert flaws(story.verdict(LIVE)) == {}


def test_what_comes_twice_over_a_connection_is_duplicated(story: Story):
    """Once for each time too many."""
    story.send(1)
    story.arrive(0)
    story.arrive(0, 0, at=(1,))
    assert flaws(story.verdict()) == {"duplicated": 2}


def test_what_comes_again_over_the_next_connection_is_repeated(story: Story):
    """That is at least once, and no flaw."""
    story.send(1)
    story.arrive(0)
    story.again(1, 2 * SECOND, 3 * SECOND).arrive(0, 0)
    verdict = story.verdict()
    assert (flaws(verdict), verdict.repeated, verdict.delivered) == ({}, 1, 2)
    assert flaws(story.verdict(LIVE)) == {"duplicated": 1}, "where nothing is kept there is nothing to be given again"


def test_what_comes_after_a_later_one_is_reordered(story: Story):
    """Over one connection, of one sender."""
    story.send(3)
    story.arrive(0, 2, 1, at=(1,))
    story.arrive(0, 1, 2, at=(2,))
    assert flaws(story.verdict()) == {"reordered": 1}


def test_the_next_connection_has_an_order_of_its_own(story: Story):
    """What was missed comes before what is new, and what is repeated comes first."""
    story.send(3)
    story.arrive(0, 1, 2)
    story.again(1, 4 * SECOND, 5 * SECOND)
    story.arrive(1, 2, at=(1,))
    assert flaws(story.verdict()) == {}


def test_the_order_of_what_was_said_to_have_failed_is_not_certain(story: Story):
    """It may be found stored later."""
    story.send(2)
    story.ledger.book(0).settle(0, REFUSED)
    story.arrive(1, 0)
    assert flaws(story.verdict()) == {}


def test_the_contracts_own_count_must_rise(story: Story):
    """Each time that it did not is a fault of order."""
    story.visits[1].disorder = 2
    assert flaws(story.verdict()) == {"reordered": 2}


def test_what_was_not_for_somebody_is_unexpected(story: Story):
    """Nor is what nobody sent, or what is no message of the run."""
    story.send(1, STORED, audience=(1,))
    story.arrive(0, at=(1, 2))
    story.arrive(7, at=(2,))
    story.ledger.strange["odd"] += 1
    assert flaws(story.verdict(KEPT_ACKNOWLEDGED)) == {"unexpected": 3}


def test_who_is_away_at_the_end_has_it_waiting(story: Story):
    """Where messages are kept; who came back is owed it, and so is who wanted to come back and could not."""
    story.send(1)
    story.arrive(0, at=(1,))
    story.visits[2].closed, story.visits[2].left = SECOND // 2, True
    assert flaws(story.verdict()) == {}

    story.visits[2].left = False
    assert flaws(story.verdict()) == {"lost": 1}

    story.visits[2].left = True
    story.ledger.visit(2, 5 * SECOND)
    assert flaws(story.verdict()) == {"lost": 1}


@pytest.mark.parametrize(
    ("opened", "closed", "lost"),
    [(0, 0, 1), (0, 2 * SECOND, 0), (2 * SECOND, 0, 0), (0, 2 * SECOND + BOUND, 1)],
    ids=["stood", "left soon", "came later", "left long after"],
)
def test_who_was_not_there_is_not_owed_what_is_not_kept(story: Story, opened: int, closed: int, lost: int):
    """What a connection loses is lost, where a contract keeps nothing."""
    story.send(1, STORED)
    story.arrive(0, at=(1,))
    story.visits[2].opened, story.visits[2].closed = opened, closed
    assert story.verdict(LIVE).lost == lost


def test_what_comes_late_is_late(story: Story):
    """After it was sent, after the last fault that it met, and after its receiver came."""
    story.send(1)
    story.arrive(0)
    at = SECOND + BOUND + 1
    story.ledger.late.append((1, 0, 0, at))
    assert flaws(story.verdict()) == {"late": 1}
    assert flaws(story.verdict(faults=((SECOND // 2, 2 * SECOND),))) == {}
    assert flaws(story.verdict(faults=((0, SECOND // 2),))) == {"late": 1}

    story.visits[1].opened = 5 * SECOND
    assert flaws(story.verdict()) == {}


def test_faults_that_follow_each_other_are_all_waited_for(story: Story):
    """A message may meet the second because it waited for the first."""
    story.send(1)
    story.arrive(0)
    story.ledger.late.append((1, 0, 0, 25 * SECOND))
    assert flaws(story.verdict(faults=((0, 8 * SECOND), (9 * SECOND, 20 * SECOND)))) == {}
    assert flaws(story.verdict(faults=((0, 8 * SECOND),))) == {"late": 1}


def test_seconds_have_what_is_owed_of_them(story: Story):
    """Messages count in the second in which they were due, also those that nobody could send."""
    story.send(2)
    story.arrive(0)
    story.arrive(1, at=(1,))
    story.ledger.miss(2 * SECOND + 5, 2)
    judgement = judge(story.ledger, KEPT)
    assert judgement.seconds == {1: (1, 2, 2), 2: (2, 4, 1)}
    assert judgement.verdict.unsent == 1
