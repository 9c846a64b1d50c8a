"""An Engine.IO session: packets in order over long polling, then perhaps over a websocket.

A session begins on either transport and may be upgraded from the first to the second, once. What is sent while
polling waits for the next GET, within a bound; what is sent over a websocket is framed at once.

Source: Engine.IO protocol, revision 4.
"""

from __future__ import annotations

import asyncio
import base64
import enum
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol

from websockets.frames import CloseCode

from app.engine.base import Handshake
from app.engine.frames import frame
from app.engine.packets import MalformedError
from app.engine.websocket import WebSocket

__all__ = ["ENDINGS", "Carrier", "Closing", "Prepared", "Session"]

SEPARATOR = b"\x1e"
PING, PONG, NOOP, CLOSE = b"2", b"3", b"6", b"1"


class Closing(enum.Enum):
    """Why a session ended."""

    CLIENT = "the client closed it"
    SERVER = "the server closed it"
    LOST = "the transport was lost"
    TIMEOUT = "a PING was not answered"
    MALFORMED = "a packet was malformed"
    SLOW = "slow consumer"
    LIMIT = "a limit was exceeded"


ENDINGS = tuple(closing.name.lower() for closing in Closing)
"""The reasons, as they are counted."""

_FAULTS: dict[int | None, Closing] = {
    CloseCode.PROTOCOL_ERROR: Closing.MALFORMED,
    CloseCode.INVALID_DATA: Closing.MALFORMED,
    CloseCode.POLICY_VIOLATION: Closing.LIMIT,
    CloseCode.MESSAGE_TOO_BIG: Closing.LIMIT,
}
"""What a websocket was closed for, by the code that it sent."""

_CODES = {Closing.MALFORMED: CloseCode.PROTOCOL_ERROR, Closing.LIMIT: CloseCode.POLICY_VIOLATION}


class Prepared:
    """A packet, or several that belong together, in the form of each transport, made once for all recipients.

    Attributes:
        frames: for a websocket.
        payload: for long polling: the packets, separated.

    """

    __slots__ = ("frames", "payload")

    def __init__(self, packet: bytes, attachments: Sequence[bytes] = ()) -> None:
        self.frames = frame(packet)
        self.payload = packet
        for attachment in attachments:
            self.frames += frame(attachment, 2)
            self.payload += SEPARATOR + b"b" + base64.b64encode(attachment)


_PING = Prepared(PING)


class Carrier(Protocol):
    """What an Engine.IO server does with its sessions."""

    def opened(self, session: Session) -> None:
        """Take a new session."""
        ...

    def message(self, session: Session, message: bytes) -> None:
        """Take a text message. Raise `MalformedError` to end the session."""
        ...

    def binary(self, session: Session, message: bytes) -> None:
        """Take a binary message. Raise `MalformedError` to end the session."""
        ...

    def closed(self, session: Session, closing: Closing) -> None:
        """Hear, once, that the session has ended."""
        ...


