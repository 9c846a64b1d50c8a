"""Socket.IO over a websocket for thousands of clients of one process: gevent, and the sans-I/O core of `websockets`.

A client that writes never waits: what the kernel does not take at once is written by a greenlet of its own, so that one
server that stops reading delays nobody's schedule but its own clients'.
"""

from __future__ import annotations

import contextlib
import os
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import urlencode, urlsplit

import gevent
import orjson
from gevent import socket
from gevent.event import Event
from websockets.client import ClientProtocol
from websockets.exceptions import InvalidHandshake
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.protocol import State
from websockets.uri import parse_uri

__all__ = ["Connection", "DialError", "Handshake"]

_CHUNK = 65536
_RESET = struct.pack("ii", 1, 0)
_MOST = 16 * 2**20
"""Bytes of a message, in whatever number of fragments: more of them no client of many could hold."""

_MOST_UNWRITTEN = 1_000_000
"""Bytes; a server that lets more pile up than this has stopped reading for good."""

_TOLD = 200
"""Characters of a refusal that are told."""

Acknowledged = Callable[..., None]
"""Is given what a server acknowledges an event with, or nothing if the connection ends before."""


class DialError(Exception):
    """No connection was made; the text says in few words why, the same for the same reason."""


class _LateError(Exception):
    """The time is over. It is no OSError, as those end a connection."""


@dataclass(frozen=True, slots=True)
class Handshake:
    """What a client shows when it connects.

    Attributes:
        auth: of the CONNECT packet.

    """

    query: Mapping[str, str] = field(default_factory=dict[str, str])
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    auth: Mapping[str, Any] | None = None


