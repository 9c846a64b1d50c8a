"""A scenario is read from its file, refused with a sentence where it cannot be meant, and sized."""

import json
from pathlib import Path
from typing import Any

import pytest

from load.plan import Plan, PlanError, names, read

PHASES = [{"name": "ramp", "seconds": 10}, {"name": "hold", "seconds": 30, "rate": 1.0, "measured": True}]


def table(**more: Any) -> dict[str, Any]:
    return {"name": "n", "title": "t", "about": "a", "contract": "friends", "phases": PHASES, **more}


def test_every_scenario_can_be_read_and_sent_on():
    """What another process is sent of it is the same plan."""
    assert len(names()) >= 20
    for name in names():
        plan = read(name)
        assert Plan.parse(json.loads(json.dumps(plan.dump()))) == plan
        assert plan.about.strip()


def test_a_scenario_may_be_anywhere(tmp_path: Path):
    """By a path that ends in .toml."""
    path = tmp_path / "mine.toml"
    path.write_text('title = "t"\nabout = "a"\ncontract = "rooms"\n[[phases]]\nname = "p"\nseconds = 1\n')
    assert (read(str(path)).name, read(str(path)).contract) == ("mine", "rooms")


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"contract": "chat"}, "contract is 'chat', want one of friends, "),
        ({"phases": []}, "there is no phase"),
        ({"phases": [*PHASES, PHASES[0]]}, "two phases have the same name"),
        ({"phases": [{"name": "p", "seconds": 1, "action": "explode"}]}, "phase p: action is 'explode', want one of "),
        ({"phases": [{"name": "p", "second": 1}]}, "phases[0].second is not known; there is action, "),
        ({"phases": [{"name": "p"}]}, "phases[0]: "),
        ({"population": {"user": 3}}, "population.user is not known; there is friends, "),
        ({"population": 7}, "population is 7, want a table"),
        ({"traffic": {"speed": 3}}, "traffic.speed is not known; there is length, "),
        ({"colour": "red"}, "colour is not known; there is about, "),
    ],
)
def test_what_cannot_be_meant_is_refused(more: dict[str, Any], why: str):
    """With where it is, and what there is."""
    with pytest.raises(PlanError) as caught:
        Plan.parse(table(**more))
    assert str(caught.value).startswith(why)


def test_a_scenario_that_is_not_there_is_refused():
    """With those that are."""
    with pytest.raises(PlanError, match="there is no scenario 'nope'; there is connect-ramp, "):
        read("nope")


def test_a_file_that_is_no_toml_is_refused(tmp_path: Path):
    """With its path."""
    path = tmp_path / "broken.toml"
    path.write_text("title =")
    with pytest.raises(PlanError, match=str(path)):
        read(str(path))


def test_a_size_is_of_users_rate_and_time():
    """Each phase keeps its part of the time, and nobody sends who is not there."""
    plan = Plan.parse(table(population={"users": 100, "senders": 50}, traffic={"rate": 10.0}))
    sized = plan.sized(users=20, rate=3.5, duration=4.0)
    assert (sized.population.users, sized.population.senders, sized.traffic.rate) == (20, 20, 3.5)
    assert [phase.seconds for phase in sized.phases] == [1.0, 3.0]
    assert plan.sized() == plan


def test_the_small_size_is_what_it_says():
    """And can be sized too."""
    small = {"users": 6, "friends": 2, "rate": 5.0, "seconds": 0.1, "drain": 3.0}
    plan = Plan.parse(table(small=small)).sized(small=True, rate=9.0)
    assert (plan.population.users, plan.population.friends, plan.traffic.rate, plan.drain) == (6, 2, 9.0, 3.0)
    assert plan.duration == pytest.approx(4.0)
