"""A run as `parley load` makes it: real servers, and a stand-in for the generator, who says what he found."""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from e2e.report.terminal import Terminal
from load import result as results
from load import world
from load.fleet import FleetError
from load.own_fleet import OwnFleet, Wanted
from load.plan import Plan, PlanError
from load.processes import family
from load.result import Result
from load.run import FAILED, INVALID, PASSED, Request, run
from load.trial import Trial
from load.world import World
from tests.load.conftest import STAND_IN, StartFleet, plan_of
from tests.waiting import until


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended.

    Attributes:
        directory: of its report.

    """

    code: int
    printed: str
    directory: Path

    @property
    def result(self) -> Result:
        return results.load(self.directory / "result.json")


Load = Callable[..., Awaitable[Outcome]]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Return what makes a run whose generator does what these words say."""

    async def load(plan: Plan, *words: str, **more: Any) -> Outcome:
        directory = tmp_path / "report"
        request = Request(plan, directory, command=[*STAND_IN, *words], **more)
        stream = io.StringIO()
        code = await run(request, Terminal(stream))
        return Outcome(code, stream.getvalue(), directory)

    return load


def children() -> set[int]:
    return set(family(os.getpid())) - {os.getpid()}


async def test_a_run_that_meets_all_demands_passes(load: Load):
    """There is a report, it is said where, and nothing runs any more."""
    before = children()
    done = await load(plan_of())
    assert done.code == PASSED
    assert (done.directory / "report.html").is_file()
    assert json.loads((done.directory / "verdict.json").read_text())["outcome"] == "passed"
    assert f"The report is {done.directory / 'report.html'}" in done.printed
    assert "1 server, embedded" in done.printed
    assert "8 users" in done.printed, "a line of progress"
    await until(lambda: children() <= before)


async def test_what_the_servers_did_is_in_the_result(load: Load):
    """Their looks beside those of the generator, who says it better of itself, and what is to be known to read them."""
    done = await load(plan_of("friends", {"name": "hold", "seconds": 1.5, "measured": True}))
    assert [(it.name, it.kind) for it in done.result.processes] == [
        ("server 1", "server"),
        ("generator 0", "generator"),
    ]
    assert done.result.processes[0].samples[0].rss > 0
    setting = done.result.setting
    assert setting["servers"] == 1
    assert setting["cores"] == os.cpu_count()
    assert str(setting["targets"]).startswith("http://127.0.0.1:")
    assert {"commit", "python", "kernel", "memory", "open files", "locust"} <= set(setting)


async def test_a_demand_that_is_not_met_fails_the_run(load: Load):
    """A lost message."""
    done = await load(plan_of(), "lose")
    assert (done.code, done.result.passed) == (FAILED, False)
    assert "lost is 1, demanded is at most 0" in done.printed


async def test_a_generator_that_was_the_bottleneck_makes_the_run_invalid(load: Load):
    """But a message that was lost is lost."""
    done = await load(plan_of(), "busy", "0")
    assert done.code == INVALID
    assert "the generator was the bottleneck" in done.printed

    done = await load(plan_of(), "busy", "0", "lose")
    assert done.code == FAILED
    assert "the generator was the bottleneck" in done.printed


async def test_a_generator_without_a_result_makes_the_run_invalid(load: Load):
    """What it said is told; it is kept, too, and so is the log of the server. Tokens and data are not."""
    done = await load(plan_of(), "fail")
    assert done.code == INVALID
    assert "it rained into the generator" in done.printed
    kept = sorted(path.name for path in done.directory.rglob("*") if path.is_file())
    assert "generator.log" in kept
    assert any(name.endswith("server.log") for name in kept)
    assert all(name.endswith((".log", ".jsonl")) for name in kept)


async def test_half_a_result_makes_the_run_invalid(load: Load):
    """As of a generator that was killed while it wrote it."""
    done = await load(plan_of(), "tear")
    assert done.code == INVALID
    assert "the generator left no whole result" in done.printed


async def test_a_generator_that_hangs_is_ended(load: Load, monkeypatch: pytest.MonkeyPatch):
    """When its time is over."""
    monkeypatch.setattr("load.trial._MARGIN", 1.0)
    before = children()
    done = await load(plan_of(), "hang")
    assert done.code == INVALID
    assert "the generator did not end within" in done.printed
    await until(lambda: children() <= before)


