"""The same users as those of `load/`, as Locust's documentation has them: what `bench.generator` compares with."""

from __future__ import annotations

import itertools
import json
import os
import random
import time
from pathlib import Path
from typing import Any

from locust import task
from locust.contrib.socketio import SocketIOUser

DIRECTORY = Path(os.environ["PARLEY_LOAD"])
PLAN = json.loads((DIRECTORY / "plan.json").read_text())
WORLD = json.loads((DIRECTORY / "world.json").read_text())
QUIET = sum(phase["seconds"] for phase in PLAN["phases"][:2])
NUMBERS = itertools.count()
BEGAN = time.time()


class FriendsUser(SocketIOUser):
    """A user who says something now and then."""

    def on_start(self) -> None:
        """Connect."""
        self.me = WORLD["users"][next(NUMBERS)]
        target = WORLD["targets"][0]
        self.sio.on("message", self.on_chat)
        self.sio.connect(f"{target['url']}?token={self.me['token']}", transports=["websocket"])

    def wait_time(self) -> float:
        """Return how long until it speaks next, at random, so that all together speak at the rate of the plan."""
        quiet = max(0.0, BEGAN + QUIET - time.time())
        return quiet + random.expovariate(PLAN["traffic"]["rate"] / PLAN["population"]["users"])

    @task
    def speak(self) -> None:
        """Send a message with the time in it."""
        if time.time() > BEGAN + QUIET:
            self.sio.emit("message", f"{time.time()}".ljust(PLAN["traffic"]["length"], "x"))

    def on_chat(self, message: dict[str, Any]) -> None:
        """Count a delivery, with its latency."""
        self.environment.events.request.fire(
            request_type="deliver",
            name="friends",
            response_time=(time.time() - float(message["message"].rstrip("x"))) * 1000,
            response_length=0,
            exception=None,
            context={},
        )

    def on_stop(self) -> None:
        """Leave."""
        self.sio.disconnect()
