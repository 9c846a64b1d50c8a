"""A deployment: the base URLs of one or more equal servers, and what can be done to them.

Clients are told which server they connect to (`deployment.servers[i]`), so that the same suites run over one server
and over several. A deployment of another kind, such as containers behind a proxy, needs a `Server` of its own and a
list of them here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from e2e.harness.features import FEATURES, OVER_REST, not_applicable
from e2e.harness.process import ServerProcess
from e2e.harness.tokens import Mint

__all__ = [
    "SECRET",
    "Deployment",
    "Fresh",
    "NotControllableError",
    "RemoteDeployment",
    "RemoteServer",
    "Server",
    "Target",
    "embedded",
]

SECRET = "a secret of the suites: long enough for HS256, and for HS512, which nobody may use"


class NotControllableError(Exception):
    """The deployment's servers were started by somebody else; the text says what was asked of them."""


class Server(Protocol):
    """One server and the verbs that a test may use on it."""

    @property
    def url(self) -> str:
        """Its base URL, without a slash at the end; a restart keeps it."""
        ...

    @property
    def urls(self) -> Mapping[str, str]:
        """The base URL of each listener that is known, by what `/socket.io` is there: a contract, or `internal`."""
        ...

    async def start(self) -> None:
        """Start and return when it is ready."""
        ...

    async def stop(self) -> None:
        """Ask it to end; raise `AssertionError` unless it does, in time and with exit code 0."""
        ...

    async def kill(self) -> None:
        """End it without a chance to do anything."""
        ...

    async def pause(self) -> None:
        """Freeze it."""
        ...

    async def resume(self) -> None:
        """Thaw it."""
        ...

    async def close(self) -> None:
        """Stop it if it runs, at the end."""
        ...

    def log_tail(self) -> str:
        """Return the last lines of its log, as far as it can be had."""
        ...


@dataclass(eq=False)
class Deployment:
    """Servers that share everything.

    Attributes:
        servers: at least one.
        secret: what they sign tokens with; None if nobody told.
        ours: whether they are servers of this repository, which send nothing that its contracts do not have.
        judged_by: the contract that the run is about, None if it is about no one in particular.
        message_length: how many characters a message may have.

    """

    servers: Sequence[Server]
    secret: str | None
    ours: bool = True
    judged_by: str | None = field(default=None, init=False)
    message_length: int = field(default=4096, init=False)

    @property
    def mint(self) -> Mint:
        """Signs tokens that the servers believe, if the secret is known."""
        return Mint(self.secret)

    def require(self, feature: str) -> None:
        """Skip the test unless the servers offer a feature (`e2e.harness.features`): ours offer all."""

    def require_transport(self, transport: str) -> None:
        """Skip the test unless the servers offer a transport: ours offer both."""

    def require_message_length(self, length: int) -> None:
        """Skip the test unless messages may have just so many characters."""
        if self.message_length != length:
            not_applicable(f"the target takes {self.message_length} characters, and the test is about {length}")

    def place(
        self, contract: str, usual: str, server: Server, listener: str | None = None, path: str | None = None
    ) -> tuple[str, str]:
        """Return the base URL and the Socket.IO path on which a device of a contract connects to a server.

        Args:
            contract: its name.
            usual: the path of the contract on every port.
            server: one of the servers.
            listener: whose port is meant, if one is.
            path: the path that is meant, if one is.

        """
        return server.url if listener is None else server.urls[listener], path or usual

    async def start(self) -> None:
        """Start all servers."""
        for server in self.servers:
            await server.start()

    async def seed(self) -> None:
        """Add the seeded users, where the servers do not so by themselves."""

    async def forget(self) -> None:
        """Remove what is stored, but for the seeded users, where it makes servers slow; nobody may be connected."""

    async def stop(self, server: int = 0) -> None:
        """Ask one server to end; it must do so with exit code 0."""
        await self.servers[server].stop()

    async def kill(self, server: int = 0) -> None:
        """End one server without a chance to do anything."""
        await self.servers[server].kill()

    async def pause(self, server: int = 0) -> None:
        """Freeze one server."""
        await self.servers[server].pause()

    async def resume(self, server: int = 0) -> None:
        """Thaw one server."""
        await self.servers[server].resume()

    async def restart(self, server: int = 0) -> None:
        """Stop one server if it runs and start it at the same address over the same data."""
        await self.servers[server].close()
        await self.servers[server].start()

    async def close(self) -> None:
        """Stop every server that runs."""
        for server in self.servers:
            await server.close()

    def log_tail(self) -> str:
        """Return the last lines of every server's log."""
        return "\n".join(f"{server.url}\n{server.log_tail()}" for server in self.servers)


