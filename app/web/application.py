"""The Quart application: its blueprints, and what every request and every answer passes through."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from prometheus_client import CollectorRegistry
from quart import Blueprint, Quart
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
    examples,
    intake,
    limit,
    messages,
    notifications,
    operations,
    origins,
    rooms,
    schema,
    security,
)
from app.web.library import Library
from app.web.library import blueprint as library_blueprint
from app.web.users import blueprint as users_blueprint

__all__ = ["Backend", "create_app"]

BODY_TIMEOUT = 10
PREFLIGHT_AGE = 600


@dataclass(frozen=True, slots=True)
class Backend:
    """What the application is in front of; it must be open while the application serves.

    Attributes:
        users: registration, login, tokens and friendships.
        mailbox: whose history `GET /messages` pages.
        rooms: those of the rooms contract, where that is served.
        online: says which of some users are connected to the friends contract.
        readiness: what this server needs, by name, and whether it can be used now; any False answers 503.
        registry: where the metrics of the requests are kept, and what `GET /metrics` shows.
        take: counts a request of a client's address, and raises `TooMany` where it is one too many.
        notify: sends a notification, where that contract is served.

    """

    users: Users
    mailbox: Mailbox
    rooms: Rooms | None
    online: Callable[[Iterable[str]], Awaitable[set[str]]]
    readiness: Callable[[], Awaitable[dict[str, bool]]]
    registry: CollectorRegistry
    take: Callable[[str], Awaitable[None]] | None = None
    notify: Callable[[Any], Awaitable[str]] | None = None


def create_app(settings: Settings, backend: Backend) -> Quart:
    """Return the application. It opens and closes nothing.

    Every answer carries `X-Request-ID`, the CORS headers and the security headers, whatever its status, and every
    error has the envelope of its path and of `settings.mode`.
    """
    app = Quart("app.web", static_folder=None)
    app.url_map.merge_slashes = False  # `//users` names nothing, and must not be answered with a redirect
    app.config.update(MAX_CONTENT_LENGTH=settings.max_body, BODY_TIMEOUT=BODY_TIMEOUT, PROPAGATE_EXCEPTIONS=False)
    intake.install(app)
    access.install(app, backend.registry)
    correlation.install(app)
    security.install(app)
    if backend.take:
        limit.install(app, backend.take)
    if "*" not in settings.trusted_origins:
        origins.install(app, settings.trusted_origins)
    cors(
        app,
        allow_origin="*" if "*" in settings.trusted_origins else settings.trusted_origins,
        expose_headers=(correlation.HEADER, "Retry-After"),
        max_age=PREFLIGHT_AGE,
    )
    errors.install(app, settings.mode)
    schema.install(app, settings.mode)
    for blueprint in _blueprints(settings, backend):
        app.register_blueprint(blueprint)
    return app


def _blueprints(settings: Settings, backend: Backend) -> Iterator[Blueprint]:
    library = Library(settings.socket_io_client)
    yield auth.blueprint(backend.users)
    yield users_blueprint(backend.users, backend.online)
    yield messages.blueprint(backend.users, backend.mailbox)
    if backend.rooms:
        yield rooms.blueprint(backend.rooms)
    if backend.notify:
        yield notifications.blueprint(backend.notify, settings.notifications_api_key)
    yield operations.blueprint(backend.readiness, backend.registry)
    yield docs.blueprint()
    yield library_blueprint(library, settings.contracts)
    yield examples.blueprint(library)
