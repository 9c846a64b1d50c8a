"""The engine on the stock classes of python-socketio and python-engineio.

What it adds to them: handlers of one connection run one after the other, what an application sends on connecting
follows the CONNECT packet, packets are queued without a task, and a PONG confirms what was queued before its PING.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Collection
from typing import Any
from urllib.parse import parse_qsl

import engineio
import socketio
from engineio import async_socket
from engineio.packet import CLOSE, MESSAGE, PING, PONG, Packet
from socketio.exceptions import ConnectionRefusedError as SocketRefused

from app.engine.base import NO_ACK, Application, Connection, Ending, Handshake, Options, Refused, encode

__all__ = ["StockEngine"]

log = logging.getLogger("parley.engine")
_stock_log = logging.getLogger("parley.engine.stock")
_stock_log.setLevel(logging.CRITICAL)  # what a client did wrong is not the server's error

_RESERVED = frozenset(("connect", "connect_error", "disconnect", "*"))
_ENDINGS = {"client disconnect": Ending.GOODBYE, "server disconnect": Ending.CLOSED}


class _Transport(async_socket.AsyncSocket):
    """An Engine.IO session that knows which of its PINGs a PONG answers."""

    pings: deque[Callable[[], None] | None]
    finished = False

    async def send(self, pkt: Packet) -> None:
        if self.finished:
            return
        if pkt.packet_type == PING:
            self.pings.append(None)
        await super().send(pkt)

    async def receive(self, pkt: Packet) -> None:
        if pkt.packet_type == PONG and self.pings and (arrived := self.pings.popleft()):
            arrived()
        await super().receive(pkt)

    def push(self, packet: Packet) -> None:
        """Queue a packet at once."""
        if not (self.closed or self.finished):
            self.queue.put_nowait(packet)

    def finish(self) -> None:
        """End the session once what is queued was written."""
        self.queue.put_nowait(Packet(CLOSE))
        self.finished = True
        self.queue.put_nowait(None)


class _EngineServer(engineio.AsyncServer):
    """The Engine.IO server; its sessions are `_Transport`s."""

    async def _trigger_event(self, event: str, *args: Any, **kwargs: Any) -> Any:
        if event == "connect":
            # the stock server names its socket class in the middle of a method; this is the first call after it
            session = self.sockets[args[0]]
            session.__class__, session.pings = _Transport, deque()
        return await super()._trigger_event(event, *args, **kwargs)


class _Server(socketio.AsyncServer):
    """The Socket.IO server."""

    def __init__(self, engine: StockEngine, **options: Any) -> None:
        super().__init__(**options)
        self._engine = engine

    def _engineio_server_class(self) -> type[engineio.AsyncServer]:
        return _EngineServer

    async def _handle_connect(self, eio_sid: str, namespace: str | None, data: Any) -> None:
        if self.manager.sid_from_eio_sid(eio_sid, namespace or "/"):
            return  # a second CONNECT for the same namespace
        await super()._handle_connect(eio_sid, namespace, data)
        await self._engine.established(self.manager.sid_from_eio_sid(eio_sid, "/"))

    async def _handle_event(self, eio_sid: str, namespace: str | None, id: Any, data: Any) -> None:  # noqa: A002
        # the stock server runs the application's own handler for an event that a client calls "disconnect"
        if not (isinstance(data, list) and data and isinstance(data[0], str)) or data[0] in _RESERVED:
            raise ValueError("not an event")
        await super()._handle_event(eio_sid, namespace, id, data)

    async def _handle_eio_message(self, eio_sid: str, data: Any) -> None:
        try:
            await super()._handle_eio_message(eio_sid, data)
        except Exception as error:
            log.info("a malformed packet ended its session: %s", error)
            if session := self.eio.sockets.get(eio_sid):
                await session.close(wait=False, abort=True, reason=self.reason.TRANSPORT_ERROR)
                session.finish()

    async def _handle_eio_disconnect(self, eio_sid: str, reason: str) -> None:
        # an Engine.IO CLOSE ends the transport; only a Socket.IO DISCONNECT is a goodbye
        lost = self.reason.TRANSPORT_CLOSE if reason == self.reason.CLIENT_DISCONNECT else reason
        await super()._handle_eio_disconnect(eio_sid, lost)


class _Connection:
    """A client of the engine."""

    def __init__(self, server: _Server, id: str, eio_sid: str, handshake: Handshake, state: Any) -> None:  # noqa: A002
        self.id = id
        self.handshake = handshake
        self.state = state
        self.turn = asyncio.Lock()
        self.rooms: dict[str, None] = {}
        self.established = False
        self.ended = False
        self._server = server
        self._transport: _Transport = server.eio.sockets[eio_sid]
        self._ending: asyncio.Task[None] | None = None

    @property
    def open(self) -> bool:
        return not (self.ended or self._transport.closed or self._transport.closing)

    def send(self, packet: Packet) -> None:
        if not self.ended:
            self._transport.push(packet)

    def emit(self, event: str, *args: Any) -> None:
        self.send(Packet(MESSAGE, encode(event, *args)[1:].decode()))

    def probe(self, arrived: Callable[[], None]) -> None:
        if self.open:
            self._transport.pings.append(arrived)
            self._transport.push(Packet(PING))

    def disconnect(self) -> None:
        self._end(self._server.disconnect(self.id))

    def close(self) -> None:
        self._end(self._transport.close(wait=False, abort=True))

    def _end(self, how: Any) -> None:
        if self._ending:
            how.close()
            return

        async def end() -> None:
            await how
            self._transport.finish()

        # a task, as handlers end their own connection and `disconnected` waits for them
        self._ending = asyncio.create_task(end())

    async def wait_ended(self) -> None:
        """Return when the ending that was begun is done."""
        if self._ending:
            await asyncio.wait([self._ending])


class StockEngine:
    """An `Engine` on the stock classes."""

    def __init__(self, application: Application, options: Options) -> None:
        self._application = application
        self._connections: dict[str, _Connection] = {}
        self._rooms: dict[str, dict[_Connection, None]] = {}
        self._draining = False
        origins: Any = "*" if "*" in options.origins else list(options.origins)
        self._server = _Server(
            self,
            async_mode="asgi",
            async_handlers=False,
            cors_allowed_origins=origins,
            cors_credentials=False,
            http_compression=False,
            ping_interval=options.ping_interval,
            ping_timeout=options.ping_timeout,
            max_http_buffer_size=options.max_payload,
            logger=_stock_log,
            engineio_logger=_stock_log,
        )
        self._server.on("connect", self._connect)
        self._server.on("disconnect", self._disconnect)
        self._server.on("*", self._event)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if self._draining and "sid=" not in scope["query_string"].decode("latin-1"):
            await _refuse(scope, send)
            return
        await self._server.handle_request(scope, receive, send)

    # rooms

    def prepare(self, packet: bytes) -> Packet:
        return Packet(MESSAGE, packet[1:].decode())

    def join(self, connection: Connection, room: str) -> bool:
        assert isinstance(connection, _Connection)
        members = self._rooms.setdefault(room, {})
        connection.rooms[room] = members[connection] = None
        return len(members) == 1

    def leave(self, connection: Connection, room: str) -> bool:
        assert isinstance(connection, _Connection)
        if room not in connection.rooms:
            return False
        del connection.rooms[room]
        members = self._rooms[room]
        del members[connection]
        if members:
            return False
        del self._rooms[room]
        return True

    def members(self, room: str) -> Collection[Connection]:
        return list(self._rooms.get(room, ()))

    def rooms(self, connection: Connection) -> Collection[str]:
        assert isinstance(connection, _Connection)
        return list(connection.rooms)

    @property
    def connections(self) -> int:
        return len(self._connections)

    # events of the stock server

    async def _connect(self, sid: str, environ: dict[str, Any], auth: Any) -> None:
        eio_sid: Any = self._server.manager.eio_sid_from_sid(sid, "/")
        handshake = _handshake(environ, auth)
        session: _Transport = self._server.eio.sockets[eio_sid]
        try:
            state = await self._application.authorize(handshake)
        except Refused as refused:
            if refused.retry:
                session.finish()
            raise SocketRefused(refused.text) from None
        except Exception:
            log.exception("a connection could not be authorized")
            session.finish()
            raise SocketRefused("Internal error") from None
        if eio_sid not in self._server.eio.sockets:
            raise SocketRefused("Gone")
        self._connections[sid] = _Connection(self._server, sid, eio_sid, handshake, state)

    async def established(self, sid: str | None) -> None:
        """Tell the application of a connection whose CONNECT packet is queued."""
        connection = self._connections.get(sid or "")
        if connection is None:
            return
        async with connection.turn:
            if not connection.open:
                self._connections.pop(connection.id, None)
            else:
                connection.established = True
                await self._guard(connection, self._application.connected(connection))

    async def _event(self, event: str, sid: str, *args: Any) -> Any:
        connection = self._connections.get(sid)
        if connection is None:
            return self._server.not_handled
        async with connection.turn:
            answer = await self._guard(connection, self._application.received(connection, event, list(args)))
        return self._server.not_handled if answer is NO_ACK else answer

    async def _disconnect(self, sid: str, reason: str) -> None:
        connection = self._connections.pop(sid, None)
        if connection is None:
            return
        connection.ended = True
        async with connection.turn:
            if connection.established:
                ending = _ENDINGS.get(reason, Ending.LOST)
                await self._guard(connection, self._application.disconnected(connection, ending))
            for room in self.rooms(connection):
                self.leave(connection, room)

    async def _guard(self, connection: _Connection, handling: Any) -> Any:
        try:
            return await handling
        except Exception:
            log.exception("a handler failed; its connection is closed")
            connection.close()
            return NO_ACK

    async def drain(self, timeout: float) -> None:
        if self._draining:
            return
        self._draining = True
        connections = list(self._connections.values())
        for connection in connections:
            connection.close()
        if connections:
            await asyncio.wait([asyncio.create_task(c.wait_ended()) for c in connections], timeout=timeout)
        await self._server.shutdown()


def _handshake(environ: dict[str, Any], auth: Any) -> Handshake:
    scope = environ["asgi.scope"]
    query: dict[str, str] = {}
    for name, value in parse_qsl(environ.get("QUERY_STRING", "")):
        query.setdefault(name, value)
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    return Handshake(query, headers, {} if auth is None else auth, (scope.get("client") or ("",))[0])


async def _refuse(scope: Any, send: Any) -> None:
    """Answer 503: the server is going away."""
    kind = "websocket.http.response" if scope["type"] == "websocket" else "http.response"
    headers = [(b"content-type", b"application/json"), (b"retry-after", b"1")]
    await send({"type": f"{kind}.start", "status": 503, "headers": headers})
    await send({"type": f"{kind}.body", "body": b'{"code":4,"message":"Server is going away"}'})
