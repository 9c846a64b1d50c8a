"""Results that look like those of real runs, made by chance that is the same every time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from load.histogram import Histogram
from load.plan import Plan, read
from load.result import Latency, Phase, Result, Sample, Second, Series, Verdict
from load.thresholds import judge

__all__ = ["simulated"]

_BACK = 5.0
"""Seconds in which those who lost their connections are back."""

_TROUBLE = ("drop", "kill", "restart", "vanish")


@dataclass
class _World:
    """Two servers that hold `capacity` deliveries a second, and a generator."""

    plan: Plan
    capacity: float
    generator: float
    chance: Random = field(default_factory=lambda: Random(7))

    def phases(self) -> list[tuple[Any, float, float, int]]:
        """Return each phase of the plan with its beginning, its end, and the users at its beginning."""
        found, began, users = [], 0.0, 0
        for phase in self.plan.phases:
            found.append((phase, began, began + phase.seconds, users))
            began, users = began + phase.seconds, round(self.plan.population.users * phase.users)
        return found

    def at(self, at: float) -> tuple[Any, float, int]:
        """Return the phase at a moment, the seconds since it began, and the users connected."""
        phase, began, _, before = next((it for it in self.phases() if at < it[2]), self.phases()[-1])
        wanted = round(self.plan.population.users * phase.users)
        users = round(before + (wanted - before) * min(1.0, (at - began) / phase.seconds))
        if phase.action in _TROUBLE and at - began < _BACK:
            users = round(users * ((at - began) / _BACK) ** 1.5)
        return phase, at - began, users

    def messages(self, rate: float) -> int:
        return max(0, round(self.chance.gauss(rate, rate**0.5)))

    def latency(self, load: float, since: float, action: str, count: int) -> Histogram:
        """Return microseconds, longer the fuller the servers are; of those who were away, until they were back."""
        found = Histogram()
        typical = 1500 / max(0.05, 1 - min(load, 0.97))
        for _ in range(count):
            waited = max(0.0, _BACK - since) * 1e6 * self.chance.random() if action in _TROUBLE else 0.0
            found.record(round(typical * self.chance.lognormvariate(0, 0.5) + waited))
        return found


def simulated(
    scenario: str = "reconnect-storm",
    *,
    capacity: float = 4000.0,
    generator: float = 0.45,
    lost: int = 0,
    seconds: float | None = None,
    users: int | None = None,
    plan: Plan | None = None,
) -> Result:
    """Return the result, judged, of a scenario that nobody ran.

    Args:
        scenario: its name.
        capacity: deliveries that the servers make in a second, at the most.
        generator: of a core, that the generator uses at the full rate.
        lost: messages.
        seconds: instead of its own.
        users: instead of its own.
        plan: instead of a scenario.

    """
    plan = (plan or read(scenario)).sized(users=users, duration=seconds)
    world = _World(plan, capacity, generator)
    fan = plan.population.friends
    found: list[Second] = []
    by_phase: dict[str, tuple[Histogram, Histogram]] = {it.name: (Histogram(), Histogram()) for it in plan.phases}
    loads: list[float] = []
    waiting = 0
    for at in range(round(plan.duration) + 3):
        phase, since, users_now = world.at(at + 0.5)
        over = at >= plan.duration
        sent = 0 if over else world.messages(plan.traffic.rate * phase.rate)
        expected = sent * fan
        made = min(waiting + expected, round(capacity)) if users_now or over else 0
        waiting += expected - made
        loads.append((made / capacity) if capacity else 0.0)
        slow = world.latency(loads[-1], since, phase.action, min(200, expected))
        by_phase[phase.name][0].add(slow.counts.items())
        by_phase[phase.name][1].add((bucket, count) for bucket, count in slow.counts.items() if bucket < 15_000)
        gone = min(expected, lost) if phase.action else 0
        lost -= gone
        found.append(Second(at, users_now, sent, expected, expected - gone, made, slow.latency()))
    return judge(_result(world, found, by_phase, loads), plan)


def _result(world: _World, seconds: Sequence[Second], latencies: Any, loads: Sequence[float]) -> Result:
    plan = world.plan
    sent, expected = sum(it.sent for it in seconds), sum(it.expected for it in seconds)
    missing = expected - sum(it.delivered for it in seconds)
    counted = sum(it.sent for it in seconds if world.at(it.at)[0].measured)
    return Result(
        run="5eed0007",
        began=1_795_000_000.25,
        plan=plan.dump(),
        setting={
            "commit": "dad7cc0", "parley": "0.1.0", "python": "3.11.7", "servers": 2, "cores": 2, "memory": "7.8 GB",
            "kernel": "6.8.0", "open files": 65536, "targets": "http://127.0.0.1:41733, http://127.0.0.1:41734",
            "proxy": "nginx 1.26.3", "redis": "7.2.4", "mongodb": "FerretDB 2.5.0",
        },
        phases=[_phase(phase, began, ended, latencies[phase.name], plan) for phase, began, ended, _ in world.phases()],
        seconds=seconds,
        verdict=Verdict(
            sent=sent, stored=sent, expected=expected, delivered=expected - missing, lost=missing, repeated=sent // 50,
            examples=[f"lost: message {it} of user {7 * it} never came to user {it}" for it in range(min(missing, 20))],
        ),
        connects=Latency(plan.population.users, 21.0, 14.0, 44.0, 131.0, 187.0, 203.0),
        failures={"connect: refused": 3} if missing else {},
        processes=_processes(world, seconds, loads),
        operations={"redis commands": 4.2 * counted, "redis publish": counted, "mongo insert": counted},
    )  # fmt: skip


def _phase(phase: Any, began: float, ended: float, latencies: tuple[Histogram, Histogram], plan: Plan) -> Phase:
    intended, actual = latencies
    return Phase(
        phase.name, began, ended, round(plan.population.users * phase.users), plan.traffic.rate * phase.rate,
        phase.measured, phase.action, 4.93 if phase.action in _TROUBLE else None, intended.latency(), actual.latency(),
    )  # fmt: skip


def _processes(world: _World, seconds: Sequence[Second], loads: Sequence[float]) -> list[Series]:
    chance = world.chance
    costs = {
        "server 1": ("server", 0.9), "server 2": ("server", 0.8), "nginx": ("proxy", 0.2),
        "redis": ("engine", 0.3), "mongodb": ("engine", 0.35), "generator 0": ("generator", world.generator),
    }  # fmt: skip
    found: list[Series] = []
    for name, (kind, cost) in costs.items():
        cpu, samples = 1.0, list[Sample]()
        most = max([*loads, 0.01])
        for second, load in zip(seconds, loads, strict=True):
            phase, since, _ = world.at(second.at)
            if phase.action in ("kill", "restart") and name == f"server {1 + (since > 10)}" and since in (2, 12):
                cpu = 0.0
            cpu += cost * (load / most if kind == "generator" else load) * chance.uniform(0.9, 1.1) + 0.01
            rss = (62e6 + 24e3 * second.users + 5e3 * second.at) if kind == "server" else 31e6
            samples.append(
                Sample(
                    second.at + 0.3, round(cpu, 2), round(rss + chance.uniform(0, 3e5)),
                    lag=round(chance.expovariate(1 / (2 + 60 * max(0.0, world.generator - 0.5))), 1),
                    tasks=second.users if kind == "server" else 0,
                    queued=round(3000 * load * chance.random()) if kind == "server" else 0,
                    connections=second.users // 2 if kind == "server" else 0,
                )
            )  # fmt: skip
        found.append(Series(name, kind, samples))
    return found
