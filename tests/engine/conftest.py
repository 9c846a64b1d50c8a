"""An engine behind a real server, with an application that records what it is told."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import hypercorn.asyncio
import hypercorn.config
import pytest

from app.engine import handover
from app.engine.base import Application, Connection, Ending, Engine, Handshake, Options, Refused
from app.engine.socket_io import SocketIO

handover.install()


class Recorder(Application):
    """Refuses who says `auth: {"refuse": text}` (and "retry"), echoes every event, and records all it is told.

    Attributes:
        told: what happened, in order.
        gate: handlers of the event `slow` wait for it.

    """

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []
        self.gate = asyncio.Event()
        self.connections: list[Connection] = []
        self.on_connected: Callable[[Connection], Awaitable[None]] | None = None

    async def authorize(self, handshake: Handshake) -> Any:
        if isinstance(handshake.auth, dict) and "refuse" in handshake.auth:
            raise Refused(handshake.auth["refuse"], retry="retry" in handshake.auth)
        return handshake.auth

    async def connected(self, connection: Connection) -> None:
        self.connections.append(connection)
        self.told.append(("connected", connection.state))
        if self.on_connected:
            await self.on_connected(connection)

    async def received(self, connection: Connection, event: str, args: list[Any]) -> Any:
        self.told.append(("began", event, *args))
        if event == "slow":
            await self.gate.wait()
        if event == "fail":
            raise RuntimeError("a handler that fails")
        self.told.append(("ended", event, *args))
        connection.emit("echo", *args)
        return args

    async def disconnected(self, connection: Connection, ending: Ending) -> None:
        self.told.append(("disconnected", ending))


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def engine(recorder: Recorder) -> Engine:
    return SocketIO({"/": recorder}, Options(ping_interval=25, ping_timeout=20, max_payload=100_000, origins=("*",)))


@pytest.fixture
async def address(engine: Engine) -> AsyncIterator[str]:
    """Where the engine is served: `127.0.0.1:port`."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    config = hypercorn.config.Config()
    config.bind = [f"fd://{listener.detach()}"]
    config.accesslog = config.errorlog = None
    config.graceful_timeout = 0.1
    stop = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            await engine(scope, receive, send)

    async def until_stopped() -> None:
        await stop.wait()
        await engine.drain(1)

    serving = asyncio.create_task(
        hypercorn.asyncio.serve(app, config, shutdown_trigger=until_stopped, mode="asgi")  # pyright: ignore  (Hypercorn's types are narrower than what it takes)
    )
    yield f"127.0.0.1:{port}"
    stop.set()
    await serving
