"""Makes the users of a run, or removes them, by itself: what does so is asyncio's, and Locust is gevent's.

    python -m load.prepare make DIRECTORY --scenario NAME --target URL ... [--profile FILE] [--small]
    python -m load.prepare remove DIRECTORY --scenario NAME --target URL ... [--profile FILE]

`make` writes `plan.json` and `world.json`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path

from e2e.report.legible import one_line
from e2e.verify.profile import Profile, ProfileError
from e2e.verify.profile_file import load
from load import world
from load.fleet import FleetError, RemoteFleet
from load.plan import Plan, PlanError, read
from load.thresholds import demands

__all__ = ["main"]

_UNUSABLE = 2


def main(argv: list[str] | None = None) -> int:
    """Run the command and return its exit code: 0 done, 2 it cannot be done."""
    parser = argparse.ArgumentParser(prog="python -m load.prepare")
    parser.add_argument("what", choices=("make", "remove"))
    parser.add_argument("directory", type=Path)
    parser.add_argument("--scenario", required=True)
    parser.add_argument("--target", action="append", required=True)
    parser.add_argument("--profile", type=Path)
    parser.add_argument("--small", action="store_true")
    arguments = parser.parse_args(argv)
    try:
        plan = read(arguments.scenario).sized(small=arguments.small)
        demands(plan)  # what is not known is refused before the run, not after it
        profile = Profile() if arguments.profile is None else load(arguments.profile)
        asyncio.run(_do(arguments.what, arguments.directory, plan, arguments.target, profile))
    except (PlanError, ProfileError, FleetError, world.WorldError) as error:
        print(f"load: {one_line(str(error))}", file=sys.stderr)
        return _UNUSABLE
    return 0


async def _do(what: str, directory: Path, plan: Plan, targets: list[str], profile: Profile) -> None:
    fleet = await RemoteFleet.look(plan, targets, profile)
    if what == "make":
        made = await world.make(plan, fleet)
        world.write(made, directory / "world.json")
        (directory / "plan.json").write_text(json.dumps(plan.dump()), encoding="utf-8")
    else:
        await world.remove(world.read(directory / "world.json"), fleet)


if __name__ == "__main__":
    sys.exit(main())