async def test_a_server_that_ends_by_itself_fails_the_run(load: Load, monkeypatch: pytest.MonkeyPatch):
    """Also if all that was demanded is met."""
    take = Trial._take

    async def kill(self: Trial, news: Any) -> None:
        await take(self, news)
        assert isinstance(self.fleet, OwnFleet)
        if self.fleet.servers[0].running:
            os.kill(self.fleet.servers[0].pid, signal.SIGKILL)

    monkeypatch.setattr(Trial, "_take", kill)
    done = await load(plan_of())
    assert done.code == FAILED
    assert "server 1 has ended by itself" in done.printed
    assert done.result.troubles == ["server 1 has ended by itself"]


async def test_what_a_phase_does_to_servers_is_done(load: Load):
    """Of a server that was killed there are two processes, one after the other."""
    phases = [
        {"name": "calm", "seconds": 1.5, "measured": True},
        {"name": "kill", "seconds": 4, "action": "kill", "rate": 1.0},
    ]
    done = await load(plan_of("friends", *phases))
    assert done.code == PASSED, done.printed
    cpu = [it.cpu for it in done.result.processes[0].samples]
    assert any(later < before for before, later in pairwise(cpu))
    assert "server 1 has ended" not in done.printed


async def test_an_interrupted_run_leaves_nothing(load: Load, tmp_path: Path):
    """At a SIGTERM, or a Ctrl-C: no process, and no token."""
    before, here = children(), tmp_path / "report"
    running = asyncio.ensure_future(load(plan_of(), "hang"))
    async with asyncio.timeout(30):
        while not list(here.glob("run-*/child")):  # noqa: ASYNC110  (another process sets no event)
            await asyncio.sleep(0.01)
    os.kill(os.getpid(), signal.SIGTERM)
    with pytest.raises(asyncio.CancelledError):
        await running
    await until(lambda: children() <= before)
    assert not list(here.glob("run-*"))


async def test_servers_of_somebody_else_are_loaded_by_their_address(load: Load, tmp_path: Path):
    """They tell of themselves, and go on running."""
    plan = plan_of("friends", {"name": "hold", "seconds": 1.5, "measured": True})
    fleet = await OwnFleet.start(tmp_path / "theirs", plan, Wanted())
    try:
        done = await load(plan, targets=[fleet.rest[0]])
        assert fleet.servers[0].running
    finally:
        await fleet.close()
    assert done.code == PASSED
    assert done.result.setting["deployment"] == "target"
    assert [it.name for it in done.result.processes] == ["server 1", "generator 0"]


