"""`/notification`: what a service tells a user."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from typing import Any

from pydantic import SecretStr
from quart import Blueprint, Response, request

from app.domain.errors import Unauthorized
from app.web.answers import shown
from app.web.body import fields
from app.web.models import Notification, Sent
from app.web.schema import STORED, documented

__all__ = ["KEY", "blueprint"]

KEY = "X-API-Key"

_EMPTY = (
    "message should not be empty",
    "message must be a string",
    "userId should not be empty",
    "userId must be a string",
)


def blueprint(notify: Callable[[Any], Awaitable[str]], key: SecretStr | None) -> Blueprint:
    """Return the routes of `/notification`.

    Args:
        notify: sends a notification, and raises `Invalid` for what is none.
        key: what a request must have as `X-API-Key`; None if nothing.

    """
    notifications = Blueprint("notifications", __name__)

    described = documented(
        "Notifications",
        Sent,
        status=201,
        request=Notification,
        keyed=key is not None,
        errors=STORED | {400: _EMPTY},
    )

    @notifications.post("/api/notification/send")
    @described
    async def send() -> Response:
        """Notify a user.

        The notification is stored, and sent to every socket of the user; who is away gets it with the next connect.
        It comes again until it is confirmed. Keys beside the two are kept, and sent too.
        """
        _check(key)
        await notify(await fields())
        return shown(Sent(), 201)

    @notifications.post("/notification/send")
    @described
    async def send_as_documented() -> Response:
        """Notify a user, at the path that the document of the contract names."""
        return await send()

    return notifications


def _check(key: SecretStr | None) -> None:
    """Raise `Unauthorized` if the request lacks the key."""
    given = request.headers.get(KEY, "").encode("latin-1")  # the bytes as they came
    if key and not hmac.compare_digest(given, key.get_secret_value().encode()):
        raise Unauthorized("Unauthorized")
