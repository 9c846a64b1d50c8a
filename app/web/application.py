"""The Quart application: its blueprints, and what every request and every answer passes through."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from prometheus_client import CollectorRegistry
from quart import Quart
from quart_cors import cors

from app.config import Settings
from app.domain.mailbox import Mailbox
from app.domain.rooms import Rooms
from app.domain.users import Users
from app.web import (
    access,
    auth,
    correlation,
    docs,
    errors,
    intake,
    limit,
    messages,
    notifications,
    operations,
    rooms,
    schema,
    security,
)
from app.web.users import blueprint as users_blueprint

__all__ = ["create_app"]

BODY_TIMEOUT = 10
PREFLIGHT_AGE = 600


def create_app(
    settings: Settings,
    users: Users,
    mailbox: Mailbox,
    all_rooms: Rooms,
    online: Callable[[Iterable[str]], Awaitable[set[str]]],
    readiness: Callable[[], Awaitable[dict[str, bool]]],
    registry: CollectorRegistry,
    take: Callable[[str], Awaitable[None]] | None = None,
    notify: Callable[[Any], Awaitable[str]] | None = None,
) -> Quart:
    """Return the application. It opens and closes nothing: what it is given must be open while it serves.

    Every answer carries `X-Request-ID`, the CORS headers and the security headers, whatever its status, and every
    error has the envelope of `settings.mode`.

    Args:
        settings: `mode`, `trusted_origins`, `max_body` and `notifications_api_key` are used.
        users: registration, login, tokens and friendships.
        mailbox: whose history `GET /messages` pages.
        all_rooms: the rooms of the rooms contract.
        online: says which of some users are connected to the friends contract.
        readiness: what this server needs, by name, and whether it can be used now; any False answers 503.
        registry: where the metrics of the requests are kept, and what `GET /metrics` shows.
        take: counts a request of a client's address, and raises `TooMany` where it is one too many.
        notify: sends a notification, where that contract is served.

    """
    app = Quart("app.web", static_folder=None)
    app.url_map.merge_slashes = False  # `//users` names nothing, and must not be answered with a redirect
    app.config.update(MAX_CONTENT_LENGTH=settings.max_body, BODY_TIMEOUT=BODY_TIMEOUT, PROPAGATE_EXCEPTIONS=False)
    intake.install(app)
    access.install(app, registry)
    correlation.install(app)
    security.install(app)
    if take:
        limit.install(app, take)
    cors(
        app,
        allow_origin="*" if "*" in settings.trusted_origins else settings.trusted_origins,
        expose_headers=(correlation.HEADER, "Retry-After"),
        max_age=PREFLIGHT_AGE,
    )
    errors.install(app, settings.mode)
    schema.install(app, settings.mode)
    notified = [notifications.blueprint(notify, settings.notifications_api_key)] if notify else []
    for blueprint in (
        auth.blueprint(users),
        users_blueprint(users, online),
        messages.blueprint(users, mailbox),
        rooms.blueprint(all_rooms),
        *notified,
        operations.blueprint(readiness, registry),
        docs.blueprint(),
    ):
        app.register_blueprint(blueprint)
    return app
