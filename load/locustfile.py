"""What Locust loads: `parley load` runs it, and so can you, with Locust's own page or over many machines.

    locust -f load/locustfile.py --scenario friends-10 --host http://localhost:3000

`load/README.md` says more.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

# Locust imports this file by its path
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from locust import events
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment
from locust.runners import LocalRunner, MasterRunner, WorkerRunner

from load import (
    director,  # by its module: Locust makes an instance of every shape that it finds here
    terminal,
    thresholds,
)
from load import result as results
from load.plan import Plan, names
from load.report import write as write_report
from load.setting import public, setting
from load.speakers.base import Speaker
from load.speakers.direct import DirectSpeaker
from load.speakers.friends import FriendsSpeaker
from load.speakers.notifications import NotificationsSpeaker
from load.speakers.presence import PresenceSpeaker
from load.speakers.rooms import RoomsSpeaker
from load.worker import Worker

SPEAKERS: dict[str, type[Speaker]] = {
    "friends": FriendsSpeaker,
    "direct": DirectSpeaker,
    "rooms": RoomsSpeaker,
    "notifications": NotificationsSpeaker,
    "presence": PresenceSpeaker,
}

DIRECTORY = "PARLEY_LOAD"
"""The variable that names a directory in which `plan.json` and `world.json` are: those of a run of `parley load`."""

_ROOT = Path(__file__).resolve().parent.parent
_UNUSABLE = 2


@events.init_command_line_parser.add_listener
def add_arguments(parser: LocustArgumentParser, **_: Any) -> None:
    """Say what can be said where `parley load` does not say it all."""
    group = parser.add_argument_group("Parley")
    group.add_argument("--scenario", default="", help=f"which, of {', '.join(names())}")
    group.add_argument("--target", action="append", metavar="URL", help="a server (repeatable); else that of --host")
    group.add_argument("--target-profile", default="", metavar="FILE", help="what is to be known of the servers (TOML)")
    group.add_argument("--small", action="store_true", help="the small size of the scenario")
    group.add_argument("--report", default="", metavar="DIR", help="write result.json and report.html there")


@events.init.add_listener
def prepare(environment: Environment, runner: Any, **_: Any) -> None:
    """Give this process its part: users, the conduct of the run, or both."""
    if isinstance(runner, LocalRunner | WorkerRunner):
        Worker(environment)
    if isinstance(runner, LocalRunner | MasterRunner):
        order = _given(environment) if DIRECTORY in os.environ else _asked_for(environment)
        environment.user_classes = [SPEAKERS[order.plan.contract]]
        environment.shape_class = director.Director(environment, order)


def _given(environment: Environment) -> director.Order:
    """Return what `parley load` wants."""
    directory = Path(os.environ[DIRECTORY])

    def done(result: results.Result) -> None:
        results.dump(result, directory / "measured.json")
        environment.process_exit_code = 0

    return director.Order(*_read(directory), directory, done)


def _asked_for(environment: Environment) -> director.Order:
    """Return what the command line wants, once there are users for it; they are removed at the end."""
    options: Any = environment.parsed_options
    targets = options.target or ([environment.host] if environment.host else [])
    if not options.scenario or not targets:
        _refuse(f"--scenario and --host, or --target, are needed; scenarios are {', '.join(names())}")
    made = tempfile.TemporaryDirectory(prefix="parley-load-")
    directory = Path(made.name)
    arguments = [str(directory), "--scenario", options.scenario]
    arguments += [argument for target in targets for argument in ("--target", target)]
    arguments += ["--profile", options.target_profile] if options.target_profile else []
    arguments += ["--small"] if options.small else []
    if code := _prepare("make", *arguments):
        sys.exit(code)

    @environment.events.quitting.add_listener
    def remove(**_: Any) -> None:
        _prepare("remove", *arguments)
        made.cleanup()

    def done(result: results.Result) -> None:
        servers = {"servers": len(targets), "deployment": "target", "targets": ", ".join(map(public, targets))}
        told = replace(result, setting={**setting(), **servers, **result.setting})
        environment.process_exit_code = _conclude(told, plan, options.report)

    plan, world = _read(directory)
    return director.Order(plan, world, directory, done)


def _prepare(what: str, *arguments: str) -> int:
    command = [sys.executable, "-m", "load.prepare", what, *arguments]
    return subprocess.run(command, cwd=_ROOT, check=False).returncode


def _read(directory: Path) -> tuple[Plan, Mapping[str, Any]]:
    plan = Plan.parse(json.loads((directory / "plan.json").read_text(encoding="utf-8")))
    return plan, json.loads((directory / "world.json").read_text(encoding="utf-8"))


def _conclude(result: results.Result, plan: Plan, report: str) -> int:
    """Judge a run, show it, and return the exit code."""
    result = thresholds.judge(result, plan)
    print(terminal.table(result))
    if report:
        write_report(result, Path(report))
    return thresholds.EXITS[thresholds.outcome(result)]


def _refuse(text: str) -> NoReturn:
    print(f"load: {text}", file=sys.stderr)
    sys.exit(_UNUSABLE)
