"""Servers that are started for a run, with all that they need.

One server is embedded: SQLite in the directory of the run. Several are over a Redis and a MongoDB of their own, so that
a pause hurts nobody else; one alone is where it is to be `clustered`, or where the plan pauses an engine.

nginx stands before several servers, where there is one, and whoever loses a server gets to another through it. It does
not where friends are to be on other servers only: then it must be known where each user is. A single server has
nothing to be divided, and is asked directly.
"""

from __future__ import annotations

import asyncio
import contextlib
import resource
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from e2e.harness.cluster import Cluster, Route
from e2e.harness.deployment import SECRET, embedded
from e2e.harness.engine import Engine, EngineRefusedError
from e2e.harness.engines import Engines, NoEngineError
from e2e.harness.guard import Guard
from e2e.harness.process import ServerDidNotStartError, ServerProcess
from e2e.verify.profile import Mongo, Users
from load.fleet import FleetError, Member, Target
from load.nginx import Nginx, NginxRefusedError, installed
from load.plan import Plan

__all__ = ["OwnFleet", "Wanted", "raise_descriptors"]

_SETTINGS = {"MAX_CONNECTIONS_PER_ADDRESS": "0", "MAX_CONNECTS_PER_SECOND": "0"}
"""All clients of a run have one address: what is limited for each would be limited for all of them."""

_DESCRIPTORS = 1_000_000
"""Open files where there may be any number."""

_REFUSALS = (NoEngineError, EngineRefusedError, ServerDidNotStartError, NginxRefusedError, OSError)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be started.

    Attributes:
        servers: how many.
        clustered: over Redis and MongoDB, also where one server alone would not be.
        proxy: nginx before several, where there is one.

    """

    servers: int = 1
    clustered: bool = False
    proxy: bool = True


class OwnFleet:
    """Servers of a run's own. `start` makes one.

    Attributes:
        servers: in the order of the targets.
        redis: None without engines, likewise `mongo`.
        asked: the numbers, from 0, of the servers that are meant to be away now.

    """

    targets: Sequence[Target]
    rest: Sequence[str]
    users: Users

    def __init__(self, directory: Path, plan: Plan, wanted: Wanted) -> None:
        pauses = any(phase.action.startswith("pause-") for phase in plan.phases)
        self.servers: list[ServerProcess] = []
        self.redis: Engine | None = None
        self.mongo: Engine | None = None
        self.asked: set[int] = set()
        self._directory = directory
        self._plan = plan
        self._wanted = replace(wanted, clustered=wanted.clustered or wanted.servers > 1 or pauses)
        self._engines = Engines()
        self._proxy: Nginx | None = None
        self._guard = Guard()
        self._guarded: set[int] = set()
        self._seen: set[str] = set()
        self._casualties: dict[str, None] = {}

    @classmethod
    async def start(cls, directory: Path, plan: Plan, wanted: Wanted) -> OwnFleet:
        """Return a fleet that is ready. Raise `FleetError`, with nothing of it left, where there can be none."""
        fleet = cls(directory, plan, wanted)
        try:
            await fleet._start()
        except _REFUSALS as error:
            await fleet.close()
            raise FleetError(str(error)) from error
        except BaseException:
            await fleet.close()
            raise
        return fleet

    async def _start(self) -> None:
        descriptors = raise_descriptors()
        if self._wanted.clustered:
            await self._build_cluster()
        else:
            self._build_embedded()
        started = await asyncio.gather(*(server.start() for server in self.servers), return_exceptions=True)
        self.guard()
        for failure in started:
            if failure is not None:
                raise failure
        contract = self._plan.contract
        self.rest = [server.urls[contract] for server in self.servers]
        self.targets = [Target(url, "/socket.io") for url in self.rest]
        divided = self._wanted.servers > 1 and self._plan.population.spread != "across"
        program = installed() if divided and self._wanted.proxy else None
        if program is not None:
            self._proxy = Nginx(program, self._directory / "nginx", self.rest, descriptors)
            await self._proxy.start()
            self.guard()
            self.targets = [Target(self._proxy.url, "/socket.io")]
        self.casualties()  # what runs now is seen

    async def _build_cluster(self) -> None:
        self.redis = await self._engines.redis(of_our_own=True)
        self.mongo = await self._engines.mongo(of_our_own=True)
        route = Route(self.redis.url, self.mongo.url)
        routes = [route] * self._wanted.servers
        cluster = Cluster(self._directory / "servers", route, routes, _SETTINGS, self._arguments)
        self.servers += cluster.processes
        self.users = Users("jwt", SECRET, mongo=Mongo(route.mongo, cluster.database))

    def _build_embedded(self) -> None:
        deployment = embedded(self._directory / "servers" / "server-0", _SETTINGS, self._arguments)
        self.servers += [it for it in deployment.servers if isinstance(it, ServerProcess)]
        self.users = Users("rest", SECRET)

    @property
    def _arguments(self) -> list[str]:
        return ["--contract", self._plan.contract]

    def guard(self) -> None:
        """Have what runs now ended even if this process is killed; to be called when a server was started."""
        running = {pid for member in self.members() if member.kind != "engine" for pid in member.pids}
        for pid in self._guarded - running:
            self._guard.forget("process", str(pid))
        for pid in running - self._guarded:
            self._guard.watch("process", str(pid))
        self._guarded = running

    def members(self) -> list[Member]:
        found = [
            Member(f"server {number}", "server", [server.pid] if server.running else [], server.url)
            for number, server in enumerate(self.servers, 1)
        ]
        for name, engine in (("redis", self.redis), ("mongo", self.mongo)):
            if engine is not None:
                found.append(Member(name, "engine", [] if engine.pid is None else [engine.pid]))
        if self._proxy is not None:
            found.append(Member("nginx", "proxy", self._proxy.pids))
        return found

    def casualties(self) -> list[str]:
        asked = {f"server {number + 1}" for number in self.asked}
        members = self.members()
        self._seen.update(it.name for it in members if it.pids)  # an engine in a container elsewhere never is
        ended = [it.name for it in members if not it.pids and it.name in self._seen - asked]
        self._casualties.update(dict.fromkeys(ended))
        return [f"{name} has ended by itself" for name in self._casualties]

    def setting(self) -> dict[str, str | int | float]:
        return {
            "servers": len(self.servers),
            "deployment": "clustered" if self._wanted.clustered else "embedded",
            "proxy": "nginx" if self._proxy is not None else "none",
            "engines": ", ".join(it.description for it in (self.redis, self.mongo) if it is not None) or "none",
        }

    async def close(self) -> None:
        """End everything, whatever was done to it."""
        for engine in (self.redis, self.mongo):
            if engine is not None:
                with contextlib.suppress(AssertionError):  # it has ended
                    await engine.resume()  # servers that end have something to say to it
        await asyncio.gather(*(_end(server) for server in self.servers))
        if self._proxy is not None:
            await self._proxy.close()
        await self._engines.close()
        await asyncio.to_thread(self._guard.close)


async def _end(server: ServerProcess) -> None:
    try:
        await server.close()
    except AssertionError:  # it did not end well: nothing that the load is about
        if server.running:
            await server.kill()


def raise_descriptors() -> int:
    """Let this process and its children have as many open files as they may, and return how many that is."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _DESCRIPTORS if hard == resource.RLIM_INFINITY else hard
    with contextlib.suppress(ValueError, OSError):  # a system may have less than it promises
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        return most
    return soft
