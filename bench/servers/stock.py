"""The benchmarked application on the stock classes, as their documentation would have it.

python -m bench.servers.stock
"""

from __future__ import annotations

from typing import Any

import socketio

from bench.servers.serving import MAX_PAYLOAD, PING_INTERVAL, PING_TIMEOUT, serve

server = socketio.AsyncServer(
    async_mode="asgi",
    ping_interval=PING_INTERVAL,
    ping_timeout=PING_TIMEOUT,
    max_http_buffer_size=MAX_PAYLOAD,
    cors_allowed_origins="*",
)


@server.event
async def connect(sid: str, environ: Any, auth: Any) -> None:
    """Put a client in the room of its name, and in those that it asks for."""
    for room in (auth["name"], *auth["rooms"]):
        await server.enter_room(sid, room)


@server.event
async def direct(sid: str, to: str, payload: str) -> str:
    """Pass a message on to a user, and acknowledge it."""
    await server.emit("direct", payload, room=to)
    return "ok"


@server.event
async def fan(sid: str, payload: str) -> None:
    """Pass a message on to everyone in the room `all`."""
    await server.emit("fan", payload, room="all")


if __name__ == "__main__":
    serve(socketio.ASGIApp(server))
