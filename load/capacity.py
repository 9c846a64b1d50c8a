"""How much servers hold: more and more until a demand is not met, and then closer and closer to where that begins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from load.plan import Plan
from load.result import Result

__all__ = ["Capacity", "Search", "Step", "Unit", "loaded", "unit_of"]

Unit = Literal["messages/s", "users"]

PRECISION = 0.1
"""How far apart, as a part of it, what holds and what does not may be at the end."""

LEAST = 1 / 64
"""Of the first load: what does not hold that holds nothing."""

SCHEMA = "parley-load-capacity/1"


class Search:
    """Which load is to be tried next.

    Args:
        first: the first.
        grain: loads are multiples of it, where it is given.

    Attributes:
        held: the most that has held, 0 if nothing has.
        broke: the least that has not, None if everything has.

    """

    def __init__(self, first: float, grain: float = 0.0) -> None:
        self._first = first
        self._grain = grain
        self.held = 0.0
        self.broke: float | None = None

    def next(self) -> float | None:
        """Return what to try, None once it is known well enough."""
        if self.broke is None:
            return self._rounded(2 * self.held if self.held else self._first)
        if not self.held:
            load = self._rounded(self.broke / 2)
            return load if LEAST * self._first <= load < self.broke else None
        if self.broke - self.held <= PRECISION * self.held:
            return None
        load = self._rounded((self.held + self.broke) / 2)
        return load if self.held < load < self.broke else None

    def tell(self, load: float, *, held: bool) -> None:
        """Take whether a load has held: then all that is less does too, and otherwise nothing that is more."""
        if held:
            self.held = max(self.held, load)
        else:
            self.broke = load if self.broke is None else min(self.broke, load)

    def _rounded(self, load: float) -> float:
        return max(self._grain, round(load / self._grain) * self._grain) if self._grain else float(f"{load:.3g}")


@dataclass(frozen=True, slots=True)
class Step:
    """A load that was tried.

    Attributes:
        broken: the demands that were not met, none if it has held.
        invalid: why nothing may be concluded from it; then it has not held either.
        figures: all that was measured, by name.

    """

    load: float
    broken: Sequence[str]
    invalid: Sequence[str]
    figures: dict[str, float]

    def __str__(self) -> str:
        if self.invalid:
            return "; ".join(self.invalid)
        return f"does not meet {', '.join(self.broken)}" if self.broken else "holds"


@dataclass(slots=True)
class Capacity:
    """What was found.

    Attributes:
        held: the most that has held, 0 if nothing has.
        broke: the least that has not.

    """

    scenario: str
    unit: Unit
    held: float = 0.0
    broke: float | None = None
    steps: list[Step] = field(default_factory=list[Step])

    @property
    def broken(self) -> Sequence[str]:
        """The demands that the least load that did not hold has not met."""
        return next((step.broken for step in self.steps if step.load == self.broke), ())

    @property
    def invalid(self) -> Sequence[str]:
        """Why nothing may be concluded from that: the servers may hold more than is known."""
        return next((step.invalid for step in self.steps if step.load == self.broke), ())

    def take(self, load: float, result: Result) -> None:
        """Take what a step has found."""
        broken = [it.name for it in result.figures if not it.ok]
        if not (result.passed or broken or result.invalid):
            broken = ["the servers' survival"]
        figures = {it.name: it.value for it in result.figures if it.value is not None}
        self.steps.append(Step(load, broken, list(result.invalid), figures))

    def miss(self, load: float, why: Exception) -> None:
        """Take that a step came to no result."""
        self.steps.append(Step(load, (), [str(why).splitlines()[0].rstrip(":")], {}))

    def told(self) -> list[str]:
        """Return it in lines."""
        lines = [f"{self.scenario} holds {self.held:,g} {self.unit}" if self.held else f"{self.scenario} holds nothing"]
        if self.invalid:
            lines += [f"  perhaps more, but at {self.broke:,g} {self.unit} {reason}" for reason in self.invalid]
        elif self.broke is not None:
            lines.append(f"  at {self.broke:,g} {self.unit} it does not meet: {', '.join(self.broken)}")
        return lines

    def dump(self) -> dict[str, Any]:
        """Return it as what JSON can hold."""
        return {"schema": SCHEMA, **asdict(self), "broken": list(self.broken), "invalid": list(self.invalid)}


def unit_of(plan: Plan) -> Unit:
    """Return what of a plan is raised: users where nobody says a word, else messages."""
    speaks = plan.traffic.rate > 0 and any(phase.rate > 0 for phase in plan.phases)
    return "messages/s" if speaks else "users"


def loaded(plan: Plan, load: float) -> Plan:
    """Return a plan with another load, of its unit."""
    return plan.sized(users=round(load)) if unit_of(plan) == "users" else plan.sized(rate=load)
