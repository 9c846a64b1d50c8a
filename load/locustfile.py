"""What Locust loads: `parley load` runs it, and so can you, with Locust's own page or over many machines.

    locust -f load/locustfile.py --scenario friends --host http://localhost:3000

`load/README.md` says more.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

# Locust imports this file by its path
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from locust import events
from locust.env import Environment
from locust.runners import LocalRunner, MasterRunner, WorkerRunner

from load import director  # by its module: Locust makes an instance of every shape that it finds here
from load import result as results
from load.plan import Plan
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


@events.init.add_listener
def prepare(environment: Environment, runner: Any, **_: Any) -> None:
    """Give this process its part: users, the conduct of the run, or both."""
    if isinstance(runner, LocalRunner | WorkerRunner):
        Worker(environment)
    if isinstance(runner, LocalRunner | MasterRunner):
        order = _order(environment)
        environment.user_classes = [SPEAKERS[order.plan.contract]]
        environment.shape_class = director.Director(environment, order)


def _order(environment: Environment) -> director.Order:
    directory = Path(os.environ[DIRECTORY])
    plan = Plan.parse(json.loads((directory / "plan.json").read_text(encoding="utf-8")))
    world = json.loads((directory / "world.json").read_text(encoding="utf-8"))

    def done(result: results.Result) -> None:
        results.dump(result, directory / "measured.json")
        environment.process_exit_code = 0

    return director.Order(plan, world, directory, done)