class Connection:
    """A client that is connected to the default namespace.

    Args:
        url: base URL of the server.
        path: its Socket.IO path.
        timeout: seconds until CONNECT must have come.

    Attributes:
        closed: why it ended, "" while it stands.

    Raises:
        DialError: if it is not connected in time.

    """

    def __init__(self, url: str, path: str, handshake: Handshake, timeout: float = 20.0) -> None:
        self.closed = ""
        self._acknowledgements: dict[int, Acknowledged] = {}
        self._numbers = 0
        self._unwritten = bytearray()
        self._writing = False
        self._reading = Event()
        self._reading.set()
        self._fragments: list[bytes] = []
        self._arrived: list[str] = []
        place = urlsplit(url)
        query = urlencode({"EIO": "4", "transport": "websocket", **handshake.query})
        scheme = "wss" if place.scheme == "https" else "ws"
        self._plain = scheme == "ws"
        self._protocol = ClientProtocol(
            parse_uri(f"{scheme}://{place.netloc}{place.path.rstrip('/')}{path.rstrip('/')}/?{query}"), max_size=_MOST
        )
        try:
            with gevent.Timeout(timeout, _LateError):
                self._socket = _dial(place.hostname or "", place.port or (443 if scheme == "wss" else 80), scheme)
                try:
                    self._shake_hands(handshake)
                except BaseException:
                    self._socket.close()
                    raise
        except _LateError:
            raise DialError("no CONNECT in time") from None
        except OSError as error:
            raise DialError(error.strerror or type(error).__name__) from None

    def read(self, on_event: Callable[[str, Sequence[Any]], None]) -> None:
        """Read until the connection ends, and give every event to the function: its name and its arguments."""
        stands = True
        while not self.closed:
            arrived, self._arrived = self._arrived, []
            for text in arrived:
                self._take(text, on_event)
            if not stands:
                self._end("the server closed")
            elif not self.closed:
                stands = self._receive()

    def emit(self, event: str, *arguments: Any, acknowledged: Acknowledged | None = None) -> None:
        """Send an event."""
        number = ""
        if acknowledged is not None:
            self._numbers += 1
            self._acknowledgements[self._numbers] = acknowledged
            number = str(self._numbers)
        self._send(f"42{number}{orjson.dumps([event, *arguments]).decode()}")

    def pause(self) -> None:
        """Stop reading: what the server sends stays in the kernel's buffers, and then with the server."""
        self._reading.clear()

    def resume(self) -> None:
        """Read again."""
        self._reading.set()

    def leave(self) -> None:
        """Say goodbye and end."""
        if not self.closed:
            self._send("41")
            if self._protocol.state is State.OPEN:
                self._protocol.send_close(1000)
            self._flush()
        self._end("left")

    def drop(self) -> None:
        """End without a word, as a network does that is gone: the server is sent a reset at most."""
        if not self.closed:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._end("dropped")

    def vanish(self) -> socket.socket:
        """End so that the server does not hear of it until what is returned is closed: the connection itself."""
        if self._plain:
            left = self._socket.dup()
        else:  # what is encrypted cannot be had twice; who reads is woken, and nothing of it is sent
            left = self._socket
            left.shutdown(socket.SHUT_RD)
        self._end("vanished", close=self._plain)
        return left

    # connecting

    def _shake_hands(self, handshake: Handshake) -> None:
        request = self._protocol.connect()
        for name, value in handshake.headers.items():
            request.headers[name] = value
        self._protocol.send_request(request)
        self._send_now()
        opening = self._expect("0")
        auth = "" if handshake.auth is None else orjson.dumps(handshake.auth).decode()
        if self._protocol.state is State.OPEN:
            self._protocol.send_text(f"40{auth}".encode())
        self._send_now()
        self._expect("40")
        self._socket.settimeout(_silence(opening))

    def _send_now(self) -> None:
        # who has closed may have said why, and that is still to be read
        with contextlib.suppress(ConnectionError):
            self._socket.sendall(b"".join(self._protocol.data_to_send()))

    def _expect(self, start: str) -> str:
        """Read until a packet begins so, and return it; events that come before CONNECT are kept for later."""
        early: list[str] = []
        stands = True
        while True:
            for number, text in enumerate(self._arrived):
                if text.startswith("44"):
                    raise DialError(f"refused: {text[2:][:_TOLD]}")
                if text.startswith(start):
                    self._arrived = [*early, *self._arrived[number + 1 :]]
                    return text
                early.append(text)
            self._arrived = []
            if stands:
                stands = self._receive()
            else:
                failed = self._protocol.handshake_exc
                if isinstance(failed, InvalidHandshake):
                    raise DialError(f"no websocket: {str(failed)[:80]}")
                raise DialError(f"closed before {'OPEN' if start == '0' else 'CONNECT'}")

    # reading

    def _receive(self) -> bool:
        """Wait for bytes, and keep the packets that they bring. Return whether the connection stands."""
        self._reading.wait()
        try:
            data = self._socket.recv(_CHUNK)
        except TimeoutError:
            self._end("no PING in time")
            return False
        except (OSError, ValueError):
            return False
        if not data:
            return False
        self._protocol.receive_data(data)
        for event in self._protocol.events_received():
            if isinstance(event, Frame):
                self._keep(event)
            elif isinstance(event, Response) and event.status_code != 101:
                return False
        answers = self._protocol.data_to_send()
        if answers:
            self._write(b"".join(answers))
        return self._protocol.handshake_exc is None and not self._protocol.close_expected()

    def _keep(self, frame: Frame) -> None:
        if frame.opcode is Opcode.TEXT and frame.fin:
            self._arrived.append(str(frame.data, "utf-8"))
        elif frame.opcode in (Opcode.TEXT, Opcode.CONT):
            self._fragments.append(bytes(frame.data))
            if frame.fin:
                self._arrived.append(str(b"".join(self._fragments), "utf-8"))
                self._fragments.clear()

    def _take(self, text: str, on_event: Callable[[str, Sequence[Any]], None]) -> None:
        if text.startswith("42"):
            name, *arguments = orjson.loads(text[2:] if text[2] == "[" else text[text.index("[") :])
            on_event(name, arguments)
        elif text == "2":
            self._send("3")
        elif text.startswith("43"):
            opening = text.index("[")
            acknowledged = self._acknowledgements.pop(int(text[2:opening]), None)
            if acknowledged is not None:
                acknowledged(*orjson.loads(text[opening:]))
        elif text.startswith("41") or text == "1":
            self._end("the server said goodbye")

    # writing

    def _send(self, text: str) -> None:
        if self.closed or self._protocol.state is not State.OPEN:
            return
        self._protocol.send_text(text.encode())
        self._flush()

    def _flush(self) -> None:
        self._write(b"".join(self._protocol.data_to_send()))

    def _write(self, data: bytes) -> None:
        if self.closed or not data:
            return
        written = 0
        if not self._writing and self._plain:
            try:
                written = os.write(self._socket.fileno(), data)  # gevent's sockets never block
            except BlockingIOError:
                pass
            except OSError:
                self._end("the server closed")
                return
        if written < len(data):
            self._unwritten += data[written:]
            if len(self._unwritten) > _MOST_UNWRITTEN:
                self._end("the server stopped reading")
            elif not self._writing:
                self._writing = True
                gevent.spawn(self._write_the_rest)

    def _write_the_rest(self) -> None:
        while self._unwritten and not self.closed:
            try:
                del self._unwritten[: self._socket.send(bytes(self._unwritten[:_CHUNK]))]
            except OSError:
                self._end("the server closed")
        self._writing = False

    def _end(self, why: str, *, close: bool = True) -> None:
        if not self.closed:
            self.closed = why
            if close:
                self._socket.close()
            self._reading.set()
            for acknowledged in self._acknowledgements.values():
                acknowledged()
            self._acknowledgements.clear()


def _silence(opening: str) -> float | None:
    """Return after how many seconds without a PING a connection is dead, as OPEN has it; None if it has nothing."""
    try:
        found = orjson.loads(opening[1:])
        return (found["pingInterval"] + found["pingTimeout"]) / 1000
    except (ValueError, KeyError, TypeError):
        return None


@cache
def _trust() -> Any:
    from gevent import ssl

    return ssl.create_default_context()


def _dial(host: str, port: int, scheme: str) -> socket.socket:
    connection = socket.create_connection((host, port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if scheme == "wss":
        connection = _trust().wrap_socket(connection, server_hostname=host)
    return connection