async def test_what_was_made_at_servers_of_somebody_else_is_removed(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Their rooms are open while the run goes on, and no longer."""
    plan, make = plan_of("rooms"), world.make
    made: list[World] = []

    async def noted(*given: Any) -> World:
        made.append(await make(*given))
        return made[-1]

    monkeypatch.setattr(world, "make", noted)
    fleet = await OwnFleet.start(tmp_path / "theirs", plan, Wanted())
    try:
        assert (await load(plan, targets=[fleet.rest[0]])).code == PASSED
        async with aiohttp.ClientSession() as http:
            for room in made[0].rooms:
                async with http.get(f"{fleet.rest[0]}/api/v1/rooms/{room}/messages") as answer:
                    assert answer.status == 403
    finally:
        await fleet.close()
    assert len(made[0].rooms) == 2


async def test_servers_of_somebody_else_are_not_hurt(load: Load):
    """A plan that would is refused before anybody is asked anything."""
    plan = plan_of("friends", {"name": "storm", "seconds": 1, "action": "restart"})
    with pytest.raises(FleetError, match=r"not done to those of others \(restart, in its phase storm\)"):
        await load(plan, targets=["http://127.0.0.1:9"])


async def test_a_target_where_nothing_is_is_refused(load: Load):
    """In a sentence."""
    with pytest.raises(FleetError, match="nothing answers there"):
        await load(plan_of(), targets=["http://127.0.0.1:9"])


async def test_a_demand_that_is_not_known_is_refused(load: Load):
    """Before anything is started."""
    with pytest.raises(PlanError, match=r"thresholds.p99 is not known"):
        await load(replace(plan_of(), thresholds={"p99": 3}))


async def test_how_much_servers_hold_is_found(load: Load):
    """Each step is a run over servers of its own. The report is of the most that held."""
    plan = plan_of().sized(rate=100)
    done = await load(plan, "holds", "330", capacity=True)
    assert done.code == PASSED
    found = json.loads((done.directory / "capacity.json").read_text())
    assert [step["load"] for step in found["steps"]] == [100, 200, 400, 300, 350, 325]
    assert (found["held"], found["broke"], found["broken"], found["unit"]) == (325, 350, ["lost"], "messages/s")
    assert done.result.plan["traffic"]["rate"] == 325
    assert done.result.setting["capacity"] == "325 messages/s"
    assert "tried holds 325 messages/s" in done.printed
    assert "at 350 messages/s it does not meet: lost" in done.printed


async def test_how_many_users_servers_hold_is_found(load: Load, start_fleet: StartFleet):
    """Of a plan in which nobody speaks; each step has its own users, here at a target."""
    plan = replace(plan_of("direct", {"name": "ramp", "seconds": 0.1, "measured": True}), drain=0.1)
    done = await load(plan, "holds", "13", capacity=True, targets=(await start_fleet(plan)).rest)
    found = json.loads((done.directory / "capacity.json").read_text())
    assert [step["load"] for step in found["steps"]] == [8, 16, 12, 14, 13]
    assert found["held"] == 13


async def test_a_load_at_which_the_generator_is_the_limit_does_not_hold(load: Load, start_fleet: StartFleet):
    """The servers may hold more than is found below it, and that is said."""
    plan = plan_of().sized(rate=100)
    done = await load(plan, "busy", "300", capacity=True, targets=(await start_fleet(plan)).rest)
    assert done.code == PASSED
    found = json.loads((done.directory / "capacity.json").read_text())
    assert (found["held"], found["broke"], found["broken"]) == (300, 325, [])
    assert "perhaps more, but at 325 messages/s the generator was the bottleneck" in done.printed


async def test_a_load_at_which_there_is_no_result_does_not_hold(load: Load, start_fleet: StartFleet):
    """What was found before it is kept; but where the first has none there is nothing to be kept."""
    plan = plan_of().sized(rate=100)
    fleet = await start_fleet(plan)
    done = await load(plan, "breaks", "150", capacity=True, targets=fleet.rest)
    assert done.code == PASSED
    found = json.loads((done.directory / "capacity.json").read_text())
    assert [step["load"] for step in found["steps"]] == [100, 200, 150, 175, 162]
    assert (found["held"], found["broke"], found["broken"]) == (150, 162, [])
    assert "perhaps more, but at 162 messages/s the generator ended with exit code 1" in done.printed

    done = await load(plan, "fail", capacity=True, targets=fleet.rest)
    assert done.code == INVALID


async def test_what_is_in_the_directory_of_the_report_stays_there(load: Load, tmp_path: Path):
    """Whatever its name."""
    (tmp_path / "report" / "run").mkdir(parents=True)
    (tmp_path / "report" / "run" / "a file").touch()
    assert (await load(plan_of())).code == PASSED
    assert [it.name for it in (tmp_path / "report" / "run").iterdir()] == ["a file"]
    assert not list((tmp_path / "report").glob("run-*")), "what the run needed is gone"


async def test_where_nothing_is_valid_nothing_is_concluded(load: Load, start_fleet: StartFleet):
    """However little the load."""
    plan = plan_of().sized(rate=1)
    done = await load(plan, "busy", "0", capacity=True, targets=(await start_fleet(plan)).rest)
    assert done.code == INVALID
    assert "tried holds nothing" in done.printed


async def test_figures_of_an_earlier_run_stand_beside_those_of_this_one(load: Load):
    """In the terminal and on the page."""
    earlier = (await load(plan_of())).result
    done = await load(plan_of(), baseline=earlier)

    assert "baseline   ratio  demanded" in done.printed
    assert f"Beside them those of run {earlier.run}" in (done.directory / "report.html").read_text(encoding="utf-8")
