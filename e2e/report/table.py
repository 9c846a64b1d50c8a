"""A run, or several beside each other, as a table for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from e2e.harness.features import FEATURES
from e2e.report.explanation import explain
from e2e.report.hints import unoffered
from e2e.report.legible import one_line, shortened
from e2e.report.matrix import STATUSES, Matrix, Row, Status, matrix
from e2e.report.terminal import Terminal
from e2e.verify.result import Report

__all__ = ["show", "show_beside"]

_HINT = "If the server does not offer that, a profile says so: {} = false under [features]."
_LONGEST_MESSAGE = 200
_MOST_MESSAGES = 2
"""A requirement shows so many failures, of different places."""


def show(report: Report, terminal: Terminal, *, everything: bool = False) -> None:
    """Print a table of the areas, every requirement that is not met (or `everything`), and the outcome."""
    table = matrix([report])
    terminal.say("", *_areas(table, terminal), "")
    rows = table.rows if everything else table.problems
    for row in rows:
        terminal.say(*_row(row, report, terminal))
    if rows:
        terminal.say("")
    for feature in unoffered(report):
        told = f"Every call of {FEATURES[feature]}, in tests that failed, was answered 404. {_HINT.format(feature)}"
        terminal.say(*_wrapped(told, terminal, ""))
    terminal.say(_outcome(report, table, terminal))


def show_beside(reports: Sequence[Report], terminal: Terminal, *, everything: bool = False) -> None:
    """Print the requirements in which runs differ (then the others, for `everything`), and the outcome of each run."""
    table = matrix(reports)
    width = max(14, *(len(_name(report)) + 2 for report in reports))
    terminal.say("", f"{'':<28}{''.join(f'{_name(report):<{width}}' for report in reports)}".rstrip())
    for row in (*table.differences, *(it for it in table.rows if everything and not it.differs)):
        cells = "".join(terminal.coloured(f"{status:<{width}}", status) for status in row.statuses)
        terminal.say(f"{row.id:<28}{cells}".rstrip())
        terminal.say(*_wrapped(row.requirement.text, terminal, "    "))
    if not table.differences:
        terminal.say("No requirement came out differently.")
    same = len(table.rows) - len(table.differences)
    terminal.say("", f"{len(table.differences)} of {len(table.rows)} requirements differ, {same} are the same.")
    for index, report in enumerate(reports):
        terminal.say(f"  {one_line(report.label)}: {report.outcome} ({_told(table, index)})")


def _areas(table: Matrix, terminal: Terminal) -> Iterator[str]:
    """Yield a line for each area of which something ran, with a column for each status that there is."""
    ran = [area for area in table.areas(table.rows) if any(row.worst != "NOT-RUN" for row in area.rows)]
    areas = ran or table.areas(table.rows)
    there_are = {row.worst for area in areas for row in area.rows}
    columns: list[Status] = [status for status in STATUSES if status in there_are]
    yield terminal.faint(f"{'':<16}" + "".join(f"{status:>{len(status) + 3}}" for status in columns))
    for area in areas:
        found: list[Status] = [row.worst for row in area.rows]
        yield f"{area.name:<16}" + "".join(_cell(found.count(status), status, terminal) for status in columns)


def _cell(number: int, status: Status, terminal: Terminal) -> str:
    width = len(status) + 3
    return terminal.coloured(f"{number:>{width}}", status) if number else terminal.faint(f"{'.':>{width}}")


def _row(row: Row, report: Report, terminal: Terminal) -> Iterator[str]:
    yield f"{terminal.coloured(f'{row.worst:<15}', row.worst)}{terminal.bold(row.id)}  {row.requirement.level}"
    yield from _wrapped(row.requirement.text, terminal, " " * 15)
    if row.requirement.reason:
        yield from _wrapped(f"({row.requirement.reason})", terminal, " " * 15)
    failures = {it.failure.where: it.failure for it in row.requirement.tests if it.failure}
    for failure in list(failures.values())[:_MOST_MESSAGES]:
        told = shortened(one_line(explain(failure).headline), _LONGEST_MESSAGE)
        yield from _wrapped(f"- {told}", terminal, " " * 15)
        yield terminal.faint(f"{'':<17}{one_line(failure.where or '')}".rstrip())
    if len(failures) > _MOST_MESSAGES:
        yield f"{'':<15}- and {len(failures) - _MOST_MESSAGES} more, in the report"


def _wrapped(text: str, terminal: Terminal, indent: str) -> list[str]:
    return textwrap.wrap(
        one_line(text), max(40, terminal.width), initial_indent=indent, subsequent_indent=f"{indent}  "
    )


def _outcome(report: Report, table: Matrix, terminal: Terminal) -> str:
    told = f"{one_line(report.label)} {_judged(report)} the {report.contract} contract, version {report.contracts}"
    counted = f"{_told(table, 0)} in {report.seconds:.1f} s"
    if table.selected < len(table.rows):
        told += f", as far as was selected: {table.selected} of {len(table.rows)} requirements"
    return f"{terminal.coloured(told, 'PASS' if report.exit == 0 else 'FAIL')}: {counted}"


def _judged(report: Report) -> str:
    return {"conforms": "conforms to", "does not conform": "does not conform to"}.get(
        report.outcome, "was not judged by"
    )


def _told(table: Matrix, run: int) -> str:
    return ", ".join(f"{number} {status}" for status, number in table.tally(run))


def _name(report: Report) -> str:
    return shortened(one_line(report.label), 22)
