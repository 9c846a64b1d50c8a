"""What the official protocol suites talk to: the same engine, with handlers that echo.

socketio/socket.io-protocol is served at `/conformance/socket.io`, socketio/engine.io-protocol at
`/conformance/engine.io`, where `PARLEY_CONFORMANCE` is set.
"""

from __future__ import annotations

import asyncio
import base64
from typing import Any

from app.engine.base import NO_ACK, Application, Connection, Ending, Handshake, Options
from app.engine.engine_io import EngineIO
from app.engine.frames import frame
from app.engine.session import Closing, Prepared, Session
from app.engine.socket_io import SocketIO

__all__ = ["OPTIONS", "engine_io", "socket_io"]

OPTIONS = Options(ping_interval=0.3, ping_timeout=0.2, max_payload=1_000_000, origins=("*",), connect_timeout=1.0)


_PAUSE = 0.01
"""Seconds between CONNECT and `auth`: the suite listens for the second after it got the first, not before."""


class _Echo(Application):
    """Emits `auth` on connecting, answers `message` with `message-back` and `message-with-ack` with its arguments."""

    async def authorize(self, handshake: Handshake) -> Any:
        return handshake.auth

    async def connected(self, connection: Connection) -> None:
        await asyncio.sleep(_PAUSE)
        connection.emit("auth", connection.state)

    async def received(self, connection: Connection, event: str, args: list[Any]) -> Any:
        if event == "message-with-ack":
            return tuple(args)
        if event == "message":
            connection.emit("message-back", *args)
        return NO_ACK

    async def disconnected(self, connection: Connection, ending: Ending) -> None:
        """Forget nothing: nothing was kept."""


class _Binary(Prepared):
    """A binary message by itself."""

    def __init__(self, message: bytes) -> None:
        self.frames = frame(message, 2)
        self.payload = b"b" + base64.b64encode(message)


class _Mirror:
    """Sends every Engine.IO message back."""

    engine: EngineIO

    def opened(self, session: Session) -> None:
        """Keep nothing."""

    def message(self, session: Session, message: bytes) -> None:
        session.send(Prepared(b"4" + message))

    def binary(self, session: Session, message: bytes) -> None:
        session.send(_Binary(message))

    def closed(self, session: Session, closing: Closing) -> None:
        self.engine.closed(session)


def socket_io() -> SocketIO:
    """Return the server for the Socket.IO suite."""
    return SocketIO({"/": _Echo(), "/custom": _Echo()}, OPTIONS)


def engine_io() -> EngineIO:
    """Return the server for the Engine.IO suite."""
    mirror = _Mirror()
    mirror.engine = EngineIO(mirror, OPTIONS)
    return mirror.engine
