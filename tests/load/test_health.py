"""`load.health`: runs of which nothing may be concluded."""

from __future__ import annotations

from dataclasses import replace

import pytest

from load.health import MOST_CPU, MOST_LAG
from load.result import Latency, Verdict
from load.thresholds import judge, outcome, verdict
from tests.load.results import flat, generator, phase, plan, result, series

AHEAD = phase(intended=flat(1.0), actual=flat(2.0))
"""Its messages took longer from when they were written than from when they were due."""


@pytest.mark.parametrize(
    ("run", "why"),
    [
        (result(processes=[generator(), generator(MOST_CPU + 0.05)]), "used 85% of a core"),
        (result(processes=[generator(lag=[MOST_LAG + 1])]), "51 ms late"),
        (result(processes=[]), "told nothing of itself"),
        (result(verdict=Verdict()), "nothing was sent"),
        (result(connects=Latency()), "nobody could connect"),
        (result(phases=[phase(actual=flat(0.0))]), "came before they were sent"),
        (result(phases=[AHEAD]), "written before they were due"),
        (result(processes=[generator(), replace(generator(), samples=generator().samples[::-1])]), "set back"),
    ],
    ids=["cpu", "lag", "silent", "nothing sent", "nobody", "clocks", "clock ahead", "clock back"],
)
def test_of_such_a_run_nothing_is_concluded(run, why: str):
    """It has not passed, it has not failed, and says why."""
    judged = judge(run, plan())

    assert not judged.passed
    assert outcome(judged) == "invalid"
    assert any(why in it for it in judged.invalid), judged.invalid
    assert verdict(judged)["outcome"] == "invalid"


def test_a_generator_that_has_time_is_believed():
    """Up to what it may use, and a hiccup in a short run, and a busy time when nothing is measured."""
    full = generator(MOST_CPU, lag=[MOST_LAG])
    hiccup = generator(lag=[1.0] * 5 + [900.0] + [1.0] * 5)
    busy = series(
        "generator 0", "generator", [0.0, 1.0, 2.0, *(2.0 + 0.1 * at for at in range(1, 9))], lag=[900.0] * 3 + [1]
    )
    ramp = [phase("ramp", 0, 2, measured=False), phase("hold", 2, 10)]

    assert judge(result(processes=[full]), plan()).invalid == []
    assert judge(result(processes=[hiccup]), plan()).invalid == []
    assert judge(result(processes=[busy], phases=ramp), plan()).invalid == []


def test_a_scenario_in_which_nobody_speaks_need_not_send():
    """Such as one that is about connecting."""
    silent = replace(plan(), phases=tuple(replace(it, rate=0.0) for it in plan().phases))

    assert judge(result(verdict=Verdict()), silent).passed
