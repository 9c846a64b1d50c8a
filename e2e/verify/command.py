"""`parley verify`: judge a server by a contract.

Exit codes: 0 it conforms, 1 it does not, 2 the command line, the profile or the target cannot be used, 3 nothing ran.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from e2e.verify.profile import CONTRACTS, Profile, ProfileError
from e2e.verify.profile_file import load
from e2e.verify.selection import SelectionError
from e2e.verify.verdicts import UNUSABLE

__all__ = ["main", "parser"]

WORKERS = 4
"""How many tests run at the same time: nearly all that they do is to wait for the server."""


def main(argv: list[str] | None = None) -> int:
    """Run the command and return its exit code."""
    arguments = parser().parse_args(argv)
    try:
        return _run(arguments)
    except KeyboardInterrupt:
        return _refuse("interrupted: nothing is said of the server")


def _run(arguments: argparse.Namespace) -> int:
    try:
        profile = Profile() if arguments.profile is None else load(arguments.profile)
        # the harness reads it when it is imported, here and in every worker
        os.environ["E2E_TIMEOUT_SCALE"] = str(profile.factor)
        from e2e.verify.preflight import SetUpError
        from e2e.verify.runner import Request, run
    except ProfileError as error:
        return _refuse(str(error))
    except ModuleNotFoundError as error:
        return _refuse(f"{error.name} is not installed: pip install 'parley[verify]'")
    try:
        return run(
            Request(
                contract=arguments.contract,
                targets=tuple(arguments.target),
                profile=profile,
                profile_path=arguments.profile,
                patterns=tuple(arguments.k),
                strict=arguments.strict,
                directory=arguments.report,
                workers=arguments.workers,
                everything=arguments.all,
            )
        )
    except (ProfileError, SelectionError, SetUpError) as error:
        return _refuse(str(error))


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="parley verify",
        description="Judge a server by a contract: run every test of it that can be run against a server that "
        "somebody else started.",
        epilog="Exit codes: 0 it conforms, 1 it does not, 2 the command line, the profile or the target cannot be "
        "used, 3 nothing ran.",
    )
    parser.add_argument("--contract", required=True, choices=CONTRACTS, help="by which contract")
    parser.add_argument(
        "--target", required=True, action="append", metavar="URL", help="a server (repeatable: servers of one cluster)"
    )
    parser.add_argument("--profile", type=Path, metavar="FILE", help="what is to be known of the server (TOML)")
    parser.add_argument("--report", type=Path, metavar="DIR", help="write report.html, report.json and others there")
    parser.add_argument(
        "-k", action="append", default=[], metavar="ID", help="only requirements of this id or pattern (repeatable)"
    )
    parser.add_argument("--strict", action="store_true", help="count a SHOULD or a MAY that fails as a MUST")
    parser.add_argument("--all", action="store_true", help="list every requirement, not only those that are not met")
    parser.add_argument(
        "--workers", type=_number, default=WORKERS, metavar="N", help="run so many tests at a time (%(default)s)"
    )
    return parser


def _number(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 on")
    return int(text)


def _refuse(text: str) -> int:
    print(f"parley: {text}", file=sys.stderr)
    return UNUSABLE
