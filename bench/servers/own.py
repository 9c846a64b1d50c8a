"""The benchmarked application on `app.engine`.

python -m bench.servers.own
"""

from __future__ import annotations

from typing import Any

from app.engine import handover
from app.engine.admission import Limits
from app.engine.base import NO_ACK, Application, Connection, Ending, Handshake, Options, encode
from app.engine.socket_io import SocketIO
from bench.servers.serving import MAX_PAYLOAD, PING_INTERVAL, PING_TIMEOUT, serve

LIMITS = Limits(
    connections=1_000_000,
    connections_per_address=1_000_000,
    connects_per_second=1_000_000,
    unauthenticated=1_000_000,
    events_per_second=1_000_000,
)
"""Beyond what is measured; each is checked all the same."""


class Relay(Application):
    """Passes messages on to rooms."""

    def __init__(self) -> None:
        options = Options(PING_INTERVAL, PING_TIMEOUT, MAX_PAYLOAD, origins=("*",), limits=LIMITS)
        self.engine = SocketIO({"/": self}, options)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve a request or a websocket."""
        if scope["type"] != "lifespan":
            await self.engine(scope, receive, send)

    def _emit(self, room: str, event: str, payload: str) -> None:
        packet = self.engine.prepare(encode(event, payload))
        for member in self.engine.members(room):
            member.send(packet)

    async def authorize(self, handshake: Handshake) -> Any:
        return handshake.auth

    async def connected(self, connection: Connection) -> None:
        for room in (connection.state["name"], *connection.state["rooms"]):
            self.engine.join(connection, room)

    async def received(self, connection: Connection, event: str, args: list[Any]) -> Any:
        if event == "direct":
            self._emit(args[0], event, args[1])
            return "ok"
        self._emit("all", event, args[0])
        return NO_ACK

    async def disconnected(self, connection: Connection, ending: Ending) -> None:
        pass


if __name__ == "__main__":
    handover.install()
    serve(Relay())
