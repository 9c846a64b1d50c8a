"""One run over a fleet: the generator runs over a world that is made for it, and the servers are watched, and hurt."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from load import result as results
from load import world
from load.acts import Acts
from load.fleet import Fleet, Member
from load.generator import Generator, GeneratorError, Progress
from load.operations import Operations
from load.own_fleet import OwnFleet
from load.plan import Plan
from load.result import Result
from load.setting import public, setting
from load.thresholds import judge
from load.ticker import Ticker
from load.vitals import Vitals

__all__ = ["Trial"]

_LOOK = 0.1
"""Seconds after which the generator's news are looked for again: a file tells nobody that it has grown."""

_MARGIN = 90.0
"""Seconds that the generator may take for its start and for collecting what its processes remember."""

_COMING = 200.0
"""Users that connect in a second, at least."""


@dataclass(eq=False)
class Trial:
    """One run, not made yet.

    Attributes:
        fleet: which goes on after it.
        directory: where its files go.
        command: what runs the generator.

    """

    plan: Plan
    fleet: Fleet
    directory: Path
    command: Sequence[str]
    ticker: Ticker

    def __post_init__(self) -> None:
        own = self.fleet if isinstance(self.fleet, OwnFleet) else None
        self._acts = Acts(own) if own else None
        self._operations = Operations(own) if own else None
        self._generator = Generator(self.directory, self.command)
        self._vitals = Vitals(self._members)
        self._begun = False

    async def run(self) -> Result:
        """Make the run and return what it has found, judged.

        Raises:
            PlanError: the plan has friendships that cannot be.
            WorldError: what it needs could not be made.
            GeneratorError: it came to no result.

        """
        await asyncio.to_thread(self.directory.mkdir, parents=True, exist_ok=True)
        self.ticker.prepare(f"making {self.plan.population.users:,} users")
        made = await world.make(self.plan, self.fleet)
        described = self.directory / "world.json"
        try:
            (self.directory / "plan.json").write_text(json.dumps(self.plan.dump()), encoding="utf-8")
            world.write(made, described)
            await self._generator.start()
            self._vitals.start()
            await self._attend()
            if self._acts is not None:
                await self._acts.finish()
            return self._judged(self._measured())
        finally:
            self.ticker.end()
            if self._acts is not None:
                await self._acts.cancel()
            await self._generator.close()
            await self._vitals.stop()
            await world.remove(made, self.fleet)
            described.unlink(missing_ok=True)

    def _members(self) -> list[Member]:
        return [*self.fleet.members(), Member("generator", "generator", self._generator.pids)]

    async def _attend(self) -> None:
        """Return once the generator has come to a result."""
        longest = self.plan.duration + self.plan.drain + _MARGIN + self.plan.population.users / _COMING
        progress = Progress(self.directory)
        try:
            async with asyncio.timeout(longest):
                while True:
                    running = self._generator.running  # before its news: the last ones are read too
                    for news in progress.news():
                        await self._take(news)
                    self.fleet.casualties()  # one that is started anew later has ended all the same
                    if not running:
                        break
                    await asyncio.sleep(_LOOK)
        except TimeoutError:
            log = self._generator.log_tail()
            raise GeneratorError(f"the generator did not end within {longest:.0f} s:\n{log}") from None
        self._generator.check()

    async def _take(self, news: Mapping[str, Any]) -> None:
        if "action" not in news:
            if self._begun:
                self.ticker.show(news)
            return
        self._begun = True
        (self.directory / "world.json").unlink(missing_ok=True)  # it was read, and there are tokens in it
        if self._operations is not None:  # first: an engine that stands still tells nothing
            await self._operations.phase(measured=bool(news.get("measured")))
        if self._acts is not None:
            self._acts.begin(news["action"], news["seconds"])

    def _measured(self) -> Result:
        try:
            return results.load(self._generator.measured)
        except (ValueError, KeyError, TypeError) as error:
            raise GeneratorError(
                f"the generator left no whole result ({error}):\n{self._generator.log_tail()}"
            ) from error

    def _judged(self, measured: Result) -> Result:
        troubles = [*self.fleet.casualties(), *(self._acts.failures if self._acts is not None else ())]
        generators = [it for it in measured.processes if it.kind == "generator"]
        watched = [it for it in self._vitals.series(measured.began) if it.kind != "generator" or not generators]
        targets = ", ".join(public(target.url) for target in self.fleet.targets)
        complete = replace(
            measured,
            setting={**setting(), **self.fleet.setting(), "targets": targets, **measured.setting},
            processes=[*watched, *measured.processes],
            operations=dict(self._operations.counted) if self._operations is not None else {},
            troubles=troubles,
            verdict=replace(measured.verdict, examples=[*troubles, *measured.verdict.examples]),
        )
        return judge(complete, self.plan)
