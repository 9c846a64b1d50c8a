"""The composition root: settings become a store, a cluster, services, gateways and a web app, served as one.

A listener is a port, and a port names the contract that `/socket.io` speaks on it; every listener serves every
contract at `/<contract>/socket.io`, and all of REST.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import hypercorn.asyncio
import hypercorn.config

from app import seed
from app.cluster.base import Cluster
from app.cluster.local import LocalCluster
from app.config import Settings
from app.domain.clock import Sequence
from app.domain.mailbox import Mailbox
from app.domain.passwords import Passwords
from app.domain.tokens import Tokens
from app.domain.users import Users
from app.engine import conformance, handover
from app.engine.admission import Limits
from app.engine.base import Engine, Options
from app.engine.socket_io import SocketIO
from app.gateways.base import Gateway, Hub
from app.gateways.friends import FriendsGateway
from app.metrics import Metrics
from app.store.base import User
from app.store.sqlite import SQLiteStore
from app.web import create_app
from app.web.security import HEADERS

if TYPE_CHECKING:
    from app.store.mongo import MongoStore

__all__ = ["ListenError", "Listener", "Server", "cluster_of", "listen", "store_of"]

log = logging.getLogger("parley.server")

ASGI = Callable[[Any, Any, Any], Awaitable[None]]

BACKLOG = 1024
_PING_TIMEOUT = 2.0


class ListenError(Exception):
    """A port that cannot be listened on; the text names it and says why."""


@dataclass(frozen=True, slots=True)
class Listener:
    """A port of a contract.

    Attributes:
        contract: what `/socket.io` speaks on it.
        socket: bound and listening.
        port: its number, also where any free one was asked for.
        url: base URL of the port.

    """

    contract: str
    socket: socket.socket
    port: int
    url: str


def listen(settings: Settings) -> list[Listener]:
    """Return a listener for each contract, so that connections queue from now on. Raise `ListenError`."""
    listeners: list[Listener] = []
    ports = {"friends": settings.port}
    try:
        for contract in settings.contracts:
            port = ports[contract] + settings.port_offset if ports[contract] else 0
            listeners.append(_listen(contract, settings.host, port))
    except ListenError:
        for listener in listeners:
            listener.socket.close()
        raise
    return listeners


def _listen(contract: str, host: str, port: int) -> Listener:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        sock = socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except (OSError, OverflowError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ListenError(f"cannot listen on {host} port {port} for {contract}: {reason}") from None
    bound = sock.getsockname()[1]
    shown = f"[{host}]" if ":" in host else host
    return Listener(contract, sock, bound, f"http://{shown}:{bound}")


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
            server_timeout=settings.server_timeout,
        )
    return LocalCluster()


class Server:
    """One server: everything between its settings and its sockets.

    Call `open`, then `serve`; `close` lets go of what `open` took, also where `serve` was never called.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.store = store_of(settings)
        self.tokens = Tokens(settings.jwt_secret.get_secret_value(), settings.jwt_expiration)
        self._metrics = Metrics()
        self._cluster = cluster_of(settings)
        self._hub = Hub()
        self._passwords = Passwords(settings.password_rounds)
        self.users = Users(
            self.store,
            self.tokens,
            self._passwords,
            uniform_errors=settings.uniform_auth_errors,
            on_friendship=self._hub.friendship,
        )
        mailbox = Mailbox("friends", self.store, Sequence())
        friends = FriendsGateway(settings, self.users, mailbox, self._cluster, self._metrics)
        self._gateways: list[Gateway] = [friends]
        self._engines = {gateway.contract: self._engine(gateway) for gateway in self._gateways}
        self._draining = False
        self._web = create_app(settings, self.users, mailbox, friends.presence, self._readiness, self._metrics.registry)
        self._metrics.watch("parley_store_commits", "Commits of the store", lambda: self.store.commits)
        self._metrics.watch(
            "parley_store_operations", "Calls that those commits were made of", lambda: self.store.operations
        )

    def _engine(self, gateway: Gateway) -> Engine:
        engine = SocketIO({"/": gateway}, _options(self.settings))
        gateway.bind(engine)
        self._hub.add(gateway)
        self._metrics.watch_engine(gateway.contract, engine)
        return engine

    async def open(self) -> None:
        """Open the store and join the cluster.

        Raise `StoreUnusableError` or `ClusterUnusableError` if one cannot be used, `Unavailable` if it does not answer.
        """
        await self.store.open()
        await self._cluster.open(self._hub)

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
        ports = {listener.port: self._engines[listener.contract] for listener in listeners}
        root = _Root(self._web, self._mounts(), ports)

        async def until_drained() -> None:
            await stop.wait()
            await self._drain()
            # requests that are not answered by then would be cancelled, with a traceback each
            asyncio.get_running_loop().call_later(config.graceful_timeout / 2, handover.abort_all, config)

        await hypercorn.asyncio.serve(root, config, shutdown_trigger=until_drained, mode="asgi")

    def _mounts(self) -> dict[str, ASGI]:
        mounts: dict[str, ASGI] = {f"/{contract}/socket.io": engine for contract, engine in self._engines.items()}
        if self.settings.conformance:
            mounts["/conformance/socket.io"] = conformance.socket_io()
            mounts["/conformance/engine.io"] = conformance.engine_io()
        return mounts

    async def _drain(self) -> None:
        self._draining = True
        await self._close_gateways()
        await asyncio.gather(*(engine.drain(self.settings.drain_timeout / 2) for engine in self._engines.values()))

    async def _close_gateways(self) -> None:
        """Close the gateways, as far as the store lets them in a quarter of the time."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.settings.drain_timeout / 4):
                await asyncio.gather(*(gateway.close() for gateway in self._gateways))

    async def close(self) -> None:
        """Leave the cluster and close the store."""
        await self._close_gateways()
        await self._cluster.close()
        await self.store.close()
        self._passwords.close()

    async def _readiness(self) -> dict[str, bool]:
        async def answers(ping: Any) -> bool:
            try:
                await asyncio.wait_for(ping(), _PING_TIMEOUT)
            except Exception:
                return False
            return True

        store, cluster = await asyncio.gather(answers(self.store.ping), answers(self._cluster.ping))
        return {"store": store, "cluster": cluster, "serving": not self._draining}


def _options(settings: Settings) -> Options:
    return Options(
        ping_interval=settings.ping_interval,
        ping_timeout=settings.ping_timeout,
        max_payload=settings.max_payload,
        origins=settings.trusted_origins,
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
    )


class _Root:
    """The ASGI application: sends a request to an engine or to the web app.

    Args:
        web: what is no engine's.
        mounts: engines by path, served on every port.
        ports: engines by port, served there at `/socket.io`.

    """

    def __init__(self, web: Any, mounts: Mapping[str, ASGI], ports: Mapping[int, ASGI]) -> None:
        self._web = web
        self._mounts = mounts
        self._ports = ports

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._web(scope, receive, send)
            return
        path = scope["path"].rstrip("/")
        engine = self._ports.get(scope["server"][1]) if path == "/socket.io" else self._mounts.get(path)
        if engine is None:
            await self._web(scope, receive, send)
        else:
            await engine(scope, receive, _with_headers(send))


def _with_headers(send: Any) -> Any:
    """Add the security headers to an HTTP answer of an engine."""

    async def send_with_headers(message: Any) -> None:
        if message["type"] == "http.response.start":
            message = message | {"headers": [*message.get("headers", ()), *HEADERS]}
        await send(message)

    return send_with_headers
