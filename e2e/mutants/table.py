"""What became of the mutants, as the terminal shows it."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from e2e.mutants.outcomes import Verdict
from e2e.mutants.serve import RIGHT
from e2e.mutants.trial import Result

__all__ = ["row", "summary"]


def row(result: Result) -> str:
    """Return the line of a mutant; below it which others fail too, and why it is not as it should be, if so."""
    lines = [_line(result)]
    if result.others:
        lines.append(textwrap.indent(textwrap.fill(f"also {', '.join(sorted(result.others))}", 100), " " * 13))
    if result.red:
        lines.append(textwrap.indent(result.note, "    "))
    return "\n".join(lines)


def _line(result: Result) -> str:
    if result.name == RIGHT:
        told = "right" if result.verdict is Verdict.CAUGHT else result.verdict.value
        about = f"{len(result.outcomes)} tests"
    else:
        told, about = result.verdict.value, result.caught_by
    others = "-" if result.others is None else str(len(result.others))
    return f"{told:<12} {about:<26} {others:>3} {result.seconds:>6.1f} s  {result.name}: {result.wrong}"


def summary(results: Sequence[Result], seconds: float) -> str:
    """Return the table of all, and how many there are of each verdict; `+` is how many others fail (`--wide`)."""
    head = f"\n{'':<12} {'must be caught by':<26} {'+':>3} {'':>6}    mutant"
    rows = [_line(result) for result in results]
    mutants = [result for result in results if result.name != RIGHT]
    counts = [
        f"{sum(result.verdict is verdict for result in mutants)} {verdict.value}"
        for verdict in Verdict
        if verdict is Verdict.CAUGHT or any(result.verdict is verdict for result in mutants)
    ]
    wrong = [result for result in results if result.name == RIGHT and result.red]
    told = [f"The server that nothing is wrong about fails {len(wrong)} times: nothing is proved."] if wrong else []
    last = f"\n{len(mutants)} mutants in {seconds:.0f} s: {', '.join(counts)}."
    return "\n".join([head, *rows, *told, last])
