"""Devices of users, and services, on the presence contract."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any, ClassVar, Unpack, cast

import pytest

from e2e.harness.client import Client, Credential
from e2e.harness.deadline import DEADLINE
from e2e.harness.match import Check, has
from e2e.harness.people import Handshake, People, Person

__all__ = [
    "MISSING", "Presence", "PresenceClient", "ServiceClient", "listed", "names_ids", "reached", "refuses", "status_of",
]  # fmt: skip

MISSING = "Missing required fields: recipientIds (array) and message"
"""What a message without one of its fields is answered with."""


class PresenceClient(Client):
    """A device on the presence contract. It is nobody's until it has authenticated."""

    CONTRACT: ClassVar[str] = "presence"
    PATH: ClassVar[str] = "/presence/socket.io"
    CREDENTIAL: ClassVar[Credential] = "none"

    async def send(
        self, recipients: Iterable[Person | str], message: str, *, within: float = DEADLINE, **fields: Any
    ) -> Any:
        """Send a message to people, or ids, and return the acknowledgement."""
        __tracebackhide__ = True
        ids = [one if isinstance(one, str) else one.id for one in recipients]
        return await self.call("send_message", {"recipientIds": ids, "message": message, **fields}, within=within)


class ServiceClient(PresenceClient):
    """A service on the internal gateway of the presence contract."""

    CONTRACT: ClassVar[str] = "internal"
    PATH: ClassVar[str] = "/socket.io"


class Presence:
    """Connects people, strangers and services.

    Args:
        people: made on the deployment that they connect to.

    """

    def __init__(self, people: People) -> None:
        self._people = people
        self._names = itertools.count(1)

    async def dial(self, who: str = "Nobody", **options: Unpack[Handshake]) -> PresenceClient:
        """Connect a device that is nobody's yet."""
        device = await self._people.dial(who, PresenceClient, **options)
        await device.expect_next("CONNECT")
        return device

    async def connect(self, person: Person, **options: Unpack[Handshake]) -> PresenceClient:
        """Connect a device of a person, and return it once it is told that it is connected."""
        device = await self.dial(f"{person.name}@{next(self._names)}", **options)
        await device.emit("authenticate", {"token": person.token})
        await device.expect_next("connected")
        return device

    async def service(self, auth: Any = None, *, server: int = 0, connected: bool = True) -> ServiceClient:
        """Connect a service to the internal gateway of a server; without `connected` the answer is not awaited."""
        if "internal" not in self._people.deployment.servers[server].urls:
            pytest.skip("the address of the internal gateway of a target is not known")
        who = f"service {next(self._names)}"
        device = await self._people.dial(who, ServiceClient, server=server, listener="internal", auth=auth)
        if connected:
            await device.expect_next("CONNECT")
            await device.expect_next("connected")
        return device


def reached(sent: Iterable[Person | str], failed: Iterable[Person | str] = ()) -> Check:
    """Check that a message was acknowledged as written to these, in this order, and not to those."""
    wanted = [[one if isinstance(one, str) else one.id for one in people] for people in (sent, failed)]
    recipients = {"total": len(wanted[0]) + len(wanted[1]), "sent": wanted[0], "failed": wanted[1]}
    return has(status="sent" if wanted[0] else "error", recipients=recipients)


def names_ids(payload: Any) -> str | None:
    """Check that a message was acknowledged as refused, as one of its recipients is no id."""
    error = cast("dict[str, Any]", payload).get("error") if isinstance(payload, dict) else None
    begins = isinstance(error, str) and error.startswith("Invalid recipient IDs found: ")
    return None if begins else f"error is {error!r}, want 'Invalid recipient IDs found: ...'"


def refuses(error: str) -> Check:
    """Check that a message was acknowledged as refused, for this reason."""
    return has(status="error", error=error)


def status_of(person: Person, status: str) -> Check:
    """Check that the payload says that a person is `online` or `offline`."""
    return has(userId=person.id, status=status, email=person.email)


def listed(answer: Any) -> list[str]:
    """Return the ids of the users whom an acknowledgement lists, in its order."""
    return [user["userId"] for user in answer["users"]]
