"""`load.costs` and `load.sizing`: from measured runs to servers and shards."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from load.costs import Costs, costs, hops, points
from load.result import Result, Verdict, dump
from load.sizing import Assumptions, main, need
from tests.load.results import flat, generator, phase, plan, result, seconds, series

cost = st.floats(1.0, 1000.0)


def run(
    true: Costs, *, servers: int = 1, users: int = 100, messages: int = 50, fan: int = 10, **setting: Any
) -> Result:
    """Return a run of servers with these costs: ten seconds to come, ten of silence, ten of messages."""
    others = hops(servers, fan)
    shares = [
        users * true.connect / 1e6 / 10,
        users * true.idle / 1e6,
        true.cores(users, messages, fan, others),
    ]
    shares = [it + servers * true.base / 1e6 for it in shares]
    cpu = [sum(shares[min(2, second // 10)] for second in range(at)) for at in range(31)]
    rss = [true.server] * 2 + [true.server + users * true.connection / servers] * 29
    part = [it / servers for it in cpu]
    processes = [series(f"server {at}", "server", part, rss=[int(it) for it in rss]) for at in range(servers)]
    quiet = {"measured": False, "rate": 0.0, "users": users, "intended": flat(0, 0), "actual": flat(0, 0)}
    talk = seconds(
        30, users=users, sent=messages, expected=messages * fan, delivered=messages * fan, arrived=messages * fan
    )
    return result(
        plan={**plan().dump(), "population": {**plan().dump()["population"], "friends": fan}},
        setting=setting,
        phases=[phase("ramp", 0, 10, **quiet), phase("hold", 10, 20, **quiet), phase("talk", 20, 30, users=users)],
        seconds=[replace(talk[0], users=0), *talk[1:]],
        verdict=Verdict(sent=messages, stored=messages),
        processes=[*processes, generator(looks=31)],
        operations={"redis commands": true.redis * messages * 10, "mongo insert": true.mongo * messages * 10},
    )  # fmt: skip


def connecting(true: Costs, users: int = 100) -> Result:
    """Return a run in which it is measured how users come."""
    found = run(true, users=users)
    return replace(
        found,
        phases=[replace(found.phases[0], measured=True), found.phases[1]],
        verdict=Verdict(),
        operations={"redis commands": true.redis_connect * users, "mongo insert": true.mongo_connect * users},
    )


@given(message=cost, delivery=cost, other=cost)
def test_what_things_cost_is_found_in_runs_that_differ(message: float, delivery: float, other: float):
    """In their fan-out, and in the number of servers: each cost then shows by itself."""
    true = Costs(message=message, delivery=delivery, other=other)
    runs = [run(true, servers=servers, fan=fan) for servers, fan in ((1, 2), (1, 40), (2, 10), (4, 10))]
    found = costs(runs)

    assert found.message == pytest.approx(message, rel=1e-3)
    assert found.delivery == pytest.approx(delivery, rel=1e-3)
    assert found.other == pytest.approx(other, rel=1e-3)


@given(delivery=cost, other=cost)
def test_one_server_and_two_tell_what_another_server_costs(delivery: float, other: float):
    """If a message as such costs nothing."""
    true = Costs(delivery=delivery, other=other)
    found = costs([run(true, servers=1), run(true, servers=2)])

    assert (found.message, found.delivery, found.other) == pytest.approx((0, delivery, other), rel=1e-3)


def test_of_one_run_all_is_put_on_the_deliveries():
    """It does not tell more."""
    found = costs([run(Costs(message=100, delivery=20))])

    assert (found.message, found.delivery, found.other) == (0, pytest.approx(30), 0)


def test_everything_else_is_read_off_the_phases():
    """Silence, coming, memory, what engines did for a message; and for a connect, where nothing else was measured."""
    true = Costs(
        delivery=20, connect=700, base=900, idle=8, connection=40_000, server=70_000_000,
        redis=4, mongo=2, redis_connect=11, mongo_connect=5,
    )  # fmt: skip
    found = costs([run(true, servers=2), connecting(true, users=70)])

    assert found.assumed == ()
    for name in ("connect", "base", "idle", "connection", "server", "redis", "mongo", "redis_connect", "mongo_connect"):
        assert getattr(found, name) == pytest.approx(getattr(true, name), rel=1e-6), name


def test_what_no_run_shows_is_assumed_and_said_to_be():
    """A figure that nobody measured must not look like one."""
    alone = replace(run(Costs(delivery=20)), operations={})
    alone = replace(alone, phases=[alone.phases[2]])
    found = costs([alone])

    assert found.assumed == ("base", "idle", "connect", "redis_connect", "mongo_connect", "redis", "mongo")
    assert found.redis == Costs().redis


def test_a_message_goes_to_as_many_other_servers_as_have_a_receiver():
    """None with one server, all but its own with many receivers, one each with many servers."""
    assert hops(1, 10) == 0
    assert hops(2, 1) == 0.5
    assert hops(2, 1, across=True) == 1
    assert hops(4, 1000) == pytest.approx(3)
    assert hops(100_000, 10) == pytest.approx(10, rel=1e-3)


def test_a_run_across_servers_is_known_as_one():
    """All its receivers are elsewhere."""
    one = run(Costs(delivery=20), servers=2, fan=1)
    across = replace(one, plan={**one.plan, "population": {**one.plan["population"], "spread": "across"}})

    assert [it.others for it in points([one, across])] == [0.5, 1.0]


EXACT = Costs(
    message=100, delivery=10, other=0, connect=1000, base=0, idle=0, connection=10_000, server=0,
    redis=2, mongo=1, redis_connect=0, mongo_connect=0,
)  # fmt: skip
PLAIN = Assumptions(
    online=0.5, messages=864, connects=0, peak=1, fan=10, utilisation=0.5, spare=0.5, memory=2000, most=1e9
)


def test_servers_are_as_many_as_the_processor_needs():
    """A million users, ten thousand messages a second, 200 microseconds each: two cores, planned half full."""
    found = need(1_000_000, EXACT, PLAIN)

    assert (found.connections, found.messages, found.deliveries) == (500_000, 10_000, 100_000)
    assert (found.bound, found.servers) == ("memory", 10)  # 5 GB in servers of 1 GB, twice
    assert need(1_000_000, replace(EXACT, connection=1), PLAIN).servers == 8
    assert need(1_000_000, replace(EXACT, connection=1), PLAIN).bound == "processor"


def test_what_servers_do_by_themselves_is_not_there_for_users():
    """With a tenth of each core for that, four tenths are left of the half that is planned for."""
    assert need(1_000_000, replace(EXACT, connection=1, base=100_000), PLAIN).servers == 10


def test_one_silent_phase_does_not_tell_servers_from_connections():
    """What is left over when connections cost what is assumed is of the servers; and who comes last is there."""
    one = run(Costs(delivery=20, base=900, idle=5), servers=2)
    late = replace(one, phases=[replace(one.phases[0], users=99), *one.phases[1:]])

    for found in (costs([one]), costs([late])):
        assert found.base == pytest.approx(900)
        assert found.assumed == ("idle", "redis_connect", "mongo_connect")


def test_servers_are_as_many_as_connections_need():
    """Whatever they cost."""
    found = need(1_000_000, EXACT, replace(PLAIN, most=10_000))

    assert (found.bound, found.servers) == ("connections", 100)


def test_servers_that_may_be_lost_are_added():
    """A share, and one at the least."""
    assert need(10, EXACT, PLAIN).servers == 2
    assert need(1_000_000, EXACT, replace(PLAIN, spare=0)).servers == 6


def test_another_server_costs_the_more_the_more_there_are():
    """Up to one for each receiver: 10 thousand messages a second, 9.9 others of 100 microseconds, beside 200."""
    found = need(100_000_000, replace(EXACT, other=100, connection=1), replace(PLAIN, spare=0))

    assert found.servers == pytest.approx((1_000_000 * (200 + 1000)) / 1e6 / 0.5, rel=0.01)


def test_shards_are_as_many_as_operations_or_disks_need():
    """Redis has a publication once more for each server that it goes to; MongoDB keeps what is kept."""
    busy = need(1_000_000, EXACT, replace(PLAIN, redis=10_000, mongo=1_000, size=0))
    full = need(1_000_000, EXACT, replace(PLAIN, mongo=1e9, size=1000, days=10, disk=1))

    servers = 5
    assert busy.redis == -(-10_000 * (2 + hops(servers, 10)) // 5_000)
    assert (busy.mongo, busy.mongo_bound) == (20, "operations")
    assert (full.mongo, full.mongo_bound) == (9, "disk")


def test_connects_cost_too():
    """Each some processor time, and something of the engines."""
    come = replace(PLAIN, messages=0, connects=86_400 / 1000)  # a thousand a second
    found = need(1_000_000, replace(EXACT, connection=1, connect=2_000, redis_connect=100, mongo_connect=20), come)

    assert found.connects == pytest.approx(1_000)
    assert found.servers == 8  # two cores, half full, twice
    assert (found.redis, found.mongo) == (2, 4)
    assert found.back == pytest.approx(500_000 * 0.002 / 4)


@given(
    users=st.integers(1, 10**9),
    more=st.integers(0, 10**9),
    true=st.builds(Costs, message=cost, delivery=cost, other=cost),
)
def test_more_users_never_need_less(users: int, more: int, true: Costs):
    """Of anything."""
    few, many = (need(it, true, Assumptions()) for it in (users, users + more))

    assert few.servers <= many.servers
    assert few.redis <= many.redis
    assert few.mongo <= many.mongo


def written(directory: Path, name: str, found: Result) -> str:
    path = directory / f"{name}.json"
    dump(found, path)
    return str(path)


def test_the_command_prints_costs_assumptions_needs_and_checks(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """What is predicted stands beside what other runs measured."""
    true = Costs(delivery=20, other=50, idle=8, connection=40_000, server=70_000_000)
    files = [written(tmp_path, str(at), run(true, servers=at)) for at in (1, 2)]
    check = written(tmp_path, "check", run(true, servers=2, users=200, messages=100))
    code = main([*files, "--check", check, "--users", "5000", "7000000", "--fan", "20"])
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]

    assert code == 0
    assert ["delivery", "of", "it", "20", "µs"] in lines
    assert ["other", "server", "it", "goes", "to", "50", "µs"] in lines
    assert ["users", "5,000", "7,000,000"] in lines
    assert any(line[:2] == ["--fan", "20"] for line in lines)
    (row,) = [line for line in lines if line[:2] == ["made,", "2"]]
    assert row[5:] == ["0.0266", "|", "0.0266", "148", "|", "148", "300", "|", "300", "300", "|", "300"]


def test_runs_that_show_nothing_are_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """One that is not valid, and an embedded one among clustered ones; without any left there is no answer."""
    true, other = Costs(delivery=20), Costs(delivery=2000)
    good = written(tmp_path, "good", run(true, deployment="clustered"))
    bad = written(tmp_path, "bad", replace(run(other), invalid=["the generator was the bottleneck"]))
    embedded = written(tmp_path, "embedded", run(other, deployment="embedded"))
    silent = written(tmp_path, "silent", connecting(true))

    assert main([good, bad, embedded]) == 0
    told = capsys.readouterr()
    assert "the generator was the bottleneck" in told.err
    assert "its server was embedded" in told.err
    assert ["delivery", "of", "it", "20", "µs"] in [line.split() for line in told.out.splitlines()]
    assert main([bad]) == 2
    assert main([silent]) == 2
    assert main([str(tmp_path / "none.json")]) == 2
