"""Requirements against runs: what the page, the terminal and the comparison all show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from e2e.verify.result import UNSELECTED, Report, RequirementResult

__all__ = ["MEANINGS", "STATUSES", "Area", "Matrix", "Row", "Status", "matrix", "status"]

Status = Literal["FAIL", "XPASS", "WARN", "XFAIL", "NOT-RUN", "NOT-APPLICABLE", "PASS", "UNKNOWN"]
"""A verdict as a reader has it: a failure that does not count is a warning."""

MEANINGS: dict[Status, str] = {
    "FAIL": "a test of it failed: the server does not do what the sentence says",
    "XPASS": "the profile expects it to fail, and it passes: take it off that list (counts as a failure)",
    "WARN": "it failed, but it is only a SHOULD or a MAY: it counts with --strict alone",
    "XFAIL": "it failed as the profile said it would; does not count",
    "NOT-RUN": "no test of it ran, so nothing is known",
    "NOT-APPLICABLE": "it is about something that this server does not offer, or that cannot be tried from outside",
    "PASS": "every test of it that ran passed",
    "UNKNOWN": "that run knows no such requirement: it is of other contracts, or of another version",
}
STATUSES: tuple[Status, ...] = tuple(MEANINGS)
"""The worst first."""


@dataclass(frozen=True, slots=True)
class Row:
    """A requirement, and what became of it in each run.

    Attributes:
        requirement: its words, as the first run that knows it has them.
        cells: one for each run; None where the run does not know the requirement.
        statuses: one for each run.

    """

    requirement: RequirementResult
    cells: tuple[RequirementResult | None, ...]
    statuses: tuple[Status, ...]

    @property
    def id(self) -> str:
        """The requirement's."""
        return self.requirement.id

    @property
    def differs(self) -> bool:
        """Whether two runs have not the same status."""
        return len(set(self.statuses)) > 1

    @property
    def worst(self) -> Status:
        """The worst status of all runs."""
        return min(self.statuses, key=STATUSES.index)

    def runs(self, reports: Sequence[Report]) -> Iterator[tuple[Report, RequirementResult | None, Status]]:
        """Yield each run with what became of the requirement in it."""
        yield from zip(reports, self.cells, self.statuses, strict=True)


@dataclass(frozen=True, slots=True)
class Area:
    """Requirements that belong together, such as FRIENDS-OFFLINE-*."""

    name: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Matrix:
    """All requirements of some runs of one contract."""

    reports: tuple[Report, ...]
    rows: tuple[Row, ...]

    @property
    def differences(self) -> tuple[Row, ...]:
        """The rows in which the runs differ."""
        return tuple(row for row in self.rows if row.differs)

    @property
    def problems(self) -> tuple[Row, ...]:
        """The rows with something to mend, the worst first."""
        wrong = [row for row in self.rows if row.worst in ("FAIL", "XPASS", "WARN")]
        return tuple(sorted(wrong, key=lambda row: STATUSES.index(row.worst)))

    @property
    def counts(self) -> dict[Status, int]:
        """In how many rows each status is found; those that there are, the worst first."""
        found = Counter(status for row in self.rows for status in set(row.statuses))
        return {status: found[status] for status in STATUSES if found[status]}

    @property
    def selected(self) -> int:
        """How many requirements the first run was to judge: the others were left out with `-k`."""
        return sum(not cell or cell.reason != UNSELECTED for cell, *_ in (row.cells for row in self.rows))

    def tally(self, run: int) -> tuple[tuple[Status, int], ...]:
        """Return how many requirements of a run have each status; those that there are, the best first."""
        found = Counter(row.statuses[run] for row in self.rows)
        return tuple((status, found[status]) for status in reversed(STATUSES) if found[status])

    def areas(self, rows: Iterable[Row]) -> tuple[Area, ...]:
        """Return rows by area, in the order in which the areas are first met."""
        found: dict[str, list[Row]] = {}
        for row in rows:
            found.setdefault(_area(row.id), []).append(row)
        return tuple(Area(name, tuple(group)) for name, group in found.items())


def matrix(reports: Sequence[Report]) -> Matrix:
    """Return the matrix of runs. Requirements are in the order of the first run that knows them."""
    ids = dict.fromkeys(it.id for report in reports for it in report.requirements)
    known = [{it.id: it for it in report.requirements} for report in reports]
    rows: list[Row] = []
    for id_ in ids:
        cells = tuple(found.get(id_) for found in known)
        statuses: tuple[Status, ...] = tuple(status(report, cell) for report, cell in zip(reports, cells, strict=True))
        rows.append(Row(next(cell for cell in cells if cell), cells, statuses))
    return Matrix(tuple(reports), tuple(rows))


def status(report: Report, requirement: RequirementResult | None) -> Status:
    """Return what a reader is told of a requirement of a run."""
    if requirement is None:
        return "UNKNOWN"
    if requirement.verdict == "FAIL" and requirement.id in report.warnings:
        return "WARN"
    return requirement.verdict


def _area(requirement: str) -> str:
    """Return what an id names between the contract and the number: `Offline` of FRIENDS-OFFLINE-003."""
    parts = requirement.split("-")
    return " ".join(parts[1:-1] or parts).capitalize()
