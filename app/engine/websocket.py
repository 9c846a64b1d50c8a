"""A websocket after its handshake: frames in, frames out, on a transport of its own.

Frames of ordinary size that are whole and text are parsed in place; fragments, binary, control frames, large frames
and everything that breaks RFC 6455 go through the protocol of the `websockets` library, a frame at a time. Either way
a message's size is checked before its payload is buffered.

What is sent during one pass of the loop leaves in one write. A peer that does not read is aborted when more than
`max_buffer` bytes wait for it; reading can be paused, and then nothing is parsed either.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Final, Protocol

from websockets.frames import CloseCode, Opcode
from websockets.protocol import Protocol as FrameProtocol
from websockets.protocol import Side, State

try:
    from websockets.speedups import apply_mask
except ImportError:  # no C compiler where it was installed
    from websockets.utils import apply_mask

from app.engine.admission import Bucket
from app.engine.frames import frame, header
from app.engine.writes import Writes

__all__ = ["Receiver", "WebSocket"]

ORDINARY: Final = 16 * 1024
"""Bytes of the largest frame that is parsed in place."""

CLOSE_TIMEOUT: Final = 2.0
"""Seconds that a peer has to answer a Close frame."""

TURN: Final = 256
"""Frames of one peer that are taken before others have their turn."""

CONTROL: Final = 125
"""Bytes of the largest control frame."""

_WHOLE_TEXT = 0x81
_PING = 0x89
_logger = logging.getLogger("parley.engine.frames")
_logger.setLevel(logging.CRITICAL)  # a peer's mistakes are not ours


class Receiver(Protocol):
    """What takes the messages of a websocket."""

    def text(self, message: bytes) -> None:
        """Take a text message; its UTF-8 is not checked yet."""
        ...

    def binary(self, message: bytes) -> None:
        """Take a binary message."""
        ...

    def gone(self, fault: int | None = None) -> None:
        """Hear, once, that the websocket has ended; `fault` is the close code if the peer broke a rule."""
        ...


class WebSocket(asyncio.Protocol):
    """The server's end of a websocket.

    Args:
        transport: on which the handshake has taken place.
        receiver: of its messages.
        writes: which flushes it.
        max_message: bytes of a message, all fragments together.
        max_buffer: bytes that may wait for the peer to read.
        slow: called when a peer is aborted that does not read.
        rate: control frames and parts of messages that may come in a second, 0 for no limit; twice as many at once.

    """

    __slots__ = (
        "_bucket", "_closing", "_ended", "_fault", "_frames", "_max_buffer", "_max_message", "_ordinary", "_out",
        "_parts", "_paused", "_queued", "_rate", "_receiver", "_remaining", "_resting", "_slow", "_tail", "_text",
        "_transport", "_writes",
    )  # fmt: skip

    def __init__(
        self,
        transport: asyncio.Transport,
        receiver: Receiver,
        writes: Writes,
        max_message: int,
        max_buffer: int,
        slow: Callable[[], None],
        rate: int = 0,
    ) -> None:
        self._transport = transport
        self._receiver = receiver
        self._writes = writes
        self._max_message = max_message
        self._ordinary = min(ORDINARY, max_message)
        self._max_buffer = max_buffer
        self._slow = slow
        self._rate = rate
        self._bucket: Bucket | None = None
        self._fault: int | None = None
        self._tail = b""
        self._out: list[bytes] = []
        self._queued = 0
        self._paused = self._resting = self._closing = self._ended = False
        # of a frame that is not parsed in place
        self._frames: FrameProtocol | None = None
        self._remaining = 0
        self._parts = bytearray()
        self._text = False

    # in

    def data_received(self, data: bytes) -> None:
        if self._tail:
            data = self._tail + data
            self._tail = b""
        position = 0 if self._closing else self._parse(data)
        if self._closing:
            position = self._discard(data, position)
        if position < len(data) and not self._transport.is_closing():
            self._tail = data[position:]

    def _parse(self, data: bytes) -> int:
        """Take the frames in the data, a turn's worth, and return where the rest begins."""
        position, end, turn = 0, len(data), TURN
        while not (self._paused or self._resting or self._closing):
            if not turn:
                self._rest()
                return position
            turn -= 1
            if self._remaining:
                part = data[position : position + self._remaining]
                self._remaining -= len(part)
                position += len(part)
                self._feed(part)
                if position == end:
                    return end
                continue
            head = header(data, position, end)
            if head is None:
                return position
            start, length = head
            if data[position] == _WHOLE_TEXT and length <= self._ordinary and self._frames is None:
                if not data[position + 1] & 0x80:
                    self._fail(CloseCode.PROTOCOL_ERROR)
                elif start + length > end:
                    return position
                else:
                    self._receiver.text(apply_mask(data[start : start + length], data[start - 4 : start]))
                    position = start + length
            elif self._too_many():
                self._fail(CloseCode.POLICY_VIOLATION)
            elif (
                data[position] == _PING
                and data[position + 1] & 0x80
                and length <= CONTROL
                and start + length <= end
                and self._frames is None
            ):
                self.send(frame(apply_mask(data[start : start + length], data[start - 4 : start]), Opcode.PONG))
                position = start + length
            else:
                self._remaining = start + length - position
        return position

    def _too_many(self) -> bool:
        """Count a frame that is not a message by itself: they cost no event, and must not come without end."""
        if self._bucket is None and self._rate:
            self._bucket = Bucket(self._rate)
        return self._bucket is not None and not self._bucket.take()

    def _rest(self) -> None:
        """Let others have their turn: this peer has sent more than one's worth at once."""
        self._resting = True
        self._transport.pause_reading()
        asyncio.get_running_loop().call_soon(self._go_on)

    def _go_on(self) -> None:
        self._resting = False
        if not (self._paused or self._transport.is_closing()):
            self._transport.resume_reading()
            self.data_received(b"")

    def _discard(self, data: bytes, position: int) -> int:
        """Pass over the frames in the data, but for a Close frame, after which the connection is closed."""
        end = len(data)
        while True:
            passed = min(self._remaining, end - position)
            self._remaining -= passed
            position += passed
            head = None if self._remaining else header(data, position, end)
            if head is None:
                return position
            if data[position] & 0x0F == Opcode.CLOSE:
                self._transport.close()
                return end
            self._remaining = head[0] + head[1] - position

    def _feed(self, part: bytes) -> None:
        frames = self._frames
        if frames is None:
            frames = FrameProtocol(Side.SERVER, max_size=self._max_message, logger=_logger)
            self._frames = frames
        frames.receive_data(part)
        for event in frames.events_received():
            self._take(event)
        for answer in frames.data_to_send():
            (self.send if frames.state is State.OPEN else self._write)(answer)
        if frames.state is not State.OPEN:
            if frames.close_rcvd is None and frames.close_sent is not None:
                self._fault = frames.close_sent.code
            self._finish(answered=frames.close_rcvd is not None)
        elif not (self._remaining or self._parts or self._fragmented()):
            self._frames = None

    def _fragmented(self) -> bool:
        return self._frames is not None and self._frames.current_size is not None

    def _take(self, event: Any) -> None:
        if event.opcode in (Opcode.TEXT, Opcode.BINARY):
            self._text = event.opcode is Opcode.TEXT
        elif event.opcode is not Opcode.CONT:
            return  # control frames were answered
        self._parts += event.data
        if event.fin:
            message = bytes(self._parts)
            self._parts.clear()
            (self._receiver.text if self._text else self._receiver.binary)(message)

    def pause(self) -> None:
        """Read no more: neither from the transport nor from what has come already."""
        if not self._paused:
            self._paused = True
            self._transport.pause_reading()

    def resume(self) -> None:
        """Read on."""
        if self._paused:
            self._paused = False
            if not self._resting:
                self._transport.resume_reading()
                self.data_received(b"")

    # out

    @property
    def queued(self) -> int:
        """Bytes that wait for the peer to read."""
        return self._queued + self._transport.get_write_buffer_size()

    def send(self, data: bytes) -> None:
        """Queue one or more whole frames. A peer that reads too slowly for it is aborted."""
        if self._closing:
            return
        if not self._out:
            self._writes.add(self)
        self._out.append(data)
        self._queued += len(data)
        if self._queued > self._max_buffer:
            self.flush()

    def flush(self) -> None:
        """Write what is queued."""
        out = self._out
        if not out:
            return
        if self._transport.is_closing():  # uvloop raises where one that is gone is written to
            out.clear()
            self._queued = 0
            return
        self._transport.write(out[0] if len(out) == 1 else b"".join(out))
        out.clear()
        self._queued = 0
        self._check()

    def _write(self, data: bytes) -> None:
        """Write at once, behind what is queued."""
        if data:
            self.flush()
            if not self._transport.is_closing():
                self._transport.write(data)
                self._check()

    def _check(self) -> None:
        """Abort a peer that does not read what it is sent, also where that is only the answers to its PINGs."""
        if self._transport.get_write_buffer_size() > self._max_buffer:
            self._slow()
            self.abort()

    # the end

    def close(self, code: int = CloseCode.NORMAL_CLOSURE) -> None:
        """Send what is queued and a Close frame; hang up when the peer has answered it, or not in time."""
        if not self._closing:
            self._write(frame(code.to_bytes(2, "big"), Opcode.CLOSE))
            self._finish()

    def _fail(self, code: int) -> None:
        """Close for what the peer has done."""
        self._fault = code
        self.close(code)

    def _finish(self, *, answered: bool = False) -> None:
        """Take and send no more messages: a Close frame was sent, and perhaps answered."""
        self._closing = True
        if self._paused:
            self._paused = False
            self._transport.resume_reading()
            self.data_received(b"")
        if answered:
            self._transport.close()
        asyncio.get_running_loop().call_later(CLOSE_TIMEOUT, self._transport.abort)
        self._end()

    def abort(self) -> None:
        """Drop the connection now, with what is queued."""
        self._closing = True
        self._out.clear()
        self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._closing = True
        self._out.clear()
        self._end()

    def eof_received(self) -> bool:
        return False

    def _end(self) -> None:
        if not self._ended:
            self._ended = True
            self._receiver.gone(self._fault)