class Session:
    """An Engine.IO session. It ends once, and what is sent after that is dropped.

    Args:
        id: that the client names it by.
        carrier: of its messages.
        handshake: of the client, without a payload of CONNECT.
        max_packets: that may wait for a poll.
        max_bytes: of those packets.

    """

    __slots__ = (
        "__weakref__", "_answered", "_arrivals", "_carrier", "_max_bytes", "_max_packets", "_poll", "_queue",
        "_queued", "_resumed", "_sent", "_websocket", "authenticated", "closed", "context", "handshake", "id",
        "paused", "posting", "upgrading",
    )  # fmt: skip

    def __init__(
        self,
        id: str,  # noqa: A002  (the protocol's word is sid)
        carrier: Carrier,
        handshake: Handshake,
        max_packets: int,
        max_bytes: int,
    ) -> None:
        self.id = id
        self.handshake = handshake
        self.authenticated = False
        self.context: Any = None
        self.closed: Closing | None = None
        self.upgrading = self.posting = self.paused = False
        self._carrier = carrier
        self._max_packets = max_packets
        self._max_bytes = max_bytes
        self._websocket: WebSocket | None = None
        self._poll: asyncio.Future[None] | None = None
        self._queue: list[Prepared] = []
        self._queued = 0
        self._sent = self._answered = 0
        self._arrivals: dict[int, Callable[[], None]] = {}
        self._resumed: asyncio.Future[None] | None = None

    # out

    @property
    def upgraded(self) -> bool:
        """Whether it goes over a websocket."""
        return self._websocket is not None

    @property
    def queued(self) -> int:
        """Bytes that wait for the client to take them."""
        return self._queued if self._websocket is None else self._websocket.queued

    def send(self, packet: Prepared) -> None:
        """Send a packet after those sent before. Never blocks; ends the session if too much waits for the client."""
        if self.closed:
            return
        if self._websocket is not None:
            self._websocket.send(packet.frames)
            return
        self._queue.append(packet)
        self._queued += len(packet.payload)
        if len(self._queue) > self._max_packets or self._queued > self._max_bytes:
            self.end(Closing.SLOW)
        else:
            self.release()

    def ping(self, arrived: Callable[[], None] | None = None) -> int:
        """Send a PING, have `arrived` called at its PONG, and return its number."""
        self._sent += 1
        if arrived is not None:
            self._arrivals[self._sent] = arrived
        self.send(_PING)
        return self._sent

    def beat(self) -> int | None:
        return None if self.closed else self.ping()

    def answered(self, number: int) -> bool:
        # a client that is not read cannot answer: its next PING decides
        return self.closed is not None or self.paused or self._answered >= number

    def lapse(self) -> None:
        self.end(Closing.TIMEOUT)

    # in

    def receive(self, packet: bytes) -> None:
        """Take an Engine.IO packet of whichever transport. Raise `MalformedError`."""
        kind = packet[:1]
        if kind == b"4":
            self._carrier.message(self, packet[1:])
        elif packet == PONG:
            self._pong()
        elif packet == CLOSE:
            self._finish(Closing.CLIENT, NOOP)
        elif kind == b"b" and not self.upgraded:
            try:
                message = base64.b64decode(packet[1:], validate=True)
            except ValueError as error:
                raise MalformedError("not base64") from error
            self._carrier.binary(self, message)
        else:
            raise MalformedError("unknown packet type")

    def _pong(self) -> None:
        if self._answered < self._sent:
            self._answered += 1
            if arrived := self._arrivals.pop(self._answered, None):
                arrived()

    def text(self, message: bytes) -> None:
        if not self.closed:
            self._guarded(self.receive, message)

    def binary(self, message: bytes) -> None:
        if not self.closed:
            self._guarded(partial(self._carrier.binary, self), message)

    def _guarded(self, take: Callable[[bytes], None], message: bytes) -> None:
        try:
            take(message)
        except MalformedError:
            self.end(Closing.MALFORMED)

    def gone(self, fault: int | None = None) -> None:
        self.end(_FAULTS.get(fault, Closing.LOST))

    def pause(self) -> None:
        """Take no more packets until `resume`; those of a polling client wait in its requests."""
        self.paused = True
        if self._websocket is not None:
            self._websocket.pause()

    def resume(self) -> None:
        """Take packets again."""
        self.paused = False
        self._wake()
        if self._websocket is not None:
            self._websocket.resume()

    def _wake(self) -> None:
        if self._resumed is not None and not self._resumed.done():
            self._resumed.set_result(None)

    # long polling

    @property
    def polling(self) -> bool:
        """Whether a GET is waiting."""
        return self._poll is not None

    @property
    def waiting(self) -> bool:
        """Whether something waits for a GET."""
        return bool(self._queue)

    def take(self) -> bytes | None:
        """Return what waits for a GET, None if nothing does."""
        if not self._queue:
            return None
        queue, self._queue, self._queued = self._queue, [], 0
        return SEPARATOR.join([packet.payload for packet in queue])

    def poll(self) -> asyncio.Future[None]:
        """Return a future that is done when there is something to take, or no more to wait for."""
        self._poll = asyncio.get_running_loop().create_future()
        return self._poll

    def polled(self) -> None:
        """Hear that nobody waits for that future any more."""
        self._poll = None

    def release(self) -> None:
        """Have a waiting GET answered, with nothing if need be."""
        if self._poll is not None and not self._poll.done():
            self._poll.set_result(None)

    async def resumed(self) -> None:
        """Return when the session takes packets again, or has ended."""
        while self.paused and not self.closed:
            self._resumed = asyncio.get_running_loop().create_future()
            await self._resumed

    # the websocket

    def attach(self, websocket: WebSocket) -> None:
        """Go over a websocket from now on, beginning with what waits for a poll."""
        queue, self._queue, self._queued = self._queue, [], 0
        self._websocket = websocket
        self.upgrading = False
        self.release()
        for packet in queue:
            websocket.send(packet.frames)
        if self.paused:
            websocket.pause()

    # the end

    def end(self, closing: Closing) -> None:
        """End the session: what is queued is sent where the client may still read it."""
        self._finish(closing, CLOSE)

    def _finish(self, closing: Closing, last: bytes) -> None:
        if self.closed:
            return
        self.closed = closing
        try:
            self._last_words(closing, last)
        finally:
            self._arrivals.clear()
            self._wake()
            self._carrier.closed(self, closing)

    def _last_words(self, closing: Closing, last: bytes) -> None:
        websocket = self._websocket
        if websocket is None:
            if closing in (Closing.SLOW, Closing.TIMEOUT, Closing.LOST):
                self._queue = []
            self._queue.append(Prepared(last))
            self.release()
        elif closing is Closing.SLOW:
            websocket.abort()
        elif closing is not Closing.LOST:
            websocket.close(_CODES.get(closing, CloseCode.NORMAL_CLOSURE))