class Fresh(Protocol):
    """Starts a deployment of a test's own."""

    async def __call__(self, *arguments: str, **settings: str) -> Deployment:
        """Return it once it is ready, with these arguments of `serve` and these settings."""
        ...


@dataclass(frozen=True)
class RemoteServer:
    """A server that somebody else started: it can be used, not controlled."""

    url: str
    urls: Mapping[str, str] = field(default_factory=dict[str, str])

    async def start(self) -> None:
        """Do nothing: it runs."""

    async def stop(self) -> None:
        """Raise `NotControllableError`."""
        raise NotControllableError(f"{self.url} cannot be stopped from here")

    async def kill(self) -> None:
        """Raise `NotControllableError`."""
        raise NotControllableError(f"{self.url} cannot be killed from here")

    async def pause(self) -> None:
        """Raise `NotControllableError`."""
        raise NotControllableError(f"{self.url} cannot be paused from here")

    async def resume(self) -> None:
        """Raise `NotControllableError`."""
        raise NotControllableError(f"{self.url} cannot be resumed from here")

    async def close(self) -> None:
        """Do nothing: it goes on running."""

    def log_tail(self) -> str:
        """Return a note: its log is elsewhere."""
        return "(the log of a target is not to be had from here)"


def embedded(directory: Path, settings: Mapping[str, str] | None = None, arguments: Sequence[str] = ()) -> Deployment:
    """Return a deployment of one server with nothing beside it, not started yet, with fast password hashes."""
    secret = (settings or {}).get("JWT_SECRET", SECRET)
    environment = {"JWT_SECRET": secret, "PASSWORD_ROUNDS": "4", **(settings or {})}
    return Deployment([ServerProcess(directory, environment, arguments)], secret)


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be known of servers that somebody else started, and that form one cluster.

    Attributes:
        servers: at least one.
        secret: what they sign tokens with; None if nobody told.
        paths: the Socket.IO path of each contract that has another one than ours.
        transports: which they offer.
        lacks: the features that they do not offer.
        judged_by: the contract of the run, None if it is of no one in particular.
        message_length: how many characters a message may have.

    """

    servers: tuple[RemoteServer, ...]
    secret: str | None = None
    paths: Mapping[str, str] = field(default_factory=dict[str, str])
    transports: Sequence[str] = ("websocket", "polling")
    lacks: frozenset[str] = frozenset()
    judged_by: str | None = None
    message_length: int = 4096


class RemoteDeployment(Deployment):
    """Servers that run elsewhere: what they do not offer, or what is not known of them, skips a test that needs it."""

    def __init__(self, target: Target) -> None:
        super().__init__(target.servers, target.secret, ours=False)
        self._target = target
        self.judged_by = target.judged_by
        self.message_length = target.message_length

    def require(self, feature: str) -> None:
        """Skip the test unless the target offers a feature."""
        lacking = "rest" if feature in OVER_REST and "rest" in self._target.lacks else feature
        if lacking in self._target.lacks:
            not_applicable(f"the target does not offer {lacking} ({FEATURES[lacking]})")

    def require_transport(self, transport: str) -> None:
        """Skip the test unless the target offers a transport."""
        if transport not in self._target.transports:
            not_applicable(f"the target does not offer the transport {transport}")

    def place(
        self, contract: str, usual: str, server: Server, listener: str | None = None, path: str | None = None
    ) -> tuple[str, str]:
        """Return where a device connects. A test that asks for a place of which nobody said that it is, is skipped."""
        if listener is not None and listener not in server.urls:
            not_applicable(f"on which port {listener} listens is not known: [contracts] of the profile says it")
        if usual == f"/{contract}/socket.io" and contract not in {*self._target.paths, *server.urls}:
            self.require("mounts")
        own = self._target.paths.get(contract, usual)
        asked = path or (own if listener in (None, contract) else usual)
        if asked != own and (listener is None or asked != "/socket.io"):
            self.require("mounts")
        return server.urls.get(listener or contract, server.url), asked
