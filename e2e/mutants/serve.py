"""The backend with one thing wrong about it: `python -m e2e.mutants.serve MUTANT serve --memory`.

What follows the mutant's name is the command line of the backend. `RIGHT` in the place of a name changes nothing.
The suites start it in the backend's place where `E2E_SERVER="e2e.mutants.serve MUTANT"`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from e2e.mutants import changing
from e2e.mutants.catalog import MUTANTS
from e2e.mutants.mutant import ChangeDoesNotFitError

__all__ = ["RIGHT", "main"]

RIGHT = "right"
"""The server that nothing is wrong about."""

UNUSABLE = 2


def main(argv: Sequence[str]) -> int:
    """Run a command of the mutant that is named first, and return its exit code."""
    name, *command = argv or ("",)
    known = {mutant.name: mutant for mutant in MUTANTS}
    if name != RIGHT:
        if name not in known:
            print(f"{name!r} is no mutant: {RIGHT}, {', '.join(known)}", file=sys.stderr)
            return UNUSABLE
        try:
            changing.install(known[name].sources())
        except ChangeDoesNotFitError as error:
            print(error, file=sys.stderr)
            return UNUSABLE
    from app.cli import main as run

    return run(command)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
