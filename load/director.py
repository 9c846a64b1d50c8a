"""Conducts a run: phase after phase, the drain, and the collection of what all processes remember."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gevent.event import Event
from locust import LoadTestShape
from locust.env import Environment
from locust.runners import LocalRunner, MasterRunner

from load import messages
from load.histogram import Histogram
from load.measure import Run, Stage, measure, sampled, started
from load.plan import Plan
from load.result import Result
from load.tally import CURVE, Tally, now

__all__ = ["Director", "Order"]

_QUIET = 2.0
"""Seconds without an arrival after which nothing more is to be waited for, if all that is owed has come."""

_EVERY = 0.9
"""Seconds between two reports of how far it is; the processes tell it every second. Locust has no tick while it spawns.
"""

_COLLECT = 60.0
"""Seconds in which all processes must have handed over what they remember."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be run.

    Attributes:
        directory: where `progress.jsonl` goes, None for nowhere.
        done: is given the result.

    """

    plan: Plan
    world: Mapping[str, Any]
    directory: Path | None
    done: Callable[[Result], None]


class Director(LoadTestShape):
    """The shape of a run. It has one tick a second; Locust spawns and stops users as it says.

    It lives in the process that has no users, or in the only one.
    """

    def __init__(self, environment: Environment, order: Order) -> None:
        super().__init__()
        self._environment = environment
        self._order = order
        self._plan = order.plan
        self._run: Run = started(order.plan, order.world["run"])
        self._fresh = True
        self._number = -1
        self._until = 0.0
        self._spawn: tuple[int, float] = (0, 1)
        self._latest: dict[str, Mapping[str, Any]] = {}
        self._arrived_last = 0.0
        self._reported = 0.0
        self._count = 1
        self._tally = Tally()
        self._missing: set[str] = set()
        self._collected = Event()
        runner = self._runner
        runner.register_message(messages.TALLY, self._on_tally)
        runner.register_message(messages.LEDGER, self._on_ledger)
        environment.events.test_stop.add_listener(self._on_stop)

    @property
    def _runner(self) -> LocalRunner | MasterRunner:
        assert isinstance(self._environment.runner, LocalRunner | MasterRunner)
        return self._environment.runner

    def tick(self) -> tuple[int, float] | None:
        """Return how many users there are to be, and how many come or go in a second; None at the end."""
        if self._fresh:
            self._begin()
        if self._number < len(self._plan.phases):
            if time.monotonic() >= self._until:
                self._next()
            return self._spawn
        if not self._is_drained():
            return self._spawn
        self._finish()
        return None

    def _on_stop(self, environment: Environment, **_: Any) -> None:
        self._fresh = True

    # phases

    def _begin(self) -> None:
        """Tell every process what it has to do, before any user is there."""
        self._fresh = False
        processes = self._processes()
        world = self._order.world
        if self._run.stages:
            world = {**world, "run": secrets.token_hex(4)}  # one more run from Locust's page is not the one before
        for index, process in enumerate(processes):
            share = {"plan": self._plan.dump(), "world": world, "index": index, "count": len(processes)}
            self._send(messages.SHARE, share, process)
        self._count = len(processes)
        self._run, self._tally, self._latest = started(self._plan, world["run"]), Tally(), {}
        self._number, self._until, self._spawn = -1, 0.0, (0, 1)

    def _next(self) -> None:
        stages, phases = self._run.stages, self._plan.phases
        if stages:
            stages[-1].ended, stages[-1].users = now(), self._total("connected")
        self._number += 1
        self._send(messages.PHASE, self._number if self._number < len(phases) else -1)
        if self._number == len(phases):
            self._until = self._arrived_last = time.monotonic()
            self._note({"phase": "drain", "action": "", "share": 0, "seconds": self._plan.drain})
            return
        phase = phases[self._number]
        before = self._spawn[0]
        users = round(self._plan.population.users * phase.users)
        users = -(-users // self._count) * self._count  # who is one too many for its process does nothing
        self._spawn = users, max(1.0, abs(users - before) / max(phase.seconds, 1.0))
        stages.append(Stage(now()))
        self._until = time.monotonic() + phase.seconds
        told = {"phase": phase.name, "action": phase.action, "share": phase.share, "seconds": phase.seconds}
        self._note({**told, "measured": phase.measured})

    def _is_drained(self) -> bool:
        spent = time.monotonic() - self._until
        complete = self._total("delivered") >= self._total("expected")
        quiet = time.monotonic() - self._arrived_last > _QUIET
        return (complete and quiet) or spent > self._plan.drain

    def _finish(self) -> None:
        still_coming = time.monotonic() - self._arrived_last <= _QUIET
        cut = still_coming and self._total("delivered") < self._total("expected")
        self._missing = set(self._latest)
        self._collected.clear()
        self._send(messages.FINISH, None)
        if self._missing:
            self._collected.wait(_COLLECT)
        self._run.cut = cut
        result = measure(self._run, self._tally)
        if self._missing:
            raise RuntimeError(f"{', '.join(self._missing)} did not hand over what it remembers")
        self._order.done(result)

    # what the processes say

    def _on_tally(self, environment: Environment, msg: Any, **_: Any) -> None:
        found = msg.data
        before = self._latest.get(found["process"], {})
        if found["delivered"] != before.get("delivered"):
            self._arrived_last = time.monotonic()
        self._latest[found["process"]] = found
        self._run.generators.setdefault(found["process"], []).append(sampled(found["sample"]))
        if time.monotonic() - self._reported >= _EVERY:
            self._report()

    def _on_ledger(self, environment: Environment, msg: Any, **_: Any) -> None:
        part = msg.data
        if "tally" in part:
            self._tally.unpack(part["tally"])
            self._missing.discard(part["process"])
            if not self._missing:
                self._collected.set()
        else:
            self._tally.ledger.unpack(part)

    def _report(self) -> None:
        self._reported = time.monotonic()
        self._run.users[int(time.time())] = self._total("connected")
        recent = Histogram(CURVE)
        for found in self._latest.values():
            recent.add(found["recent"])
        samples = [found["sample"] for found in self._latest.values()]
        self._note(
            {
                "at": round((now() - self._run.began) / 1_000_000, 1),
                "phase": self._plan.phases[self._number].name
                if 0 <= self._number < len(self._plan.phases)
                else "drain",
                "users": self._total("connected"),
                "sent": self._total("sent"),
                "delivered": self._total("delivered"),
                "expected": self._total("expected"),
                "p99": recent.percentile(0.99) / 1000,
                "cpu": round(max((found["share"] for found in self._latest.values()), default=0.0), 2),
                "lag": max((sample[3] for sample in samples), default=0.0),
            }
        )

    def _total(self, key: str) -> int:
        return sum(found[key] for found in self._latest.values())

    def _note(self, line: Mapping[str, Any]) -> None:
        if self._order.directory is not None:
            with (self._order.directory / "progress.jsonl").open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")

    # to the processes

    def _processes(self) -> list[str | None]:
        return list(self._runner.clients) if isinstance(self._runner, MasterRunner) else [None]

    def _send(self, kind: str, data: Any, process: str | None = None) -> None:
        self._runner.send_message(kind, data, process)
