"""The composition root: settings become a store, a cluster, services, gateways and a web app, served as one."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Collection, Mapping
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import hypercorn.asyncio
import hypercorn.config

from app import seed
from app.cluster.base import Cluster
from app.cluster.local import LocalCluster
from app.config import Settings
from app.domain.clock import Sequence
from app.domain.limits import SharedLimit
from app.domain.mailbox import Mailbox
from app.domain.participants import Participants
from app.domain.passwords import Passwords
from app.domain.rooms import Rooms
from app.domain.tokens import Tokens
from app.domain.users import Users
from app.engine import conformance, handover
from app.engine.admission import Limits
from app.engine.base import Engine, Options
from app.engine.socket_io import SocketIO
from app.gateways.base import Gateway, Hub
from app.gateways.courier import Courier
from app.gateways.direct import DirectGateway
from app.gateways.friends import FriendsGateway
from app.gateways.internal import InternalGateway
from app.gateways.notifications import NotificationsGateway
from app.gateways.presence import PresenceGateway
from app.gateways.rooms import RoomsGateway, tell_closed
from app.listeners import BACKLOG, Listener
from app.metrics import Metrics
from app.root import ASGI, Mounts, Root
from app.store.base import User
from app.store.sqlite import SQLiteStore
from app.web import Backend, create_app

if TYPE_CHECKING:
    from app.store.mongo import MongoStore

__all__ = ["Server", "cluster_of", "store_of"]

log = logging.getLogger("parley.server")

_PING_TIMEOUT = 2.0

PRESENCE_PING_TIMEOUT = 5.0
"""Seconds in which a client of the presence contract must answer a heartbeat, where the setting is not less."""


def store_of(settings: Settings, *, exclusive: bool = True) -> SQLiteStore | MongoStore:
    """Return the store that the settings name, not open yet. An embedded server never loads the driver of the other.

    Args:
        settings: MongoDB where they are of a cluster, else the embedded database.
        exclusive: lock the embedded database against other servers.

    """
    if settings.mongo_address:
        from app.store.mongo import MongoStore

        return MongoStore(settings.mongo_address, settings.mongo_database, timeout=settings.store_timeout)
    return SQLiteStore(settings.database, exclusive=exclusive)


def cluster_of(settings: Settings) -> Cluster:
    """Return the cluster that the settings name, not joined yet: over Redis, or of this server alone."""
    if settings.redis_address:
        from app.cluster.redis import RedisCluster

        return RedisCluster(
            settings.redis_address,
            settings.redis_prefix,
            timeout=settings.cluster_timeout,
            server_timeout=min(settings.server_timeout, settings.session_sweep),
        )
    return LocalCluster()


def _friends(server: Server) -> Gateway:
    return FriendsGateway(server.settings, server.users, server.mailbox("friends"), server.cluster, server.metrics)


def _direct(server: Server) -> Gateway:
    return DirectGateway(server.settings, server.users, server.mailbox("direct"), server.cluster, server.metrics)


def _presence(server: Server) -> Gateway:
    return PresenceGateway(server.settings, server.users, server.courier, server.cluster, server.metrics)


def _internal(server: Server) -> Gateway:
    return InternalGateway(server.settings, server.courier, server.cluster, server.metrics)


def _rooms(server: Server) -> Gateway:
    return RoomsGateway(server.settings, server.rooms, server.cluster, server.metrics)


def _notifications(server: Server) -> Gateway:
    mailbox = server.mailbox("notifications")
    return NotificationsGateway(server.settings, server.users, mailbox, server.cluster, server.metrics)


GATEWAYS: Mapping[str, Callable[[Server], Gateway]] = {
    "friends": _friends,
    "direct": _direct,
    "presence": _presence,
    "internal": _internal,
    "rooms": _rooms,
    "notifications": _notifications,
}
"""What makes the gateway of each contract."""


class Server:
    """One server: everything between its settings and its sockets.

    Call `open`, then `serve`; `close` lets go of what `open` took, also where `serve` was never called.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.store = store_of(settings)
        self.tokens = Tokens(settings.jwt_secret.get_secret_value(), settings.jwt_expiration)
        self.metrics = Metrics()
        self.cluster = cluster_of(settings)
        self._hub = Hub()
        self._passwords = Passwords(settings.password_rounds)
        self.users = Users(
            self.store,
            self.tokens,
            self._passwords,
            uniform_errors=settings.uniform_auth_errors,
            on_friendship=self._hub.friendship,
        )
        self._ids = Sequence()
        self.rooms = Rooms(self.store, self._ids, Participants(self.cluster), partial(tell_closed, self.cluster))
        self._gateways = {contract: GATEWAYS[contract](self) for contract in GATEWAYS if contract in self._served}
        self._engines = {contract: self._engine(gateway) for contract, gateway in self._gateways.items()}
        self._draining = False
        self.web = create_app(settings, self._backend())
        self.metrics.watch("parley_store_commits", "Commits of the store", lambda: self.store.commits)
        self.metrics.watch(
            "parley_store_operations", "Calls that those commits were made of", lambda: self.store.operations
        )
        self.metrics.watch("parley_store_requests", "Requests made of MongoDB", lambda: self.store.requests)

    def _backend(self) -> Backend:
        rate, notifications = self.settings.rate_limit_rest, self._gateways.get("notifications")
        return Backend(
            self.users,
            self.mailbox("friends"),
            self.rooms if "rooms" in self._served else None,
            partial(self.cluster.present, "friends"),
            self._readiness,
            self.metrics.registry,
            take=SharedLimit("rest", rate, self.cluster).take if rate else None,
            notify=notifications.notify if isinstance(notifications, NotificationsGateway) else None,
        )

    @property
    def _served(self) -> Collection[str]:
        return self.settings.addresses.keys()

    def mailbox(self, contract: str) -> Mailbox:
        """Return the mailbox of a contract. The ids of all of them are made in one place."""
        return Mailbox(contract, self.store, self._ids)

    @cached_property
    def courier(self) -> Courier:
        """What hands messages to the users of the presence contract, whoever sends them."""
        return Courier("presence", self.cluster, self.metrics, self.settings.cluster_timeout)

    def _engine(self, gateway: Gateway) -> Engine:
        engine = SocketIO({"/": gateway}, _options(self.settings, gateway.contract))
        gateway.bind(engine)
        self._hub.add(gateway)
        self.metrics.watch_engine(gateway.contract, engine)
        return engine

    async def open(self) -> None:
        """Open the store and join the cluster.

        Raise `StoreUnusableError` or `ClusterUnusableError` if one cannot be used, `Unavailable` if it does not answer.
        """
        await self.store.open()
        await self.cluster.open(self._hub)

    async def plant(self) -> list[User]:
        """Return the seeded users that are there, all of them where the store is this server's own.

        The users of a cluster are for `parley seed` to add: once, and not by every server that starts.
        """
        if not self.settings.clustered:
            await seed.plant(self.store)
        planted = await self.store.users([user.id for user in seed.load()])
        return list(planted.values())

    async def serve(self, listeners: list[Listener], stop: asyncio.Event) -> None:
        """Serve until `stop` is set, then drain and return."""
        handover.install()
        config = hypercorn.config.Config()
        config.bind = [f"fd://{listener.socket.detach()}" for listener in listeners]
        config.accesslog = None
        config.errorlog = logging.getLogger("hypercorn.error")
        config.include_server_header = False
        config.graceful_timeout = self.settings.drain_timeout / 2
        config.backlog = BACKLOG
        config.websocket_max_message_size = self.settings.max_payload
        config.h11_max_incomplete_size = 32 * 1024
        mounts = {listener.port: self._mounts(listener.contract) for listener in listeners}
        root = Root(self.web, mounts, self.settings.trusted_proxies)

        async def until_drained() -> None:
            await stop.wait()
            await self._drain()
            # requests that are not answered by then would be cancelled, with a traceback each
            asyncio.get_running_loop().call_later(config.graceful_timeout / 2, handover.abort_all, config)

        await hypercorn.asyncio.serve(root, config, shutdown_trigger=until_drained, mode="asgi")

    def _mounts(self, listener: str) -> Mounts:
        """Return what is served at a listener beside the web: the gateway for services nowhere but at its own."""
        own = {"/socket.io": self._engines[listener]}
        if listener == "internal":
            return Mounts(listener, own)
        paths: dict[str, ASGI] = {
            f"/{contract}/socket.io": engine for contract, engine in self._engines.items() if contract != "internal"
        }
        if self.settings.conformance:
            paths["/conformance/socket.io"] = self._conformance[0]
            paths["/conformance/engine.io"] = self._conformance[1]
        return Mounts(listener, {**own, **paths})

    @cached_property
    def _conformance(self) -> tuple[ASGI, ASGI]:
        return conformance.socket_io(), conformance.engine_io()

    async def _drain(self) -> None:
        self._draining = True
        await self._close_gateways()
        await asyncio.gather(*(engine.drain(self.settings.drain_timeout / 2) for engine in self._engines.values()))

    async def _close_gateways(self) -> None:
        """Close the gateways, as far as the store lets them in a quarter of the time."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.settings.drain_timeout / 4):
                await asyncio.gather(*(gateway.close() for gateway in self._gateways.values()))

    async def close(self) -> None:
        """Close the store and leave the cluster, in that order: what is stored until then is published."""
        await self._close_gateways()
        await self.store.close()
        idle = [await engine.idle(self.settings.drain_timeout / 4) for engine in self._engines.values()]
        told = [await gateway.finish() for gateway in self._gateways.values()]
        await self.cluster.close(owing=not all((*idle, *told)))
        self._passwords.close()

    async def _readiness(self) -> dict[str, bool]:
        async def answers(ping: Any) -> bool:
            try:
                await asyncio.wait_for(ping(), _PING_TIMEOUT)
            except Exception:
                return False
            return True

        store, cluster = await asyncio.gather(answers(self.store.ping), answers(self.cluster.ping))
        return {"store": store, "cluster": cluster, "serving": not self._draining}


def _options(settings: Settings, contract: str) -> Options:
    ping_timeout = settings.ping_timeout
    if contract in ("presence", "internal"):
        ping_timeout = min(ping_timeout, PRESENCE_PING_TIMEOUT)
    return Options(
        ping_interval=settings.ping_interval,
        ping_timeout=ping_timeout,
        max_payload=settings.max_payload,
        origins=settings.trusted_origins,
        local=contract == "internal" and not settings.service_keys,
        connect_timeout=settings.connect_timeout,
        max_packets=settings.max_packets,
        max_buffer=settings.max_buffer,
        max_pending=settings.max_pending_events,
        limits=Limits(
            connections=settings.max_connections,
            connections_per_address=settings.max_connections_per_address,
            connects_per_second=settings.max_connects_per_second,
            unauthenticated=settings.max_unauthenticated,
            events_per_second=settings.max_events_per_second,
        ),
        trusted_proxies=settings.trusted_proxies,
        anonymous=contract == "presence",
    )
