"""The figures of a run beside its limits, and beside those of an earlier one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from load.result import Measured, Result
from load.thresholds import BY_NAME, FIGURES, Figure

__all__ = ["NOISE", "Row", "differences", "failed", "groups", "rows"]

NOISE = 0.1
"""By such a part two runs differ for no reason."""


@dataclass(frozen=True, slots=True)
class Row:
    """A figure.

    Attributes:
        figure: what it is.
        found: of this run.
        baseline: of an earlier run, None without one, or where it could not be had.

    """

    figure: Figure
    found: Measured
    baseline: float | None = None

    @property
    def ratio(self) -> float | None:
        """How many times the earlier one it is."""
        value = self.found.value
        return value / self.baseline if value is not None and self.baseline else None

    @property
    def change(self) -> str:
        """Whether it is "better" or "worse" than the earlier one by more than noise, else "same"; "" without one."""
        if self.ratio is None:
            return ""
        if abs(self.ratio - 1) <= NOISE:
            return "same"
        return "better" if (self.ratio < 1) == (self.figure.bound == "most") else "worse"


def rows(result: Result, baseline: Result | None = None) -> list[Row]:
    """Return the figures of a run that is judged, in their order; those that nobody had or demanded are left out."""
    found = {it.name: it for it in result.figures}
    earlier = {it.name: it.value for it in baseline.figures} if baseline else {}
    made = [Row(it, found[it.name], earlier.get(it.name)) for it in FIGURES if it.name in found]
    return [row for row in made if row.found.value is not None or row.found.limit is not None]


def groups(found: Sequence[Row]) -> Iterator[tuple[str, list[Row]]]:
    """Yield rows under what they are about."""
    for name, some in groupby(found, key=lambda row: row.figure.group):
        yield name, list(some)


def failed(result: Result) -> list[Row]:
    """Return the figures that do not hold."""
    return [Row(BY_NAME[it.name], it) for it in result.figures if not it.ok and it.name in BY_NAME]


def differences(result: Result, baseline: Result) -> list[str]:
    """Return in what two runs differ that makes their figures hard to compare, as "cores: 2, then 4"."""
    one, other = _conditions(baseline), _conditions(result)
    names = [name for name in {**one, **other} if one.get(name) != other.get(name)]
    return [f"{name}: {one.get(name, 'none')}, now {other.get(name, 'none')}" for name in names]


def _conditions(result: Result) -> dict[str, object]:
    """Return all that was set for a run but what every run has anew."""
    plan = result.plan
    shape = {"scenario": plan["name"], **plan["population"], **plan["traffic"]}
    return {**shape, **{name: value for name, value in result.setting.items() if name not in _OWN}}


_OWN = ("targets", "target", "commit", "capacity")
