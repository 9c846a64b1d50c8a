"""A scenario: who is there, what they say, in which phases, what is done to the servers, and what is demanded.

Read from `load/scenarios/NAME.toml`. A key that is not known is refused.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal, get_args

__all__ = ["ACTIONS", "SCENARIOS", "Phase", "Plan", "PlanError", "Population", "Traffic", "names", "read"]

SCENARIOS = Path(__file__).parent / "scenarios"

Contract = Literal["friends", "direct", "rooms", "notifications", "presence"]
Spread = Literal["even", "across"]
ClientAction = Literal["drop", "vanish", "away", "back", "churn", "stall", "read", "expire"]
ServerAction = Literal["restart", "kill", "pause-redis", "pause-mongo"]
Action = ClientAction | ServerAction

CLIENT_ACTIONS: tuple[str, ...] = get_args(ClientAction)
SERVER_ACTIONS: tuple[str, ...] = get_args(ServerAction)
ACTIONS: tuple[str, ...] = (*CLIENT_ACTIONS, *SERVER_ACTIONS)


class PlanError(Exception):
    """A scenario cannot be used; the text says where and why."""


@dataclass(frozen=True, slots=True)
class Population:
    """Who there is.

    Attributes:
        users: how many, numbered from 0; each has one device.
        friends: of each sender (friends, presence): an even number, as many before it as after it.
        senders: how many of the users send; 0 for all. They are spread evenly over the users.
        members: of a room (rooms).
        spread: how users are placed on servers: `even` in turn; `across` likewise, with friends, receivers and members
            of a room all on other servers than the sender, as far as there are several.

    """

    users: int = 100
    friends: int = 10
    senders: int = 0
    members: int = 50
    spread: Spread = "even"


@dataclass(frozen=True, slots=True)
class Traffic:
    """What is said.

    Attributes:
        rate: messages a second of all senders together, in a phase of rate 1. They come at random (Poisson), whether
            the servers keep up or not.
        length: characters of a message, at least.
        recipients: of one message (presence).

    """

    rate: float = 50.0
    length: int = 100
    recipients: int = 1


@dataclass(frozen=True, slots=True)
class Phase:
    """A part of the run.

    Attributes:
        name: unique in its scenario.
        seconds: how long.
        users: the share of the users that is there at its end; they come, or go, evenly over the phase.
        rate: of the traffic, as a factor; 0 for silence.
        measured: whether thresholds of latency and cost are about this phase.
        action: what happens at its beginning, "" for nothing.
            drop: a share of the clients lose their connections at once, without a word, and connect anew.
            vanish: the same, but no server hears of it: the old connections stay open, unread, for the phase, as those
                of phones that have lost their network.
            away: a share of the clients leave, and stay away until `back`.
            churn: throughout the phase clients leave and come back: a share of all in each second.
            stall: a share of the clients stop reading, until `read`.
            expire: all clients of a share get tokens that expire during the phase, and come back with new ones.
            restart: every server is stopped and started again, one after the other.
            kill: likewise, without a chance to do anything.
            pause-redis, pause-mongo: the engine stands still for half of the phase.
        share: of the clients that the action is about.

    """

    name: str
    seconds: float
    users: float = 1.0
    rate: float = 0.0
    measured: bool = False
    action: str = ""
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Plan:
    """A scenario, in the size in which it is to be run.

    Attributes:
        name: of the file.
        title: a sentence of a few words.
        about: what it shows, a paragraph.
        drain: the longest that is waited, after the last phase, for what has not arrived.
        thresholds: what is demanded, by the name of a figure of the result (`load.thresholds` lists them).
        small: what replaces `users`, `senders`, `friends`, `members`, `rate` and `drain` in the small size, and
            `seconds`, which is a factor on the length of every phase.

    """

    name: str
    title: str
    about: str
    contract: Contract
    population: Population
    traffic: Traffic
    phases: tuple[Phase, ...]
    drain: float = 20.0
    thresholds: Mapping[str, float] = field(default_factory=dict[str, float])
    small: Mapping[str, float] = field(default_factory=dict[str, float])

    def sized(
        self, *, users: int | None = None, rate: float | None = None, duration: float | None = None, small: bool = False
    ) -> Plan:
        """Return the plan in another size. Raise `PlanError` where that cannot be.

        Args:
            users: instead of its own.
            rate: likewise.
            duration: seconds of all phases together; each keeps its part of them.
            small: in the size that it names for a quick look; the others are applied after it.

        """
        plan = self._small() if small else self
        population = replace(plan.population, users=users or plan.population.users)
        population = replace(population, senders=min(population.senders, population.users))
        traffic = replace(plan.traffic, rate=plan.traffic.rate if rate is None else rate)
        factor = 1.0 if duration is None else duration / plan.duration
        plan = replace(plan, population=population, traffic=traffic, phases=_stretched(plan.phases, factor))
        plan._must_be_possible()
        return plan

    @property
    def duration(self) -> float:
        """Seconds of all phases, without the drain."""
        return sum(phase.seconds for phase in self.phases)

    def dump(self) -> dict[str, Any]:
        """Return it as what JSON can hold; `parse` takes it again."""
        return asdict(self)

    @classmethod
    def parse(cls, found: Mapping[str, Any]) -> Plan:
        """Return the plan that a table holds. Raise `PlanError` for one that cannot be used."""
        table = dict(found)
        phases = table.pop("phases", [])
        plan = _make(
            cls,
            {
                **table,
                "population": _make(Population, table.get("population", {}), "population"),
                "traffic": _make(Traffic, table.get("traffic", {}), "traffic"),
                "phases": tuple(_make(Phase, it, f"phases[{number}]") for number, it in enumerate(phases)),
            },
            "",
        )
        plan._must_be_possible()
        return plan

    def _small(self) -> Plan:
        given = dict(self.small)
        phases = _stretched(self.phases, given.pop("seconds", 1.0))
        rate = given.pop("rate", self.traffic.rate)
        drain = given.pop("drain", self.drain)
        population = replace(self.population, **{key: int(value) for key, value in given.items()})
        traffic = replace(self.traffic, rate=rate)
        return replace(self, population=population, traffic=traffic, phases=phases, drain=drain)

    def _must_be_possible(self) -> None:
        if self.contract not in get_args(Contract):
            raise PlanError(f"contract is {self.contract!r}, want one of {', '.join(get_args(Contract))}")
        if not self.phases:
            raise PlanError("there is no phase")
        for phase in self.phases:
            if phase.action and phase.action not in ACTIONS:
                raise PlanError(f"phase {phase.name}: action is {phase.action!r}, want one of {', '.join(ACTIONS)}")
        if self.contract in ("direct", "notifications", "presence") and self.population.users < 2:
            raise PlanError("there is one user, and nobody to whom it could write")
        if len({phase.name for phase in self.phases}) < len(self.phases):
            raise PlanError("two phases have the same name")


def names() -> list[str]:
    """Return the names of all scenarios."""
    return sorted(path.stem for path in SCENARIOS.glob("*.toml"))


def read(name: str) -> Plan:
    """Return the scenario of a name, or of a path that ends in `.toml`. Raise `PlanError` without one."""
    path = Path(name) if name.endswith(".toml") else SCENARIOS / f"{name}.toml"
    try:
        return Plan.parse({"name": path.stem, **tomllib.loads(path.read_text(encoding="utf-8"))})
    except FileNotFoundError:
        raise PlanError(f"there is no scenario {name!r}; there is {', '.join(names())}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, PlanError) as error:
        raise PlanError(f"{path}: {error}") from None


def _stretched(phases: tuple[Phase, ...], factor: float) -> tuple[Phase, ...]:
    return tuple(replace(phase, seconds=phase.seconds * factor) for phase in phases)


def _make(kind: Any, given: Any, where: str) -> Any:
    """Return a dataclass of the values that a table gives it."""
    place = f"{where}." if where else ""
    if not isinstance(given, Mapping):
        raise PlanError(f"{where} is {given!r}, want a table")
    known = {it.name for it in fields(kind)}
    if unknown := sorted(set(given) - known):
        raise PlanError(f"{place}{unknown[0]} is not known; there is {', '.join(sorted(known))}")
    try:
        return kind(**given)
    except TypeError as error:
        raise PlanError(f"{where or 'the scenario'}: {error}") from None
