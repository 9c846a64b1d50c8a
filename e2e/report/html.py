"""`report.html`: one file that needs nothing else, neither a network nor a server.

Its own Content-Security-Policy allows the one style and the one script that are in it, by their hashes, and nothing
from anywhere. All of it is there without the script, which only filters. Whatever a server said is escaped: the
template has autoescape, and no string of a report is put into the script or the style.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from string import ascii_uppercase

from jinja2 import Environment
from markupsafe import Markup, escape

from e2e.harness.features import FEATURES
from e2e.report.diagram import Diagram, diagram
from e2e.report.explanation import explain
from e2e.report.hints import unoffered
from e2e.report.legible import legible
from e2e.report.matrix import MEANINGS, Matrix, Row, matrix
from e2e.report.panels import panels
from e2e.report.template import digest, environment, style_of
from e2e.verify.result import Report, TestOutcome, TestResult

__all__ = ["page"]

_CODE = re.compile(r"`([^`]+)`")
_DETAILS = re.compile(r"; |, and |(?<=a server of its own) with ")
"""What follows in the reason of a single requirement."""
_PAGE = Path(__file__).parent / "page"

MOST_STEPS = 8_000
"""So many lines all diagrams together may have; a page of more is too heavy to open."""

_SHORT = {"NOT-APPLICABLE": "N/A", "NOT-RUN": "not run", "UNKNOWN": "unknown"}
_MARKS = {
    "PASS": "✓",
    "FAIL": "✗",
    "WARN": "!",
    "XFAIL": "✗",
    "XPASS": "✓",
    "NOT-RUN": "○",
    "NOT-APPLICABLE": "-",
    "UNKNOWN": "?",
}
_LEVELS = {
    "MUST": "a server without it does not conform",
    "SHOULD": "a server may have a good reason to do otherwise; it conforms all the same",
    "MAY": "a server may do it or leave it",
}


def page(reports: Sequence[Report]) -> str:
    """Return the page of one run, or of several beside each other."""
    table = matrix(reports)
    style, script = style_of(_PAGE), _script()
    return (
        _environment()
        .get_template("report.html")
        .render(
            matrix=table,
            reports=reports,
            first=reports[0],
            several=len(reports) > 1,
            groups=_groups(table),
            untried=_untried(table),
            unoffered=[] if len(reports) > 1 else unoffered(reports[0]),
            same_test=_same_test(table.problems),
            style=Markup(style),
            script=Markup(script),
            policy=_policy(style, script),
            drawings=_Drawings(),
        )
    )


def _groups(table: Matrix) -> list[tuple[str, Sequence[Row]]]:
    """Return the rows under their headings: what differs comes first."""
    if len(table.reports) == 1:
        return [("", table.rows)]
    same = [row for row in table.rows if not row.differs]
    return [(f"Different ({len(table.differences)})", table.differences), (f"The same ({len(same)})", same)]


def _untried(table: Matrix) -> list[tuple[str, list[Row]]]:
    """Return the requirements that the first run did not try, by the reason without its details.

    The most frequent comes first.
    """
    found: dict[str, list[Row]] = {}
    for row in table.rows:
        if row.statuses[0] in ("NOT-APPLICABLE", "NOT-RUN"):
            reason = row.requirement.reason or MEANINGS[row.statuses[0]]
            found.setdefault(_DETAILS.split(reason)[0], []).append(row)
    return sorted(found.items(), key=lambda item: -len(item[1]))


def _same_test(problems: Sequence[Row]) -> dict[str, str | None]:
    """Return, for each problem, the one above it that the same test found; None for what a test found first."""
    found: dict[str, str] = {}
    same: dict[str, str | None] = {}
    for row in problems:
        failing = [test.id for test in row.requirement.tests if test.failure]
        same[row.id] = found.get(failing[0]) if failing and all(test in found for test in failing) else None
        for test in failing:
            found.setdefault(test, row.id)
    return same


class _Drawings:
    """Draws diagrams while there is room for them.

    Attributes:
        number: of the latest.

    """

    def __init__(self) -> None:
        self._left = MOST_STEPS
        self.number = 0

    def of(self, test: TestResult, report: Report) -> Diagram | None:
        """Return the diagram of a test, None if there is none, or no room."""
        drawn = diagram(test, max(1, len(report.targets))) if self._left > 0 else None
        self._left -= len(drawn.steps) if drawn else 0
        self.number += 1
        return drawn


@cache
def _environment() -> Environment:
    filled = environment(_PAGE)
    filled.filters.update(
        alike=_alike,
        day=_day,
        explained=explain,
        name=_name,
        shell=shlex.quote,
        prose=_prose,
        source=_source,
        span=_span,
        variants=_variants,
    )
    filled.globals.update(
        panels=panels,
        FEATURES=FEATURES,
        MEANINGS=MEANINGS,
        LEVELS=_LEVELS,
        SHORT=_SHORT,
        MARKS=_MARKS,
        LETTERS=ascii_uppercase,
    )
    return filled


def _alike(tests: Sequence[TestResult]) -> list[tuple[TestOutcome, str, list[TestResult]]]:
    """Return tests that are the same but for a parameter together, as outcome, title and tests."""
    found: dict[tuple[TestOutcome, str, str], list[TestResult]] = {}
    for test in tests:
        found.setdefault((test.outcome, test.title, test.id.split("[")[0]), []).append(test)
    return [(outcome, title, group) for (outcome, title, _), group in found.items()]


def _name(test: str) -> str:
    """Return the name of a test as the sentence that it is: tests are named as requirements."""
    words = test.split("[")[0].rpartition("::")[2].removeprefix("test_").replace("_s_", "'s_").replace("_", " ")
    return f"{words[:1].upper()}{words[1:]}."


def _variants(tests: Sequence[TestResult]) -> str:
    """Return the id that tests have in common, with their parameters."""
    name, *_ = tests[0].id.split("[")
    parameters = [test.id[len(name) + 1 : -1] for test in tests if len(test.id) > len(name)]
    return f"{name}[{' | '.join(parameters)}]" if parameters else name


def _prose(text: str) -> Markup:
    """Return a sentence with code in `backquotes` marked up."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(legible(text)))))


def _source(source: str) -> str:
    """Return where a requirement comes from, for somebody who has never seen the contracts."""
    if source.startswith("seed: "):
        return f"the document that the contract was made from, section “{source.removeprefix('seed: ')}”"
    return "a decision of the contract's authors: the document it was made from leaves it open"


def _day(instant: str) -> str:
    """Return an instant as people write it."""
    try:
        return datetime.fromisoformat(instant).strftime("%-d %B %Y, %H:%M UTC")
    except ValueError:
        return instant


def _span(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def _policy(style: str, script: str) -> str:
    return (
        f"default-src 'none'; style-src '{digest(style)}'; script-src '{digest(script)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


@cache
def _script() -> str:
    return (_PAGE / "report.js").read_text(encoding="utf-8")
