"""`load.thresholds`: every figure that a scenario may demand, and whether a run has it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from load.plan import PlanError, names, read
from load.result import Latency, Result, Verdict
from load.thresholds import BY_NAME, DEMANDED, FIGURES, LONG, demands, judge, outcome, verdict
from tests.load.results import flat, generator, phase, plan, result, second, seconds, series, value

LINE = list(range(601))


RSS = [1_000_000 * it for it in (0, 1, 1, 1, 1, 2, 9)]
"""Grows before anybody comes, then with users, and then with what they say."""


def two_servers(**second_server: Any) -> list:
    """Return two servers that use half a core and a quarter, and what else there is beside them."""
    return [
        series("server 1", "server", [0.5 * at for at in range(11)], rss=RSS),
        series("server 2", "server", [0.25 * at for at in range(11)], rss=[1_000_000], **second_server),
        series("redis", "engine", [0.1 * at for at in range(11)], rss=[7_000_000]),
        series("nginx", "proxy", [0.05 * at for at in range(11)], rss=[9_000_000]),
        generator(),
    ]


def soak(**told: Any) -> Result:
    """Return ten minutes with two servers, of which one looks as it is told."""
    steady = series("server 2", "server", LINE, rss=[5_000_000], tasks=[7], queued=[0])
    rising = series("server 1", "server", LINE, **{"rss": [5_000_000], "tasks": [7], "queued": [0], **told})
    return result(phases=[phase(ended=600.0)], seconds=seconds(600), processes=[steady, rising, generator()])


VERDICT = Verdict(
    sent=90, unsent=10, stored=80, refused=7, unknown=9, expected=800, delivered=790,
    lost=1, duplicated=2, repeated=3, reordered=4, late=5, unexpected=6,
)  # fmt: skip

LATENCIES = {
    "intended": Latency(100, 5.0, 4.0, 8.0, 20.0, 30.0, 40.0),
    "actual": Latency(100, 3.0, 2.0, 6.0, 10.0, 15.0, 35.0),
}
PHASES = [
    phase("ramp", 0, 2, measured=False, intended=flat(999.0), actual=flat(999.0)),
    phase("hold", 2, 6),
    phase("more", 6, 10, **LATENCIES),
]
UNTOLD = [second(0, expected=0, delivered=0), *seconds(10)[1:5], second(5, delivered=40), *seconds(10)[6:9]]
"""In the sixth second two of ten deliveries were not made, and in the first none was owed."""

ASKED = {"redis commands": 150, "redis publish": 50, "redis get": 100, "mongo insert": 50, "mongo query": 50}
"""What the engines count: the commands of Redis are a sum, what MongoDB counts are parts."""

WORKED = {
    "lost": (result(verdict=VERDICT), 1),
    "duplicated": (result(verdict=VERDICT), 2),
    "reordered": (result(verdict=VERDICT), 4),
    "late": (result(verdict=VERDICT), 5),
    "unexpected": (result(verdict=VERDICT), 6),
    "repeated": (result(verdict=VERDICT), 3),
    "refused": (result(verdict=VERDICT), 7),
    "unknown": (result(verdict=VERDICT), 9),
    "refused_share": (result(verdict=Verdict(sent=50, stored=40, refused=10)), 0.2),
    "unknown_share": (result(verdict=VERDICT), 0.1),
    "unsent_share": (result(verdict=VERDICT), 0.1),
    "reach": (result(phases=[phase(ended=4.0), phase("more", 4.0, 6.0)], seconds=UNTOLD), 0.9),
    "worst_reach": (result(seconds=UNTOLD), 0.8),
    "p50_ms": (result(phases=PHASES), 4.0),
    "p99_ms": (result(phases=PHASES), 20.0),
    "p999_ms": (result(phases=PHASES), 30.0),
    "actual_p50_ms": (result(phases=PHASES), 2.0),
    "actual_p99_ms": (result(phases=PHASES), 10.0),
    "actual_p999_ms": (result(phases=PHASES), 15.0),
    "p99_ratio": (
        result(
            phases=[
                phase("ramp", measured=False, intended=flat(999.0)),
                phase("calm", intended=flat(4.0)),
                phase("stalled", action="stall", measured=False, intended=flat(6.0)),
                phase("on", measured=False, intended=flat(10.0)),
                phase("read", action="read", measured=False, intended=flat(999.0)),
                phase("cool", measured=False, intended=flat(999.0)),
            ]
        ),
        2.5,
    ),
    "present": (
        result(
            plan={
                "population": {"users": 20},
                "phases": [{"users": share} for share in (0.5, 0.5, 1.0, 1.0, 1.0, 1.0)],
            },
            phases=[
                phase("ramp", users=1),
                phase("half", users=9),
                phase("more", users=1),
                phase("all", users=19),
                phase("hurt", users=1, action="kill"),
                phase("away", users=1, action="away"),
            ],
        ),
        0.9,
    ),
    "connect_p99_ms": (result(connects=Latency(9, 3.0, 2.0, 3.0, 17.0, 18.0, 19.0)), 17.0),
    "ready": (result(phases=[phase(action="drop", ready=3.0), phase("again", action="kill", ready=7.5)]), 7.5),
    "messages_per_second": (result(phases=PHASES), 5.0),
    "deliveries_per_second": (
        result(phases=[phase(began=5.0)], seconds=[second(at, arrived=at) for at in range(10)]),
        7.0,
    ),
    "cpu_us_per_delivery": (result(processes=two_servers()), 15_000.0),
    "cpu_us_per_message": (
        result(processes=two_servers(), verdict=Verdict(sent=40, unsent=10, stored=40)),
        7.5 / 40 * 1_000_000,
    ),
    "engine_cpu_us_per_delivery": (result(processes=two_servers()), 2_000.0),
    "engine_cpu_us_per_message": (result(processes=two_servers()), 20_000.0),
    "proxy_cpu_us_per_delivery": (result(processes=two_servers()), 1_000.0),
    "proxy_cpu_us_per_message": (result(processes=two_servers()), 10_000.0),
    "troubles": (result(troubles=["server 1 has ended by itself"]), 1),
    "redis_per_message": (result(operations=ASKED), 3.0),
    "mongo_per_message": (result(operations=ASKED), 2.0),
    "rss_kb_per_connection": (
        result(processes=two_servers(), seconds=[second(0, users=0), *seconds(4, users=5)[1:], *seconds(10)[4:]]),
        100.0,
    ),
    "rss_growth_mb": (
        result(
            processes=[series("server 1", "server", range(11), rss=[1_000_000 * it for it in (9, 2, 2, 5, 1)])],
            phases=[phase("ramp", 0, 1, measured=False), phase("hold", 1, 2), phase("after", 2, 10, measured=False)],
        ),
        3.0,
    ),
    "memory_slope_mb_per_hour": (soak(rss=[10_000 * max(at, 300) for at in LINE]), 36.0),
    "tasks_slope_per_hour": (soak(tasks=[max(at, 300) for at in LINE]), 3600.0),
    "queued_slope_bytes_per_hour": (soak(queued=[2 * max(at, 300) for at in LINE]), 7200.0),
    "generator_cpu": (result(processes=[generator(0.3), generator(0.5)]), 0.5),
    "generator_lag_ms": (result(processes=[generator(lag=[2.0] * 9 + [9.0, 40.0])]), 9.0),
}  # fmt: skip


def test_every_figure_has_been_worked_out_by_hand():
    """So that none is added without."""
    assert sorted(WORKED) == sorted(BY_NAME)
    assert len(FIGURES) == len(BY_NAME)


@pytest.mark.parametrize("name", sorted(WORKED))
def test_a_figure_is_what_it_says(name: str):
    """Worked out by hand from few seconds and looks."""
    run, wanted = WORKED[name]

    assert value(judge(run, plan()), name) == pytest.approx(wanted, rel=1e-5)


def failing(judged: Result) -> set[str]:
    """Return the figures that do not hold."""
    return {it.name for it in judged.figures if not it.ok}


@pytest.mark.parametrize("name", sorted(WORKED))
def test_a_limit_may_be_met_exactly_and_not_be_passed(name: str):
    """At most, or at least, as the figure is: a little on the wrong side fails."""
    run, wanted = WORKED[name]
    figure = BY_NAME[name]
    wrong = -1 if figure.bound == "most" else 1

    def holds(limit: float) -> bool:
        return next(it.ok for it in judge(run, plan(**{name: limit})).figures if it.name == name)

    exact = value(judge(run, plan()), name)
    assert exact is not None
    assert holds(exact)
    assert holds(wanted - wrong)
    assert not holds(wanted + wrong * max(0.01, 0.01 * wanted))


@pytest.mark.parametrize("name", sorted(DEMANDED))
def test_completeness_is_demanded_of_every_scenario(name: str):
    """One message lost, or otherwise wrong, or users kept out, fail a run of a scenario that demands nothing."""
    limit, (run, wrong) = DEMANDED[name], WORKED[name]

    assert judge(result(), plan()).passed
    assert name in failing(judge(run, plan()))
    assert name not in failing(judge(run, plan(**{name: wrong}))), "a scenario may say otherwise"
    assert not BY_NAME[name].holds(wrong, limit)


def test_a_figure_that_is_demanded_and_could_not_be_had_does_not_hold():
    """Nobody is let off for not telling."""
    judged = judge(result(), plan(rss_growth_mb=10))

    assert value(judged, "rss_growth_mb") is None
    assert outcome(judged) == "failed"


@pytest.mark.parametrize(
    "name",
    ["reach", "worst_reach", "p99_ms", "messages_per_second", "cpu_us_per_delivery", "rss_growth_mb", "p99_ratio"],
)
def test_without_a_measured_phase_there_is_no_figure_of_one(name: str):
    """Rather than one of everything."""
    run = result(phases=[phase(measured=False, action="stall")], processes=two_servers())

    assert value(judge(run, plan()), name) is None


def test_clients_that_never_came_back_were_not_ready():
    """A phase without an action, or with one after which nobody comes back, has none to wait for."""
    never = [phase(action="drop", ready=3.0), phase("again", action="kill", ready=None)]
    other = [phase(action="stall"), phase("calm"), phase("again", action="drop", ready=3.0)]

    assert value(judge(result(phases=never), plan()), "ready") is None
    assert value(judge(result(phases=other), plan()), "ready") == 3.0


def test_a_slope_is_not_demanded_of_a_run_that_is_too_short_for_one():
    """Of a few seconds the noise alone would be megabytes an hour."""
    demanded = plan(memory_slope_mb_per_hour=20)
    short = replace(soak(rss=[100_000 * at for at in LINE]), phases=[phase(ended=LONG - 1)])
    (found,) = [it for it in judge(short, demanded).figures if it.name == "memory_slope_mb_per_hour"]

    assert (found.value, found.limit, found.ok) == (None, None, True)
    assert not judge(soak(rss=[100_000 * at for at in LINE]), demanded).passed


def test_servers_that_tell_nothing_of_their_tasks_have_no_slope_of_them():
    """Zeros that nobody told are no level."""
    judged = judge(soak(tasks=[0]), plan())
    silent = replace(soak(), processes=[series("server 1", "server", LINE, rss=[5]), generator()])

    assert value(judged, "tasks_slope_per_hour") == 0
    assert value(judge(silent, plan()), "tasks_slope_per_hour") is None
    assert value(judge(silent, plan()), "queued_slope_bytes_per_hour") is None


def test_a_demand_that_is_not_known_is_refused():
    """With what there is."""
    with pytest.raises(PlanError, match=r"thresholds\.p98_ms is not known; there is .*p99_ms"):
        judge(result(), plan(p98_ms=5))
    with pytest.raises(PlanError, match=r"thresholds\.p99_ms is 'fast', want a number"):
        judge(result(), replace(plan(), thresholds={"p99_ms": "fast"}))  # pyright: ignore[reportArgumentType]  (the wrong type is tested)


@pytest.mark.parametrize("name", names())
def test_a_scenario_demands_what_is_known(name: str):
    """And completeness, at the least."""
    assert demands(read(name)).keys() >= DEMANDED.keys()


def test_the_verdict_says_what_failed_and_why():
    """In JSON, for a program."""
    slow = result(
        phases=[phase(intended=flat(80.0))], verdict=Verdict(sent=50, stored=50, lost=2, examples=["lost: it"])
    )
    told = json.loads(json.dumps(verdict(judge(slow, plan(p99_ms=50, reach=0.5)))))

    assert (told["outcome"], told["scenario"], told["invalid"]) == ("failed", "made", [])
    assert told["failed"] == [
        {"name": "lost", "value": 2, "limit": 0, "bound": "most"},
        {"name": "p99_ms", "value": 80.0, "limit": 50, "bound": "most"},
    ]
    assert told["figures"]["reach"] == 1.0
    assert told["examples"] == ["lost: it"]
    assert verdict(judge(result(), plan()))["outcome"] == "passed"


def test_what_was_still_on_its_way_is_not_lost_for_sure():
    """If the drain ended amid it, and a generator had no time, nothing may be concluded; else it is lost."""
    missing = replace(result().verdict, lost=3)
    busy = [generator(0.95)]

    assert outcome(judge(result(verdict=missing, processes=busy), plan())) == "failed"
    assert outcome(judge(result(verdict=missing, processes=busy, cut=True), plan())) == "invalid"
    assert outcome(judge(result(verdict=missing, cut=True), plan())) == "failed"


def test_a_server_that_ended_has_failed_however_the_generator_was():
    """No generator that is too slow ends a server."""
    ended = ["server 1 has ended by itself"]

    assert outcome(judge(result(troubles=ended, processes=[generator(0.95)]), plan())) == "failed"
    assert outcome(judge(result(troubles=ended), plan(troubles=1))) == "passed"


def test_what_servers_of_somebody_else_do_not_tell_is_not_demanded_of_them():
    """No contract asks a server for its memory; one of the run's own has no excuse."""
    limit = plan(rss_growth_mb=10)

    assert outcome(judge(result(setting={"deployment": "target theirs"}), limit)) == "passed"
    assert outcome(judge(result(setting={"deployment": "clustered"}), limit)) == "failed"


def test_what_every_scenario_keeps_is_not_demanded_where_it_cannot_be_seen():
    """Whether users are there, in a run in which something is done all the time."""
    judged = judge(result(phases=[phase(action="churn")]), plan())

    assert value(judged, "present") is None
    assert outcome(judged) == "passed"
    assert outcome(judge(result(phases=[phase(action="churn")]), plan(present=0.9))) == "failed"
