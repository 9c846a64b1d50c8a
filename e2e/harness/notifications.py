"""Guests, and the devices that they connect with: the notifications contract takes everybody at their word."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Unpack, cast

from e2e.harness.client import Client, Credential
from e2e.harness.match import Check, has, must
from e2e.harness.people import People, Place

__all__ = ["NOISE", "PATHS", "Guest", "NotificationsClient", "listed", "notifies"]

PATHS = ("/api/notification/send", "/notification/send")
"""Where a service sends a notification."""

NOISE = ("users",)
"""What comes whenever anybody comes or goes, in other tests too."""


class NotificationsClient(Client):
    """A device on the notifications contract.

    Attributes:
        session: what `session` said when it connected.

    """

    CONTRACT: ClassVar[str] = "notifications"
    PATH: ClassVar[str] = "/notifications/socket.io"
    CREDENTIAL: ClassVar[Credential] = "none"

    session: Mapping[str, Any] = {}

    async def arrive(self) -> None:
        """Wait for CONNECT, and for `session`, which must be the first event."""
        await super().arrive()
        self.session = (await self.expect_next("session")).payload

    async def notify(self, user: str, message: str, **more: Any) -> Any:
        """Send a notification and return the acknowledgement."""
        return await self.call("sendNotification", {"message": message, "userId": user, **more})

    async def confirm(self, notification: str, user: str) -> Any:
        """Confirm a notification and return the acknowledgement."""
        return await self.call("confirmNotification", {"notificationId": notification, "userId": user})

    async def expect_notified(self, *messages: str) -> list[dict[str, Any]]:
        """Return the next notifications, which must be of these messages, in this order."""
        __tracebackhide__ = True
        found = [await self.expect_next("newNotification", notifies(it), ignoring=NOISE) for it in messages]
        return [record.payload for record in found]

    async def expect_nothing_more(self, *others: NotificationsClient) -> None:
        """Show that no notification is on its way to this device or to others of the user.

        One that is sent to them now is the next that each is given.
        """
        __tracebackhide__ = True
        marker = f"marker {uuid.uuid4().hex}"
        sent = await self.notify(self.session["userID"], marker)
        for device in (self, *others):
            await device.expect_notified(marker)
        await self.confirm(sent["id"], self.session["userID"])


@dataclass(eq=False)
class Guest:
    """Somebody whom no server knows before they connect.

    Attributes:
        id: the `userID`.
        name: the `username`.

    """

    people: People = field(repr=False)
    name: str
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    _devices: int = 0

    async def connect(self, *, session: str | None = None, **place: Unpack[Place]) -> NotificationsClient:
        """Connect a device and return it once it was told its session."""
        device = await self.dial(session=session, **place)
        await device.arrive()
        return device

    async def dial(self, *, session: str | None = None, **place: Unpack[Place]) -> NotificationsClient:
        """Connect a device as far as asking for the namespace; the answer is not awaited."""
        self._devices += 1
        auth = {"userID": self.id, "username": self.name} | ({"sessionID": session} if session is not None else {})
        who = self.name if self._devices == 1 else f"{self.name}#{self._devices}"
        return await self.people.dial(who, NotificationsClient, auth=auth, **place)


def notifies(message: str) -> Check:
    """Check that the payload is a notification with this message, an id and an instant."""

    def check(payload: Any) -> str | None:
        found = cast("dict[str, Any]", payload) if isinstance(payload, dict) else {}
        if found.get("message") != message:
            return f"message is {found.get('message')!r}, want {message!r}"
        return None if found.get("id") and found.get("createdAt") else "there is no id or no createdAt"

    return check


def listed(guest: Guest, *, connected: bool) -> Check:
    """Check that the payload is a list of users in which the guest is once, connected or not."""
    wanted = {"userID": guest.id, "username": guest.name, "connected": connected}

    def check(payload: Any) -> str | None:
        users = cast("list[dict[str, Any]]", payload)
        found = [user for user in users if must(user, _is_user)["userID"] == guest.id]
        once = len(found) == 1 and has(**wanted)(found[0]) is None
        return None if once else f"{guest.id} is listed as {found}, want {wanted} once"

    return check


def _is_user(payload: Any) -> str | None:
    kinds = {"userID": str, "username": str, "connected": bool}
    found = cast("dict[str, Any]", payload)
    same = all(type(found.get(key)) is kind for key, kind in kinds.items())
    return None if same else f"{found} is no user"
