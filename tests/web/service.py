"""The REST side over the real domain, store and cluster, in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from prometheus_client import CollectorRegistry
from quart import Quart, Response
from quart.typing import TestClientProtocol

from app import seed
from app.cluster.local import LocalCluster
from app.config import Settings
from app.domain.clock import Sequence
from app.domain.errors import TooMany
from app.domain.mailbox import Mailbox
from app.domain.participants import Participants
from app.domain.passwords import Passwords
from app.domain.rooms import Rooms
from app.domain.tokens import Tokens
from app.domain.users import Users
from app.gateways.base import Hub
from app.gateways.notifications import NotificationsGateway
from app.gateways.rooms import tell_closed
from app.metrics import Metrics
from app.store.base import User
from app.store.sqlite import SQLiteStore
from app.web import Backend, create_app

__all__ = ["ANAKIN", "HAN", "NOBODY", "OBI", "Service", "ask"]

HAN = "624a1138cda69df1a7c29caf"
OBI = "624a113c721753da2f9e2567"
ANAKIN = "624a152057ac013c6375d4e3"
NOBODY = "0123456789abcdef01234567"


@dataclass
class Service:
    """One application and what it stands on; the seeded users are there.

    Attributes:
        checks: what `readiness` answers.
        notifications: the mailbox of what was sent at `/notification`.
        wait: seconds for which every request is told to wait, 0 for none.

    """

    app: Quart
    client: TestClientProtocol
    store: SQLiteStore
    users: Users
    mailbox: Mailbox
    cluster: LocalCluster
    passwords: Passwords
    registry: CollectorRegistry
    checks: dict[str, bool]
    notifications: Mailbox
    rooms: Rooms
    wait: float = 0

    @classmethod
    async def start(cls, **options: Any) -> Service:
        settings = Settings(memory=True, password_rounds=4, **options)
        store, cluster = SQLiteStore(None), LocalCluster()
        await store.open()
        await cluster.open(Hub())
        passwords = Passwords(settings.password_rounds)
        tokens = Tokens(settings.jwt_secret.get_secret_value(), settings.jwt_expiration)
        users = Users(store, tokens, passwords, uniform_errors=settings.uniform_auth_errors)
        mailbox = Mailbox("friends", store, Sequence())
        registry, checks = CollectorRegistry(), {"store": True, "cluster": True}
        notifications = Mailbox("notifications", store, Sequence())
        notify = NotificationsGateway(settings, users, notifications, cluster, Metrics()).notify

        async def readiness() -> dict[str, bool]:
            return checks

        async def take(address: str) -> None:
            if service.wait:
                raise TooMany(service.wait)

        rooms = Rooms(store, Sequence(), Participants(cluster), partial(tell_closed, cluster))
        online = partial(cluster.present, "friends")
        app = create_app(settings, Backend(users, mailbox, rooms, online, readiness, registry, take, notify))
        service = cls(
            app, app.test_client(), store, users, mailbox, cluster, passwords, registry, checks, notifications, rooms
        )
        await service._plant()
        return service

    async def _plant(self) -> None:
        hashed = await self.passwords.hash(seed.PASSWORD)
        found = seed.load()
        for user in found:
            await self.store.add_user(replace(user, password=hashed, friends=()))
        for user in found:
            for friend in user.friends:
                await self.store.befriend(user.id, friend)

    async def close(self) -> None:
        await self.store.close()
        self.passwords.close()

    async def user(self, user_id: str) -> User:
        return await self.users.get(user_id)

    async def bearer(self, user_id: str) -> dict[str, str]:
        """Return the headers that prove to be the user."""
        return {"Authorization": f"Bearer {self.users.token(await self.user(user_id))}"}

    async def call(self, method: str, path: str, actor: str = "", **request: Any) -> Response:
        """Make a request, as the actor if one is named."""
        headers = {**(await self.bearer(actor) if actor else {}), **request.pop("headers", {})}
        return await self.client.open(path, method=method, headers=headers, **request)  # pyright: ignore  (Quart types scopes and clients closer than ASGI)

    async def raw(self, method: str, path: str, body: bytes, content_type: str = "application/json") -> Response:
        """Make a request with a body as it is."""
        return await self.call(method, path, data=body, headers={"Content-Type": content_type})


async def ask(
    app: Quart,
    method: str,
    path: str,
    headers: Iterable[tuple[bytes, bytes]] = (),
    body: bytes = b"",
    *,
    stalled: bool = False,
    **scope: Any,
) -> tuple[int, dict[str, str], bytes]:
    """Make a request as a server does; return the status, the headers by lower-case name, and the body.

    The body is not all of it where the client is `stalled`. The rest is for `scope_of`.
    """
    events = [{"type": "http.request", "body": body, "more_body": stalled}]
    sent: list[Any] = []

    async def receive() -> Any:
        return events.pop() if events else await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope_of(method, path, headers, **scope), receive, send)  # pyright: ignore  (Quart types scopes and clients closer than ASGI)
    found = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], found, b"".join(message.get("body", b"") for message in sent[1:])


def scope_of(
    method: str,
    path: str,
    headers: Iterable[tuple[bytes, bytes]] = (),
    *,
    host: bytes = b"localhost",
    query_string: bytes = b"",
) -> dict[str, Any]:
    """Return the scope of a request, as a server makes it."""
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query_string,
        "root_path": "",
        "headers": [(b"host", host), *headers],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "extensions": {},
    }
