"""`parley load`, once its command line is understood: a fleet, one run over it or several, a report, an exit code."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from e2e.report.legible import legible
from e2e.report.terminal import Terminal
from e2e.verify.profile import Profile
from load import generator, report
from load.capacity import Capacity, Search, loaded, unit_of
from load.fleet import Fleet, FleetError, RemoteFleet
from load.generator import GeneratorError
from load.own_fleet import OwnFleet, Wanted, raise_descriptors
from load.plan import Plan
from load.result import Result
from load.terminal import table
from load.thresholds import EXITS, demands, outcome
from load.ticker import Ticker
from load.trial import Trial
from load.world import WorldError

__all__ = ["FAILED", "INVALID", "PASSED", "UNUSABLE", "Request", "run"]

PASSED, FAILED, UNUSABLE, INVALID = EXITS["passed"], EXITS["failed"], 2, EXITS["invalid"]


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for on the command line.

    Attributes:
        plan: in its size.
        directory: of the report.
        targets: URLs of servers that run already; none for servers of the run's own.
        wanted: what is started otherwise.
        processes: of the generator.
        capacity: whether to find how much the servers hold.
        baseline: an earlier result, whose figures stand beside those of this one.
        command: what runs the generator, Locust without it.

    """

    plan: Plan
    directory: Path
    targets: Sequence[str] = ()
    profile: Profile = field(default_factory=Profile)
    wanted: Wanted = field(default_factory=Wanted)
    processes: int = 1
    capacity: bool = False
    baseline: Result | None = None
    command: Sequence[str] = ()


async def run(request: Request, terminal: Terminal) -> int:
    """Make what was asked for, print what came of it, write the report, and return the exit code.

    Raises:
        PlanError: the plan cannot be run in this size, or demands what is not known.
        FleetError: there are no such servers.
        WorldError: what the plan needs could not be made at them.

    """
    demands(request.plan)
    raise_descriptors()
    work = await asyncio.to_thread(_made, request.directory.absolute())
    try:
        async with _ended_by_sigterm():
            conduct = _find_capacity if request.capacity else _once
            return await conduct(request, work, terminal)
    except GeneratorError as error:
        terminal.say(*map(legible, str(error).splitlines()))
        return INVALID
    finally:
        await asyncio.to_thread(_tidy, work, request.directory / "logs")


def _made(directory: Path) -> Path:
    """Return a new directory for a run in that of its report; each of its servers has one of its own there."""
    directory.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix="run-", dir=directory))


@asynccontextmanager
async def _ended_by_sigterm() -> AsyncIterator[None]:
    """Have a SIGTERM end this task as a Ctrl-C does: everything that was started is ended."""
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    assert task is not None
    loop.add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGTERM)


async def _once(request: Request, work: Path, terminal: Terminal) -> int:
    return _told(await _tried(request, request.plan, work, terminal, introduced=True), request, terminal)


async def _find_capacity(request: Request, work: Path, terminal: Terminal) -> int:
    """Have each step start servers of its own, if the run does: what one stored, and broke, is not the next one's."""
    plan, unit = request.plan, unit_of(request.plan)
    people = unit == "users"
    servers = len(request.targets) or request.wanted.servers
    search = Search(plan.population.users if people else plan.traffic.rate, servers if people else 0)
    found, best = Capacity(plan.name, unit), None
    while (load := search.next()) is not None:
        directory = work / f"step-{len(found.steps) + 1}"
        try:
            result = await _tried(request, loaded(plan, load), directory, terminal, introduced=not found.steps)
            found.take(load, result)
            search.tell(load, held=result.passed)
            if best is None or (result.passed and load == search.held):
                best = result
        except (FleetError, GeneratorError, WorldError) as error:
            if best is None:
                raise
            found.miss(load, error)
            search.tell(load, held=False)
        terminal.say(f"{load:,g} {unit}: {found.steps[-1]}")
    found.held, found.broke = search.held, search.broke
    assert best is not None, "something was tried"
    best = replace(best, setting={**best.setting, "capacity": f"{found.held:g} {unit}"})
    _told(best, request, terminal)
    (request.directory / "capacity.json").write_text(json.dumps(found.dump(), indent=1) + "\n", encoding="utf-8")
    terminal.say(*found.told())
    return PASSED if found.held else INVALID if found.invalid else FAILED


async def _tried(request: Request, plan: Plan, directory: Path, terminal: Terminal, *, introduced: bool) -> Result:
    """Make one run of a plan, saying first over what if that is to be introduced."""
    command = request.command or generator.locust(request.processes)
    async with _fleet(request, plan, directory) as fleet:
        if introduced:
            terminal.say(f"{plan.name}: {plan.title}. {_described(fleet)}")
        return await Trial(plan, fleet, directory, command, Ticker(terminal, plan.duration)).run()


@asynccontextmanager
async def _fleet(request: Request, plan: Plan, directory: Path) -> AsyncIterator[Fleet]:
    fleet: Fleet = (
        await RemoteFleet.look(plan, request.targets, request.profile)
        if request.targets
        else await OwnFleet.start(directory, plan, request.wanted)
    )
    try:
        yield fleet
    finally:
        await fleet.close()


def _described(fleet: Fleet) -> str:
    found = fleet.setting()
    count = found["servers"]
    proxy = ", behind nginx" if found.get("proxy") == "nginx" else ""
    return f"{count} server{'' if count == 1 else 's'}, {found['deployment']}{proxy}"


def _told(result: Result, request: Request, terminal: Terminal) -> int:
    """Write a report, print the result, and return its exit code."""
    report.write(result, request.directory, request.baseline)
    told = table(result, request.baseline, colours=terminal.colours).rstrip()
    terminal.say(told, f"The report is {request.directory / 'report.html'}")
    return EXITS[outcome(result)]


def _tidy(work: Path, logs: Path) -> None:
    """Keep the logs of a run, and nothing else of it: there are databases, and tokens perhaps."""
    for path in sorted([*work.rglob("*.log"), *work.rglob("progress.jsonl")]):
        kept = logs / "-".join(path.relative_to(work).parts)
        logs.mkdir(parents=True, exist_ok=True)
        shutil.move(path, kept)
    shutil.rmtree(work, ignore_errors=True)
