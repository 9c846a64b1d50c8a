"""What a gateway is made of, whatever its contract: which method takes which event, and how a refusal is told.

    class Greeter(ContractGateway):
        contract = "greeter"

        @on("greet")
        async def greet(self, connection: Connection, payload: Any) -> Any:
            return {"hello": read(Greeting, payload).name}  # what the acknowledgement carries

A method gets the first argument of the event, None if there is none; events of one connection are taken one after the
other. What it raises as a `ParleyError` is told as the contract has it (`refused`), and ends nothing; of any other
exception the client is told that there was one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar

from app.cluster.base import Cluster
from app.config import Settings
from app.domain.clock import now_ms
from app.domain.errors import ParleyError, TooMany, Unauthorized
from app.domain.rates import Allowance
from app.engine.base import NO_ACK, Connection, Engine
from app.gateways.base import Envelope, Gateway, room_of_user
from app.gateways.membership import Membership
from app.metrics import Metrics

__all__ = ["ContractGateway", "Session", "on"]

log = logging.getLogger("parley.gateway")

Take = Callable[[Any, Connection, Any], Awaitable[Any]]
"""A method that takes an event of a connection, with its payload."""

M = TypeVar("M", bound=Take)


@dataclass(slots=True)
class Session:
    """What a gateway knows of a connection.

    Attributes:
        user: whose it is, "" while nobody's.
        expires: seconds since the epoch at which the credential ends; None for never.
        expiry: the timer of that.

    """

    user: str
    expires: float | None = field(default=None, kw_only=True)
    expiry: asyncio.TimerHandle | None = field(default=None, kw_only=True)


def on(event: str) -> Callable[[M], M]:
    """Have a method take an event."""

    def mark(method: M) -> M:
        method.__dict__["event"] = event
        return method

    return mark


class ContractGateway(Gateway):
    """A gateway whose events are methods.

    A contract says what it is called, who may connect (`authorize`), what a new connection is sent (`connected`), how
    a refusal is told (`refused`), and takes its events.
    """

    _takes: ClassVar[Mapping[str, Take]] = {}

    def __init_subclass__(cls) -> None:
        marked = [method for method in vars(cls).values() if "event" in getattr(method, "__dict__", {})]
        cls._takes = {**cls._takes, **{method.event: method for method in marked}}

    def __init__(self, settings: Settings, cluster: Cluster, metrics: Metrics) -> None:
        self._settings = settings
        self._cluster = cluster
        self._metrics = metrics
        self._closing = False
        self._chores: set[asyncio.Task[None]] = set()

    def bind(self, engine: Engine) -> None:
        self._engine = engine
        self._rooms = Membership(engine, self._cluster)

    # events

    async def received(self, connection: Connection, event: str, args: list[Any]) -> Any:
        take = self._takes.get(event)
        after = self._count(connection)
        if take is None:
            return NO_ACK
        try:
            if after:
                raise TooMany(after)
            return await take(self, connection, args[0] if args else None)
        except ParleyError as error:
            return self._refuse(connection, event, error)
        except Exception:
            log.exception("%s: an event could not be taken", self.contract)
            return self._refuse(connection, event, ParleyError("Internal server error"))

    def _refuse(self, connection: Connection, event: str, error: ParleyError) -> Any:
        """Tell that an event was refused. Most contracts tell it in the same way, whichever it was."""
        return self.refused(connection, error)

    def _count(self, connection: Connection) -> float:
        """Return after how many seconds the client may send again, 0 if it has not sent more than it may."""
        if not self._settings.rate_limit_events:
            return 0
        if "allowance" not in connection.kept:
            connection.kept["allowance"] = Allowance(self._settings.rate_limit_events)
        return connection.kept["allowance"].take()

    def refused(self, connection: Connection, error: ParleyError) -> Any:
        """Tell a client that something it asked for was not done. Return what the acknowledgement carries."""
        raise NotImplementedError

    # connections

    def _end_at_expiry(self, connection: Connection) -> None:
        """End a connection, with a word, when its credential expires."""
        session: Session = connection.state

        def end() -> None:
            self.refused(connection, Unauthorized("Invalid token"))
            connection.disconnect()

        if session.expires is not None and connection.open:
            wait = max(0.0, session.expires - now_ms() / 1000)
            session.expiry = asyncio.get_running_loop().call_later(wait, end)

    def _forget(self, connection: Connection) -> None:
        """Take a connection that has ended out of everything."""
        session: Session = connection.state
        if session.expiry:
            session.expiry.cancel()
        self._rooms.leave_all(connection)

    def room_of_user(self, user: str) -> str:
        """Return the room of the connections of a user."""
        return room_of_user(self.contract, user)

    def _devices(self, user: str) -> list[Connection]:
        """Return the connections of a user to this server."""
        return list(self._engine.members(self.room_of_user(user)))

    # the news of the cluster

    def deliver(self, room: str, envelope: Envelope) -> None:
        packet = self._engine.prepare(envelope.packet)
        for connection in self._engine.members(room):
            connection.send(packet)

    def resync(self, rooms: Collection[str] | None) -> None: ...

    def arrived(self, user: str) -> None: ...

    def departed(self, user: str) -> None: ...

    def friendship(self, user: str, friend: str, began: bool) -> None: ...

    # chores

    def _later(self, chore: Coroutine[Any, Any, None]) -> None:
        """Have something done that nobody waits for."""
        task = asyncio.create_task(chore)
        self._chores.add(task)
        task.add_done_callback(self._chores.discard)

    async def close(self) -> None:
        if self._closing:
            return
        self._closing = True
        await self._end()
        for chore in self._chores:
            chore.cancel()
        await asyncio.gather(*self._chores, return_exceptions=True)

    async def _end(self) -> None:
        """End what the contract has going on, once, before the chores are ended."""

    async def finish(self) -> bool:
        return True
