"""The seam into Hypercorn: a websocket's TCP transport is handed over to the engine, what Go calls hijacking.

`install` replaces classes that Hypercorn looks up by name when it gets a request. A websocket's scope then has the
extension `parley.handover`: called after `websocket.accept` was sent, it returns the transport and what has come on
it since. From then on Hypercorn's task, streams and parser for that connection end; whoever called sets a protocol on
the transport.

With it go two things that Hypercorn offers and this server does not: permessage-deflate (a compression bomb, and 90 KB
a connection) and HTTP/2 (another parser, for no client that we have).

Holds for Hypercorn 0.18; `tests/engine/test_handover.py` names what has moved in another.
"""

from __future__ import annotations

import asyncio
from typing import Any, cast

import h11
import hypercorn.asyncio.run
import hypercorn.config
import hypercorn.protocol
import hypercorn.protocol.h11
import hypercorn.protocol.ws_stream
from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.config import Config
from hypercorn.events import Closed, Event
from hypercorn.protocol.events import Body, Data, StreamClosed
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.protocol.http_stream import ASGIHTTPState, HTTPStream
from hypercorn.protocol.ws_stream import WSStream

__all__ = ["EXTENSION", "SEAMS", "abort_all", "install"]

EXTENSION = "parley.handover"

SEND_TIMEOUT = 30.0
"""Seconds that a client has to read an answer, or what of it does not fit into the buffers between."""

MAX_EARLY = 65536
"""Bytes that a client may send behind its request for a websocket before that is answered, and a read more."""


class _Stream(WSStream):
    """A websocket whose application can take its transport over."""

    def __init__(self, app: Any, *arguments: Any, **keywords: Any) -> None:
        async def extended(scope: Any, *rest: Any) -> None:
            await app({**scope, "extensions": {**scope["extensions"], EXTENSION: self._hand_over}}, *rest)

        super().__init__(cast("Any", extended), *arguments, **keywords)
        self._early = bytearray()

    async def handle(self, event: Any) -> None:
        """Take an event of the HTTP parser; what comes behind the request is kept for who takes the transport over."""
        if not isinstance(event, Body | Data) or self.handshake.accepted:
            await super().handle(event)
        elif len(self._early) <= MAX_EARLY:
            self._early += event.data
        else:
            self._server.writer.transport.abort()

    @property
    def _server(self) -> TCPServer:
        http: Any = cast("Any", self.send).__self__
        return http.send.__self__

    def _hand_over(self) -> tuple[asyncio.Transport, bytes]:
        server = self._server
        transport = cast("asyncio.Transport", server.writer.transport)
        buffered: bytearray = server.reader._buffer  # pyright: ignore  (private: asyncio has no way to hand a stream over)
        early = bytes(self._early + buffered)
        buffered.clear()
        if self.closed or server.reader.at_eof():
            transport.abort()  # its client has hung up already, and nobody would hear of that again
        transport.resume_reading()  # the reader may have paused it, and must not resume it later
        server.reader._paused = False  # pyright: ignore  (private: asyncio has no way to hand a stream over)
        gone = cast("asyncio.StreamWriter", _Gone())
        server.writer._transport = gone  # pyright: ignore  (it would close the transport when it is collected)
        server.writer = gone
        self.closed = True
        server.reader.feed_eof()  # ends the connection's task
        return transport, early


_open: set[_Tcp] = set()


def abort_all(config: Config) -> None:
    """Drop the connections of a server, named by its configuration, that have not been handed over.

    Whoever still waits for an answer waits in vain.
    """
    for connection in list(_open):
        if connection.config is config:
            connection.writer.transport.abort()


class _Gone:
    """The writer of a connection that was handed over: there is nothing to write to, or to close."""

    def write(self, data: bytes) -> None: ...

    def write_eof(self) -> None: ...

    def close(self) -> None: ...

    def is_closing(self) -> bool:
        return True

    async def drain(self) -> None: ...

    async def wait_closed(self) -> None: ...

    @property
    def transport(self) -> _Gone:
        return self

    def abort(self) -> None: ...


class _Request(HTTPStream):
    """A request that ends with its answer, also where nobody has taken its body."""

    async def handle(self, event: Any) -> None:
        if isinstance(event, StreamClosed) and self.state is ASGIHTTPState.CLOSED:
            queue: Any = cast("Any", self.app_put).__self__
            queue._maxsize = 0  # the connection's reader may wait for room in it, and so would this
            while not queue.empty():
                queue.get_nowait()
        await super().handle(event)


class _Tcp(TCPServer):
    """A connection that is dropped when its client does not read an answer."""

    async def run(self) -> None:
        _open.add(self)
        try:
            await super().run()
        finally:
            _open.discard(self)

    async def _close(self) -> None:
        abort = self.loop.call_later(SEND_TIMEOUT, self.writer.transport.abort)
        try:
            await super()._close()
        finally:
            abort.cancel()

    async def _initiate_server_close(self) -> None:
        await super()._initiate_server_close()
        try:
            async with asyncio.timeout(SEND_TIMEOUT):
                await self.writer.wait_closed()
        except (TimeoutError, OSError):
            self.writer.transport.abort()

    async def _read_data(self) -> None:
        await super()._read_data()
        await self.idle_task.stop()  # which would wait for the next request of a client that has gone

    async def protocol_send(self, event: Event) -> None:
        try:
            async with asyncio.timeout(SEND_TIMEOUT):
                await super().protocol_send(event)
        except TimeoutError:
            self.writer.transport.abort()
            await self.protocol.handle(Closed())


class _Http(H11Protocol):
    """HTTP/1.1 and nothing else, and an end for who waits to read on when the connection has ended."""

    async def _check_protocol(self, event: h11.Request) -> None:
        """Ask for no other protocol."""

    async def handle(self, event: Event) -> None:
        await super().handle(event)
        if isinstance(event, Closed):
            self.connection = cast("Any", _Ended())
            await self.can_read.set()


class _Ended:
    """The HTTP parser of a connection that has ended."""

    our_state = their_state = h11.ERROR
    they_are_waiting_for_100_continue = False
    trailing_data = (b"", True)

    def next_event(self) -> h11.ConnectionClosed:
        return h11.ConnectionClosed()

    def receive_data(self, data: bytes) -> None: ...

    def send(self, event: Any) -> bytes:
        raise h11.LocalProtocolError("the connection has ended")

    def start_next_cycle(self) -> None:
        raise h11.LocalProtocolError("the connection has ended")


def install() -> None:
    """Have Hypercorn make connections of ours, in this process, from now on. May be called again."""
    for module, name, ours in SEAMS:
        setattr(module, name, ours)


SEAMS: list[tuple[Any, str, Any]] = [
    (hypercorn.asyncio.run, "TCPServer", _Tcp),
    (hypercorn.protocol, "H11Protocol", _Http),
    (hypercorn.protocol.h11, "HTTPStream", _Request),
    (hypercorn.protocol.h11, "WSStream", _Stream),
    (hypercorn.protocol.ws_stream, "server_extensions_handshake", lambda *_: None),
    (hypercorn.config.Config, "alpn_protocols", ["http/1.1"]),
]
"""What is replaced, and where Hypercorn looks it up."""
