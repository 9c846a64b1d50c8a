"""From what was counted to a result."""

from dataclasses import replace

from load.measure import Run, Stage, measure
from load.plan import Plan
from load.tally import Tally

SECOND = 1_000_000


def plan() -> Plan:
    phases = [
        {"name": "hold", "seconds": 2, "rate": 1.0, "measured": True},
        {"name": "storm", "seconds": 3, "action": "drop"},
    ]
    return Plan.parse({"name": "n", "title": "t", "about": "a", "contract": "friends", "phases": phases})


def run() -> Run:
    stages = [Stage(100 * SECOND, 102 * SECOND, 7), Stage(102 * SECOND, 105 * SECOND, 9)]
    return Run(plan(), "abc", 100 * SECOND, stages, users={100: 3, 102: 7})


def test_a_phase_has_its_own_latency_and_its_time_is_from_the_beginning():
    """Latency is told in milliseconds."""
    tally = Tally()
    tally.intended[0].record(2000)
    tally.actual[0].record(1000)
    hold, storm = measure(run(), tally).phases
    assert (hold.name, hold.began, hold.ended, hold.users, hold.measured) == ("hold", 0.0, 2.0, 7, True)
    assert (hold.intended.p99, hold.actual.p99, hold.intended.count) == (2.0, 1.0, 1)
    assert (storm.action, storm.intended.count) == ("drop", 0)


def test_clients_are_ready_when_99_of_a_hundred_are():
    """Of those concerned, whether they ever were or not."""
    tally = Tally()
    tally.concerned[1] = 100
    tally.ready[1].extend(range(SECOND, 99 * SECOND + 1, SECOND))
    assert measure(run(), tally).phases[1].ready == 99.0
    tally.ready[1].pop()
    assert measure(run(), tally).phases[1].ready is None


def test_seconds_are_those_of_the_run():
    """Users are those that were last counted; deliveries count where the message was due, arrivals where they were."""
    tally = Tally()
    book = tally.ledger.book(0)
    book.add(101 * SECOND + 5, 101 * SECOND + 6, (1,))
    tally.ledger.visit(1, 100 * SECOND).arrive(0, 0)
    tally.arrived[103] += 1
    tally.curve[101].record(2_000_000)
    seconds = measure(run(), tally).seconds
    assert [second.at for second in seconds] == [0, 1, 2, 3]
    assert [second.users for second in seconds] == [3, 3, 7, 7]
    assert [(second.sent, second.expected, second.delivered) for second in seconds] == [
        (0, 0, 0), (1, 1, 1), (0, 0, 0), (0, 0, 0),
    ]  # fmt: skip
    assert [second.arrived for second in seconds] == [0, 0, 0, 1]
    assert seconds[1].intended.count == 1


def test_what_is_late_is_measured_from_the_end_of_what_was_done():
    """A phase in which something is done to servers is a fault as long as it lasts; what clients do is none."""
    tally, hurt = Tally(), run()
    hurt.plan = replace(hurt.plan, phases=(hurt.plan.phases[0], replace(hurt.plan.phases[1], action="restart")))
    tally.ledger.book(0).add(103 * SECOND, 103 * SECOND, (1,))
    tally.ledger.visit(1, 0).arrive(0, 0)
    tally.ledger.late.append((1, 0, 0, 114 * SECOND))
    assert measure(hurt, tally).verdict.late == 0
    assert measure(run(), tally).verdict.late == 1
    tally.ledger.late[0] = (1, 0, 0, 116 * SECOND)
    assert measure(hurt, tally).verdict.late == 1
