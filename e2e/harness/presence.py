"""Devices of users, and services, on the presence contract."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

import pytest

from e2e.harness.client import Client
from e2e.harness.deadline import DEADLINE
from e2e.harness.match import Check, equals, has
from e2e.harness.people import People, Person

__all__ = ["PATH", "Presence", "PresenceClient", "listed", "reached", "refuses", "status_of"]

PATH = "/presence/socket.io"
"""Where every listener serves the contract."""


class PresenceClient(Client):
    """A device on the presence contract, or a service on its internal gateway."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._numbers = itertools.count(1)

    async def ask(self, event: str, *args: Any, within: float = DEADLINE) -> Any:
        """Send an event and return what its acknowledgement carries."""
        __tracebackhide__ = True
        number = next(self._numbers)
        await self.emit(event, *args, ack=number)
        answer = await self.expect("ACK", within=within)
        assert answer.ack == number, f"{event} was to be acknowledged as {number}, not as {answer.ack}"
        assert len(answer.args) == 1, f"an acknowledgement carries one argument, not {answer.args}"
        return answer.payload

    async def send(self, recipients: Iterable[Person | str], message: str, **fields: Any) -> Any:
        """Send a message to people, or ids, and return the acknowledgement."""
        __tracebackhide__ = True
        ids = [one if isinstance(one, str) else one.id for one in recipients]
        return await self.ask("send_message", {"recipientIds": ids, "message": message, **fields})


class Presence:
    """Connects people, strangers and services.

    Args:
        people: made on the deployment that they connect to.

    """

    def __init__(self, people: People) -> None:
        self._people = people
        self._names = itertools.count(1)

    async def dial(self, who: str = "Nobody", **options: Any) -> PresenceClient:
        """Connect a device that is nobody's yet. The options are those of `People.device`."""
        given: dict[str, Any] = {"path": PATH, **options}
        device = await self._people.device(PresenceClient, who, **given)
        await device.expect_next("CONNECT")
        return device

    async def connect(self, person: Person, **options: Any) -> PresenceClient:
        """Connect a device of a person, and return it once it is told that it is connected."""
        device = await self.dial(f"{person.name}@{next(self._names)}", **options)
        await device.emit("authenticate", {"token": person.token})
        await device.expect_next("connected")
        return device

    async def service(self, auth: Any = None, *, server: int = 0, connected: bool = True) -> PresenceClient:
        """Connect a service to the internal gateway of a server; without `connected` the answer is not awaited."""
        if "internal" not in self._people.deployment.servers[server].urls:
            pytest.skip("the address of the internal gateway of a target is not known")
        device = await self._people.device(
            PresenceClient, f"service {next(self._names)}", server=server, listener="internal", auth=auth
        )
        if connected:
            await device.expect_next("CONNECT")
            await device.expect_next("connected")
        return device


def reached(sent: Iterable[Person | str], failed: Iterable[Person | str] = ()) -> Check:
    """Check that a message was acknowledged as written to these, in this order, and not to those."""
    wanted = [[one if isinstance(one, str) else one.id for one in people] for people in (sent, failed)]
    recipients = {"total": len(wanted[0]) + len(wanted[1]), "sent": wanted[0], "failed": wanted[1]}
    return has(status="sent" if wanted[0] else "error", recipients=recipients)


def refuses(error: str) -> Check:
    """Check that a message was acknowledged as refused, for this reason."""

    def check(payload: Any) -> str | None:
        found = {key: value for key, value in payload.items() if key != "timestamp"} if payload else payload
        return equals({"status": "error", "error": error})(found)

    return check


def status_of(person: Person, status: str) -> Check:
    """Check that the payload says that a person is `online` or `offline`."""
    return equals({"userId": person.id, "status": status, "email": person.email})


def listed(answer: Any) -> list[str]:
    """Return the ids of the users whom an acknowledgement lists, in its order."""
    return [user["userId"] for user in answer["users"]]
