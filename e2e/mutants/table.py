"""What became of the mutants, as the terminal shows it."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from e2e.mutants.outcomes import Verdict
from e2e.mutants.serve import RIGHT
from e2e.mutants.trial import Result

__all__ = ["row", "summary"]


def row(result: Result) -> str:
    """Return the line of a mutant, and below it why, where it is not as it should be."""
    if result.name == RIGHT:
        told, id_ = (
            ("right" if result.verdict is Verdict.CAUGHT else result.verdict.value),
            f"{len(result.outcomes)} tests",
        )
    else:
        told, id_ = result.verdict.value, result.caught_by
    line = f"{told:<12} {id_:<26} {len(result.others):>3} {result.seconds:>6.1f} s  {result.name}: {result.wrong}"
    return f"{line}\n{textwrap.indent(result.note, '    ')}" if result.red else line


def summary(results: Sequence[Result], seconds: float) -> str:
    """Return the table of all, and how many there are of each verdict."""
    head = f"\n{'':<12} {'must be caught by':<26} {'+':>3} {'':>6}    mutant"
    rows = [row(result).splitlines()[0] for result in results]
    mutants = [result for result in results if result.name != RIGHT]
    counts = [
        f"{sum(result.verdict is verdict for result in mutants)} {verdict.value}"
        for verdict in Verdict
        if verdict is Verdict.CAUGHT or any(result.verdict is verdict for result in mutants)
    ]
    wrong = [result for result in results if result.name == RIGHT and result.red]
    told = [f"The server that nothing is wrong about fails {len(wrong)} times: nothing is proved."] if wrong else []
    last = f"\n{len(mutants)} mutants in {seconds:.0f} s: {', '.join(counts)}.  (+: other requirements that fail too)"
    return "\n".join([head, *rows, *told, last])
