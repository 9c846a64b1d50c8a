"""`parley report`: show a report, or put several beside each other.

Exit codes: 0 shown, 2 a file is no report, or cannot be written.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from e2e.report.html import page
from e2e.report.table import show, show_beside
from e2e.report.terminal import Terminal
from e2e.verify.result import Report, ReportError, load

__all__ = ["main", "parser"]

UNUSABLE = 2

MOST_REPORTS = 26
"""They are told apart by letters."""


def main(argv: list[str] | None = None) -> int:
    """Run the command and return its exit code."""
    arguments = parser().parse_args(argv)
    try:
        reports = [load(path) for path in arguments.reports]
        if other := next((it for it in reports if it.contract != reports[0].contract), None):
            raise ReportError(
                f"one report is of {reports[0].contract}, another of {other.contract}: nothing to compare"
            )
        if len(reports) > MOST_REPORTS:
            raise ReportError(f"at most {MOST_REPORTS} reports stand side by side")
        if arguments.html:
            arguments.html.write_text(page(reports), encoding="utf-8")
    except (ReportError, OSError) as error:
        print(f"parley: {error}", file=sys.stderr)
        return UNUSABLE
    try:
        _print(reports, everything=arguments.all)
    except BrokenPipeError:  # whoever read has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _print(reports: list[Report], *, everything: bool) -> None:
    terminal = Terminal.of(sys.stdout)
    if len(reports) > 1:
        show_beside(reports, terminal, everything=everything)
    else:
        show(reports[0], terminal, everything=everything)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="parley report", description="Show the report of a run, or put the reports of several side by side."
    )
    parser.add_argument("reports", nargs="+", type=Path, metavar="REPORT", help="a report.json of `parley verify`")
    parser.add_argument("--html", type=Path, metavar="FILE", help="also write a page that shows them")
    parser.add_argument("--all", action="store_true", help="list all requirements, also those that are met or the same")
    return parser
