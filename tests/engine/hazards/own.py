"""The echo application on our engine."""

from __future__ import annotations

import ipaddress
from typing import Any

from app.engine import handover, polling, upgrade, websocket
from app.engine.admission import Limits
from app.engine.base import Application, Connection, Ending, Handshake, Options, encode
from app.engine.socket_io import SocketIO
from tests.engine.hazards.echo import Echo
from tests.engine.hazards.setup import Setup

__all__ = ["Own"]


class Own(Application):
    """Passes events to an `Echo`."""

    def __init__(self, echo: Echo, setup: Setup) -> None:
        handover.install()
        polling.BODY_TIMEOUT = setup.body_timeout  # pyright: ignore[reportConstantRedefinition, reportAttributeAccessIssue]  (shorter for tests)
        upgrade.UPGRADE_TIMEOUT = setup.upgrade_timeout  # pyright: ignore  (shorter for tests)
        websocket.CLOSE_TIMEOUT = setup.close_timeout  # pyright: ignore  (shorter for tests)
        options = Options(
            ping_interval=setup.ping_interval,
            ping_timeout=setup.ping_timeout,
            max_payload=setup.max_payload,
            origins=tuple(setup.origins),
            connect_timeout=setup.connect_timeout,
            max_packets=setup.max_packets,
            max_buffer=setup.max_buffer,
            max_pending=setup.max_pending,
            limits=Limits(0, 0, 0, 0, 0),
            trusted_proxies=tuple(ipaddress.ip_network(network) for network in setup.trusted_proxies),
        )
        self._echo = echo
        self.app = SocketIO({"/": self}, options)

    def counts(self) -> dict[str, Any]:
        """Return what there is of sessions."""
        sessions = self.app._engine.sessions.values()
        return {
            "sessions": len(sessions),
            "connections": self.app.connections,
            "rooms": len(self.app._rooms),
            "polls": sum(session.polling for session in sessions),
            "posts": sum(session.posting for session in sessions),
            "upgrades": sum(session.upgrading for session in sessions),
            "draining": self.app._engine.draining,
            "endings": self.app.endings,
        }

    async def drain(self, timeout: float) -> None:
        """Let everything come to its end."""
        await self.app.drain(timeout)

    async def authorize(self, handshake: Handshake) -> Any:
        return None

    async def connected(self, connection: Connection) -> None:
        self._echo.told["connect"] += 1

    async def received(self, connection: Connection, event: str, args: list[Any]) -> Any:
        return await self._echo.take(_Client(self.app, connection), event, args)

    async def disconnected(self, connection: Connection, ending: Ending) -> None:
        self._echo.told["disconnect"] += 1


class _Client:
    def __init__(self, engine: SocketIO, connection: Connection) -> None:
        self._engine = engine
        self._connection = connection
        self.address = connection.handshake.address

    async def emit(self, event: str, *args: Any) -> None:
        self._connection.emit(event, *args)

    async def join(self, room: str) -> None:
        self._engine.join(self._connection, room)

    async def announce(self, room: str, event: str, *args: Any) -> None:
        packet = self._engine.prepare(encode(event, *args))
        for member in self._engine.members(room):
            member.send(packet)
