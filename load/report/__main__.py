"""Show a result again, beside an earlier one: `python -m load.report result.json [--baseline result.json]`.

Exit codes: 0 shown, 2 a file is no result, or cannot be written.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from load.report.html import page
from load.result import load
from load.terminal import table

__all__ = ["main"]


def main(argv: list[str] | None = None) -> int:
    """Run the command and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m load.report", description="Show the result of a load run.")
    parser.add_argument("result", type=Path, metavar="RESULT", help="a result.json")
    parser.add_argument("--baseline", type=Path, metavar="RESULT", help="of an earlier run, to be put beside it")
    parser.add_argument("--html", type=Path, metavar="FILE", help="also write the page")
    arguments = parser.parse_args(argv)
    try:
        result = load(arguments.result)
        baseline = load(arguments.baseline) if arguments.baseline else None
        if arguments.html:
            arguments.html.write_text(page(result, baseline), encoding="utf-8")
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f"load.report: {error}", file=sys.stderr)
        return 2
    print(table(result, baseline, colours=sys.stdout.isatty()), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
