"""A run as it is told at its end in a terminal: the verdict first, then why, then the figures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from e2e.report.legible import one_line, shortened
from load import compare
from load.compare import Row
from load.report.words import lead, number, span, told
from load.result import Latency, Phase, Result
from load.thresholds import outcome

__all__ = ["table"]

_CODES = {"passed": "32", "failed": "1;31", "invalid": "33"}
_MOST_EXAMPLES = 5
_MOST_FAILURES = 3
_LONGEST = 110


def table(result: Result, baseline: Result | None = None, *, colours: bool = False) -> str:
    """Return what is to be told of a run that is judged, in lines.

    Args:
        result: of the run.
        baseline: an earlier one; its figures stand beside those of the run.
        colours: whether escape sequences are understood.

    """
    return "\n".join([*_head(result, colours), "", *_phases(result.phases), "", *_figures(result, baseline)]) + "\n"


def _head(result: Result, colours: bool) -> Iterator[str]:
    came = outcome(result)
    words = came.upper() if came != "invalid" else "NOT VALID"
    yield f"{_styled(words, _CODES[came], colours)}  {one_line(result.plan['name'])}: {one_line(result.plan['title'])}"
    yield f"  {lead(result)}"
    for reason in result.invalid:
        yield f"  nothing may be concluded: {one_line(reason)}"
    for row in compare.failed(result):
        value = "not known" if row.found.value is None else told(row.found.value, row.figure.unit)
        yield f"  {row.figure.name} is {value}, demanded is {_limit(row)}: {row.figure.meaning}"
    if came != "passed":
        often = sorted(result.failures.items(), key=lambda it: -it[1])[:_MOST_FAILURES]
        for what, count in often:
            yield f"    {number(count)} x {shortened(one_line(what), _LONGEST)}"
    examples = result.verdict.examples
    for example in examples[:_MOST_EXAMPLES]:
        yield f"    {shortened(one_line(example), _LONGEST)}"
    if len(examples) > _MOST_EXAMPLES:
        yield "    and more, in the report"


def _phases(phases: Sequence[Phase]) -> Iterator[str]:
    """Yield a line for each phase; latency is in milliseconds, and a star marks where it is measured."""
    width = max((len(phase.name) for phase in phases), default=0) + 2
    yield (
        f"  {'phase':<{width}}{'':<13}{'length':>10}{'users':>9}{'rate/s':>9}"
        f"{'p50':>9}{'p99':>9}{'p99.9':>9}{'actual p99':>12}{'ready':>9}"
    )
    for it in phases:
        name = f"{it.name}{'*' if it.measured else ''}"
        ready = told(it.ready, "s") if it.action else ""
        yield (
            f"  {name:<{width}}{it.action:<13}{span(it.ended - it.began):>10}{number(it.users):>9}{number(it.rate):>9}"
            f"{_ms(it.intended, 'p50'):>9}{_ms(it.intended, 'p99'):>9}{_ms(it.intended, 'p999'):>9}"
            f"{_ms(it.actual, 'p99'):>12}{ready:>9}"
        ).rstrip()


def _ms(of: Latency, key: str) -> str:
    return number(getattr(of, key)) if of.count else "-"


def _figures(result: Result, baseline: Result | None) -> Iterator[str]:
    """Yield a line for each figure; counts of what nobody demands, and did not happen, are left out."""
    beside = f"{'baseline':>14}{'ratio':>8}" if baseline else ""
    yield f"  {'figure':<30}{'value':>14}{beside}  demanded"
    for row in compare.rows(result, baseline):
        if row.found.limit is None and not row.found.value and not row.baseline:
            continue
        beside = f"{told(row.baseline, row.figure.unit):>14}{_ratio(row):>8}" if baseline else ""
        demanded = f"{_limit(row)}{'' if row.found.ok else ', NOT MET'}" if row.found.limit is not None else ""
        yield f"  {row.figure.name:<30}{told(row.found.value, row.figure.unit):>14}{beside}  {demanded}".rstrip()


def _ratio(row: Row) -> str:
    return "" if row.ratio is None else f"{row.ratio:.2f}"


def _limit(row: Row) -> str:
    return f"at {row.figure.bound} {told(row.found.limit, row.figure.unit)}"


def _styled(text: str, code: str, colours: bool) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if colours else text
