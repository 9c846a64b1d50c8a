"""People who talk to each other all the time, spread over both servers, whatever happens."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass, field

from e2e.faults.fault import GONE
from e2e.harness.deadline import SECOND, eventually
from e2e.harness.friends import FriendsClient
from e2e.harness.history import Delivered, Fault, History, Refused, Sent, Stored
from e2e.harness.people import People, Person
from e2e.harness.transcript import Record, Transcript

__all__ = ["Device", "Traffic"]

NAMES = ("Alice", "Bob", "Carol", "Dave")
PLACES = (("Alice", 0), ("Bob", 1), ("Carol", 0), ("Dave", 1), ("Bob", 0))
"""Who has a device on which server: Bob has one on each."""

INTERVAL = 0.35
"""Seconds between two messages of a device: all of them make some 14 a second."""

_RETRY = 0.2


@dataclass(eq=False)
class Device:
    """A phone: it sends, and connects anew when its connection ends, first to the other server.

    Attributes:
        home: the server that it is connected to.
        sockets: the name of each of its connections, with the server.

    """

    person: Person
    home: int
    client: FriendsClient | None = None
    sockets: dict[str, int] = field(default_factory=dict[str, int])

    async def connect(self) -> None:
        """Connect, to whichever server takes it, however long that takes."""
        while not await self._try():
            self.home = 1 - self.home
            await asyncio.sleep(_RETRY)

    async def _try(self) -> bool:
        try:
            client = await self.person.dial(server=self.home)
            first = await client.expect(("CONNECT", "CONNECT_ERROR", "CLOSED"))
            if first.label != "CONNECT":
                return False
            second = await client.expect(("unseen_messages", "exception", "CLOSED"))
        except GONE:
            return False
        self.client = client
        self.sockets[client.who] = self.home
        return second.label == "unseen_messages"


class Traffic:
    """Some people, each a friend of every other, and their devices.

    Args:
        people: makes them.
        transcript: where all of their devices record what they do; what is judged is read from it.

    """

    def __init__(self, people: People, transcript: Transcript) -> None:
        self.faults: list[Fault] = []
        self.devices: list[Device] = []
        self.people: dict[str, Person] = {}
        self._people = people
        self._transcript = transcript
        self._numbers = itertools.count()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Have everybody connect and talk, and return when every device has heard from every other person."""
        self.people = {name: await self._people.new(name) for name in NAMES}
        for person, other in itertools.combinations(self.people.values(), 2):
            await self._people.friends(person, other)
        for name, server in PLACES:
            self.devices.append(Device(self.people[name], server))
            await self.devices[-1].connect()
        self._tasks = [asyncio.create_task(self._talk(device)) for device in self.devices]
        await self.flows(self.now)

    async def flows(self, since: float, within: float = 10 * SECOND) -> None:
        """Return when something that each person sent since then has arrived at every device of all others.

        Raise `AssertionError` after some seconds, with who did not hear from whom.
        """

        async def missing() -> list[str]:
            self._must_talk()
            history = self.history()
            sent = {it.text: it for it in history.sent if it.at >= since}
            heard = {(it.socket, _name(sent[it.text].socket)) for it in history.delivered if it.text in sent}
            now = {device.client.who: device for device in self.devices if device.client is not None}
            return [
                f"{socket} has heard nothing of {name}"
                for socket, device in now.items()
                for name in NAMES
                if name != device.person.name and (socket, name) not in heard
            ]

        await eventually(missing, lambda found: "; ".join(found) or None, within=within)

    async def stop(self) -> None:
        """Have nobody talk any more; all stay connected."""
        self._must_talk()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    async def leave(self) -> None:
        """Have every device say goodbye."""
        for device in self.devices:
            if device.client is not None:
                await device.client.goodbye()

    @property
    def now(self) -> float:
        """The present instant, as the transcript counts it."""
        return self._transcript.add("traffic", "noted", "NOW").at

    def note(self, what: str) -> float:
        """Write into the transcript what is done, and return when."""
        return self._transcript.add("fault", "noted", what).at

    def history(self) -> History:
        """Return what the transcript tells: everything but what is stored."""
        history = History({name: frozenset(NAMES) - {name} for name in NAMES}, faults=self.faults)
        for record in self._transcript.records:
            _read(record, history)
        return history

    async def judged(self) -> History:
        """Return what the transcript tells, with what everybody's history says now."""
        history = self.history()
        for name, person in self.people.items():
            history.stored += [Stored(name, it["id"], it["message"]) for it in await person.whole_history()]
        return history

    def rumours(self) -> list[str]:
        """Return who was last announced as gone at a device that is connected, of the friends of its person."""
        last: dict[tuple[str, str], str] = {}
        for record in self._transcript.records:
            if record.way == "received" and record.label in ("connected", "disconnected"):
                last[record.who, record.payload["username"]] = record.label
        standing = {device.client.who for device in self.devices if device.client and not device.client.inbox.ended}
        return [
            f"{who} heard last that {friend} {event}"
            for (who, friend), event in last.items()
            if who in standing and event == "disconnected"
        ]

    def strays(self, allowed: frozenset[int]) -> list[str]:
        """Return the connections that ended and were not those of a server whose clients may be disconnected."""
        history = self.history()
        homes = {name: server for device in self.devices for name, server in device.sockets.items()}
        return [
            f"{it.name} on server {homes[it.name]} at {it.closed:.3f}"
            for it in history.sockets.values()
            if it.closed is not None and homes[it.name] not in allowed
        ]

    async def _talk(self, device: Device) -> None:
        while True:
            client = device.client
            assert client is not None
            if client.inbox.ended:
                device.home = 1 - device.home
                await device.connect()
                continue
            await client.say(f"{client.who} says {next(self._numbers)}")
            await asyncio.sleep(INTERVAL)

    def _must_talk(self) -> None:
        for task in self._tasks:
            if task.done() and (error := task.exception()):
                raise error


def _read(record: Record, history: History) -> None:
    who, at = record.who, record.at
    if (record.way, record.label) == ("sent", "message"):
        history.sent.append(Sent(record.payload, who, at))
    elif record.way != "received":
        return
    elif record.label == "unseen_messages":
        history.opened(who, _name(who), at)
        history.delivered += [Delivered(who, it["id"], it["message"], at, "unseen") for it in record.payload]
    elif record.label == "message":
        assert who in history.sockets, f"{who} was given a message before unseen_messages"
        it = record.payload
        history.delivered.append(Delivered(who, it["id"], it["message"], at, "live"))
    elif who in history.sockets and record.label == "exception":
        history.refused.append(Refused(who, at))
    elif who in history.sockets and record.label == "CLOSED":
        history.closed(who, at)


def _name(socket: str) -> str:
    return socket.partition("#")[0]
