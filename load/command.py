"""`parley load`: load servers by a scenario, and judge what became of every message.

Exit codes: 0 all demands are met, 1 they are not, 2 the command line, the scenario or the servers cannot be used,
3 nothing may be concluded: the generator was the bottleneck, or came to no result.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from datetime import datetime
from importlib.util import find_spec
from math import inf, nan
from pathlib import Path

from e2e.report.legible import legible
from load.plan import SERVER_ACTIONS, Plan, PlanError, names, read
from load.result import Result
from load.result import load as load_result

__all__ = ["main", "parser"]

UNUSABLE = 2

STEP = 60.0
"""Seconds of a run of the search for a capacity, at most, where the command line does not say."""

CODES = (
    "Exit codes: 0 all demands are met, 1 they are not, 2 the command line, the scenario or the servers cannot be "
    "used, 3 nothing may be concluded: the generator was the bottleneck, or came to no result."
)


def main(argv: list[str] | None = None) -> int:
    """Run the command and return its exit code."""
    arguments = parser().parse_args(argv)
    if arguments.scenario is None:
        return _list()
    missing = next((it for it in ("locust", "aiohttp", "pytest", "jsonschema_rs") if find_spec(it) is None), None)
    if missing is not None:
        return _refuse(f"{missing} is not installed: pip install 'parley[load]'")

    from e2e.verify.profile import Profile, ProfileError
    from e2e.verify.profile_file import load

    try:
        profile = Profile()
        if arguments.profile is not None:
            profile = load(arguments.profile)
            os.environ["E2E_TIMEOUT_SCALE"] = str(profile.factor)  # the harness reads it when it is imported
        from e2e.report.terminal import Terminal
        from load.fleet import FleetError
        from load.own_fleet import Wanted
        from load.run import Request, run
        from load.world import WorldError
    except ProfileError as error:
        return _refuse(str(error))
    try:
        plan = read(arguments.scenario)
        size = {"users": arguments.users, "rate": arguments.rate, "duration": arguments.duration}
        plan = plan.sized(**size, small=arguments.small)
        if arguments.find_capacity and arguments.duration is None:
            plan = plan.sized(duration=min(plan.duration, STEP))
        request = Request(
            plan,
            arguments.report or _directory(plan),
            tuple(arguments.target),
            profile,
            Wanted(arguments.servers or _servers(plan), arguments.clustered, arguments.proxy),
            arguments.processes,
            arguments.find_capacity,
            arguments.baseline,
        )
        return asyncio.run(run(request, Terminal.of(sys.stdout)))
    except (PlanError, FleetError, WorldError, OSError) as error:
        return _refuse(str(error))
    except (KeyboardInterrupt, asyncio.CancelledError):
        return _refuse("interrupted: nothing is said of the servers")


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="parley load",
        description="Load servers by a scenario: its own, or those at --target. Without a scenario, list them.",
        epilog=CODES,
    )
    parser.add_argument("scenario", nargs="?", metavar="SCENARIO", help="its name, or a file that ends in .toml")
    parser.add_argument(
        "--target", action="append", default=[], metavar="URL", help="a server (repeatable: servers of one cluster)"
    )
    parser.add_argument("--profile", type=Path, metavar="FILE", help="what is to be known of the target (TOML)")
    parser.add_argument("--users", type=_count, metavar="N", help="so many users")
    parser.add_argument("--rate", type=_amount, metavar="R", help="so many messages a second, in a phase of rate 1")
    parser.add_argument("--duration", type=_amount, metavar="S", help="seconds of all phases together")
    parser.add_argument("--small", action="store_true", help="in the small size that the scenario has for a quick look")
    parser.add_argument("--servers", type=_count, metavar="N", help="start so many (1, or 2 if it is about several)")
    parser.add_argument("--clustered", action="store_true", help="start also a single one over Redis and MongoDB")
    parser.add_argument("--no-proxy", dest="proxy", action="store_false", help="start no nginx before several")
    parser.add_argument(
        "--processes", type=_count, default=1, metavar="P", help="generate the load in so many (%(default)s)"
    )
    parser.add_argument("--report", type=Path, metavar="DIR", help="write report.html, result.json and others there")
    parser.add_argument(
        "--baseline", type=_earlier, metavar="FILE", help="the result.json of an earlier run, to be put beside this one"
    )
    parser.add_argument(
        "--find-capacity", action="store_true", help="raise the load until a demand is not met: how much do they hold?"
    )
    return parser


def _list() -> int:
    plans = [read(name) for name in names()]
    width = max((len(plan.name) for plan in plans), default=0)
    for plan in plans:
        print(f"  {plan.name:<{width}}  {plan.title}")
    return 0


def _servers(plan: Plan) -> int:
    """Return how many servers a plan is about: two where it needs another one, or shows how the others go on."""
    shared = plan.population.spread == "across" or any(phase.action in SERVER_ACTIONS for phase in plan.phases)
    return 2 if shared else 1


def _directory(plan: Plan) -> Path:
    return Path("var", "load", f"{plan.name}-{datetime.now():%Y%m%d-%H%M%S}")


def _earlier(text: str) -> Result:
    try:
        return load_result(Path(text))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise argparse.ArgumentTypeError(f"{text} is no result of an earlier run: {error}") from None


def _count(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of anything: want 1 or more")
    return int(text)


def _amount(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = nan
    if not 0 < value < inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no number above 0")
    return value


def _refuse(text: str) -> int:
    print("\n".join(map(legible, f"parley: {text}".splitlines())), file=sys.stderr)
    return UNUSABLE
