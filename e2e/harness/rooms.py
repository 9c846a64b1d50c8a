"""A device on the rooms contract, which is nobody's: it goes by a name in each room."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar, Unpack, cast
from urllib.parse import quote

from e2e.harness.client import Client, Credential
from e2e.harness.match import Check, has, names
from e2e.harness.people import Handshake, People
from e2e.harness.rest import Rest
from e2e.harness.transcript import Record

__all__ = [
    "FORBIDDEN",
    "INVALID_ROOM",
    "ROOMS",
    "RoomsClient",
    "history",
    "lists",
    "new_room",
    "path_of",
    "refuses",
    "visit",
]

ROOMS = "/api/v1/rooms"
INVALID_ROOM = "Invalid Room ID"
FORBIDDEN = {"status": "error", "code": "access-forbidden", "message": "The access is forbidden"}
"""The `exception` of a room that is not open."""


class RoomsClient(Client):
    """A device on the rooms contract."""

    CONTRACT: ClassVar[str] = "rooms"
    PATH: ClassVar[str] = "/rooms/socket.io"
    CREDENTIAL: ClassVar[Credential] = "none"

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._lists: set[str] = set()

    async def enter(self, room_id: str, username: str | None = None) -> None:
        """Join a room, and wait for the list of its participants that has this one."""
        __tracebackhide__ = True
        name, event = username or self.who, f"participants/{room_id}"
        self.inbox.pass_over(event)  # what an earlier stay has left
        await self.emit("participants", {"roomId": room_id, "username": name})
        await self.expect(event, lists(**{name: True}))

    async def say(self, room_id: str, content: str, **more: Any) -> dict[str, Any]:
        """Say something under one's own name, and return it as it is stored."""
        __tracebackhide__ = True
        said = await self.call("exchanges", {"roomId": room_id, "username": self.who, "content": content, **more})
        assert isinstance(said, dict), f"{content!r} was answered {said!r}"
        assert "order" in said, f"{content!r} was answered {said!r}"
        return cast("dict[str, Any]", said)

    async def emit(self, event: str, *args: Any, ack: int | None = None) -> None:
        """Send an event. The lists of a room that it names are from then on passed over by `hears`."""
        if args and isinstance(args[0], dict):
            self._lists.add(f"participants/{cast('dict[str, Any]', args[0]).get('roomId')}")
        await super().emit(event, *args, ack=ack)

    async def hears(self, *checks: Check) -> Record:
        """Wait for the next message; lists of participants may come before it, and nothing else."""
        __tracebackhide__ = True
        while True:
            record = await self.expect_next(("exchanges", *self._lists))
            if record.label == "exchanges" and not isinstance(record.payload, list):
                problems = [problem for check in checks if (problem := check(record.payload))]
                assert not problems, f"{self.who} hears {record.payload}: {'; '.join(problems)}"
                return record

    @property
    def heard(self) -> list[dict[str, Any]]:
        """All messages so far, in the order of their coming."""
        return [record.payload for record in self.inbox.all("exchanges") if not isinstance(record.payload, list)]

    def orders(self, room_id: str) -> list[int]:
        """Return the orders of all messages of a room so far."""
        return [message["order"] for message in self.heard if message["roomId"] == room_id]


async def visit(people: People, name: str, *room_ids: str, **handshake: Unpack[Handshake]) -> RoomsClient:
    """Connect a device that goes by a name, and have it join rooms."""
    __tracebackhide__ = True
    device = await people.dial(name, RoomsClient, **handshake)
    await device.arrive()
    for room_id in room_ids:
        await device.enter(room_id)
    return device


async def new_room(rest: Rest, label: str = "room") -> str:
    """Open a room whose id no other test has, and return that."""
    room_id = f"{label}-{uuid.uuid4().hex}"
    (await rest.post(ROOMS, {"roomId": room_id, "creatorUsername": "Dhoni"})).must(201)
    return room_id


def path_of(room_id: str) -> str:
    """Return the path of a room."""
    return f"{ROOMS}/{quote(room_id, safe='')}"


async def history(rest: Rest, room_id: str) -> list[dict[str, Any]]:
    """Return all messages of a room, oldest first."""
    return (await rest.get(f"{path_of(room_id)}/messages")).must(200)


def lists(**connected: bool) -> Check:
    """Check that the payload is a list of participants in which these names are connected, or not."""

    def check(payload: Any) -> str | None:
        if not isinstance(payload, list):
            return "is no list"
        found = {one["username"]: one["connected"] for one in cast("list[dict[str, Any]]", payload)}
        wrong = {name: found.get(name, "missing") for name, state in connected.items() if found.get(name) is not state}
        return f"want {connected}, got {wrong}" if wrong else None

    return check


def refuses(*fields: str) -> Check:
    """Check that the payload is an `exception` that says what is wrong with these fields."""

    def check(payload: Any) -> str | None:
        return has(status="error")(payload) or names(*fields)(payload)

    return check
