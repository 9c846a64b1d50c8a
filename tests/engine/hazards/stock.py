"""The echo application on the stock classes, as their documentation would have it."""

from __future__ import annotations

from typing import Any

import socketio

from tests.engine.hazards.echo import Echo
from tests.engine.hazards.setup import Setup

__all__ = ["Stock"]


class Stock:
    """Passes events to an `Echo`."""

    def __init__(self, echo: Echo, setup: Setup) -> None:
        self._echo = echo
        self._server = socketio.AsyncServer(
            async_mode="asgi",
            ping_interval=setup.ping_interval,  # pyright: ignore[reportArgumentType]  (python-socketio documents fractions too)
            ping_timeout=setup.ping_timeout,  # pyright: ignore[reportArgumentType]  (python-socketio documents fractions too)
            max_http_buffer_size=setup.max_payload,
            cors_allowed_origins="*" if "*" in setup.origins else list(setup.origins),
        )
        self._server.on("connect", self._connect)
        self._server.on("disconnect", self._disconnect)
        self._server.on("*", self._event)
        self.app = socketio.ASGIApp(self._server)

    def counts(self) -> dict[str, Any]:
        """Return what there is of sessions."""
        rooms: Any = self._server.manager.rooms.get("/", {})
        return {
            "sessions": len(self._server.eio.sockets),
            "connections": len(rooms.get(None, ())),
            "rooms": len([room for room in rooms if room]),
            "polls": sum(bool(socket.queue._getters) for socket in self._server.eio.sockets.values()),
            "draining": False,
        }

    async def drain(self, timeout: float) -> None:
        """Leave it to Hypercorn: the stock classes have nothing for it."""

    async def _connect(self, sid: str, environ: Any, auth: Any = None) -> None:
        self._echo.told["connect"] += 1

    async def _disconnect(self, sid: str, reason: Any = None) -> None:
        self._echo.told["disconnect"] += 1

    async def _event(self, event: str, sid: str, *args: Any) -> Any:
        return await self._echo.take(_Client(self._server, sid), event, list(args))


class _Client:
    def __init__(self, server: socketio.AsyncServer, sid: str) -> None:
        self._server = server
        self._sid = sid
        environ: Any = server.get_environ(sid)
        self.address: str = environ["REMOTE_ADDR"]

    async def emit(self, event: str, *args: Any) -> None:
        await self._server.emit(event, args, to=self._sid)

    async def join(self, room: str) -> None:
        await self._server.enter_room(self._sid, room)

    async def announce(self, room: str, event: str, *args: Any) -> None:
        await self._server.emit(event, args, room=room)
