"""Users of Locust without Locust's run: what they make of what servers say. Prints a ledger's news as JSON.

By itself, as Locust changes the standard library for a whole process.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from locust.env import Environment

from load.crew import Crew, Share
from load.plan import Plan
from load.speakers.base import Speaker, crews
from load.speakers.direct import DirectSpeaker
from load.speakers.friends import FriendsSpeaker
from load.speakers.notifications import NotificationsSpeaker
from load.speakers.presence import PresenceSpeaker
from load.speakers.rooms import RoomsSpeaker

KINDS: dict[str, type[Speaker]] = {
    "friends": FriendsSpeaker,
    "direct": DirectSpeaker,
    "notifications": NotificationsSpeaker,
    "presence": PresenceSpeaker,
    "rooms": RoomsSpeaker,
}


class Wire:
    """A connection on which a test is the server."""

    closed = ""

    def __init__(self) -> None:
        self.answer: Any = None

    def emit(self, event: str, *arguments: Any, acknowledged: Any = None) -> None:
        self.answer = acknowledged


def main(contract: str, events: str, answer: str) -> None:
    """Have user 0 told these events, and answered so when it has sent something; user 1 is the only other."""
    world: dict[str, Any] = {
        "run": "abc",
        "targets": [{"url": "http://127.0.0.1:9", "path": "/socket.io"}],
        "users": [{"id": f"id{number}", "name": f"n{number}", "token": "t"} for number in range(2)],
        "friends": [[1], [0]],
        "rooms": ["r"],
    }
    phases = [{"name": "p", "seconds": 1.0, "rate": 0.0}]
    plan = Plan.parse(
        {"name": "n", "title": "t", "about": "a", "contract": contract, "population": {"users": 2}, "phases": phases}
    )
    environment = Environment(user_classes=[KINDS[contract]])
    crew = crews[environment] = Crew(Share(plan, world, 0, 1))
    speaker, wire = KINDS[contract](environment), Wire()
    speaker.connection = wire  # pyright: ignore[reportAttributeAccessIssue]  (as far as it is used)
    speaker.greet()
    for name, arguments in json.loads(events):
        speaker._on_event(name, arguments)
    if answer:
        speaker.say(1)
        wire.answer(*json.loads(answer))
    book = crew.tally.ledger.books.get(0)
    told = {"strange": dict(crew.tally.ledger.strange), "failures": dict(crew.tally.failures)}
    if book is not None:
        told |= {"outcome": book.outcomes[0], "audience": book.audience(0), "denied": book.denied}
    spares = [KINDS[contract](environment).spare for _ in range(2)]
    print(json.dumps({**told, "spares": spares}))


if __name__ == "__main__":
    main(*sys.argv[1:])
