"""One connection to Redis, from its making to its end: commands out, replies in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, cast

import hiredis

__all__ = ["Wire", "decoded", "encoded", "packed"]

TICKS = 4
"""How many looks at the clock a timeout has."""

WRITE_LIMIT = 64 * 1024 * 1024
"""Bytes that may wait for Redis to read them."""


def encoded(text: str) -> bytes:
    """Return any text as bytes, also one that UTF-8 has no bytes for."""
    return text.encode("utf-8", "surrogatepass")


def decoded(name: bytes) -> str:
    """Return the text of bytes that `encoded` made."""
    return name.decode("utf-8", "surrogatepass")


def packed(*words: str | bytes) -> bytes:
    """Return a command as Redis reads it."""
    return cast("Any", hiredis).pack_command(
        tuple([word if isinstance(word, bytes) else encoded(word) for word in words])
    )


class Wire(asyncio.Protocol):
    """One connection to Redis.

    What is sent in one pass of the loop leaves in one write. A peer that owes an answer and says nothing for `timeout`
    seconds, or a quarter more, has its connection aborted; one that nothing was heard from for half of it is asked
    for a sign of life. Time is counted in ticks, each with a look at the socket before it: a process that was itself
    held up blames nobody else.

    Args:
        loop: where it runs.
        timeout: seconds.

    Attributes:
        lost: done when the connection has ended.
        greeted: Redis is there, and fit for use.
        name: what tells that Redis from all others, and what it calls this connection.

    """

    def __init__(self, loop: asyncio.AbstractEventLoop, timeout: float) -> None:
        self._loop = loop
        self._tick = timeout / TICKS
        self._reader = hiredis.Reader()
        self._transport: asyncio.Transport | None = None
        self._out: list[bytes] = []
        self._take: Callable[[list[Any]], None] = self._greet
        self._owed: Callable[[], bool] = bool
        self._ping: Callable[[], None] = lambda: None
        self._answers: list[Any] = []
        self._asked: asyncio.Future[None] | None = None
        self._due = 0
        self._timer: asyncio.TimerHandle | None = None
        self._heard = False
        self._waited = self._idle = 0
        self.lost: asyncio.Future[None] = loop.create_future()
        self.greeted = False
        self.name: tuple[bytes, bytes] = (b"", b"")

    # the making

    async def ask(self, commands: Sequence[bytes]) -> list[Any]:
        """Return the answers to these commands, errors among them. Only before `serve`.

        Raise OSError if the connection ends before, and hiredis' ProtocolError if what is said is not Redis' protocol.
        """
        if commands:
            self._answers, self._due = [], len(commands)
            self._asked = self._loop.create_future()
            for command in commands:
                self.send(command)
            await self._asked
        return self._answers

    def _greet(self, replies: list[Any]) -> None:
        self._answers += replies
        if self._asked and not self._asked.done() and len(self._answers) >= self._due:
            self._asked.set_result(None)

    def serve(self, take: Callable[[list[Any]], None], owed: Callable[[], bool], ping: Callable[[], None]) -> None:
        """Hand all further replies to `take`, as they come.

        Args:
            take: takes some replies.
            owed: tells whether an answer is awaited.
            ping: sends something that is answered.

        """
        self._take, self._owed, self._ping = take, owed, ping
        self._timer = self._loop.call_later(self._tick, self._look)

    # commands and replies

    def send(self, command: bytes) -> None:
        """Send a command; what is sent over a connection that has ended is lost."""
        if not self._out:
            self._loop.call_soon(self._flush)
        self._out.append(command)

    def _flush(self) -> None:
        out, self._out = self._out, []
        if self._transport is None or self._transport.is_closing():
            return
        self._transport.write(b"".join(out))
        if self._transport.get_write_buffer_size() > WRITE_LIMIT:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._heard = True
        reader = self._reader
        replies: list[Any] = []
        try:
            reader.feed(data)
            while (reply := reader.gets()) is not False:
                replies.append(reply)
        except hiredis.ProtocolError as error:
            if self._asked and not self._asked.done():
                self._asked.set_exception(error)
            self.abort()
        if replies:
            self._take(replies)

    # the end

    def _look(self) -> None:
        self._timer = self._loop.call_later(self._tick, self._look)
        if self._heard:
            self._heard, self._waited, self._idle = False, 0, 0
        elif self._owed():
            self._waited += 1
            if self._waited > TICKS:
                self.abort()
        else:
            self._idle += 1
            if self._idle >= TICKS // 2:
                self._idle = 0
                self._ping()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer:
            self._timer.cancel()
        if self._asked and not self._asked.done():
            self._asked.set_exception(ConnectionResetError())
        if not self.lost.done():
            self.lost.set_result(None)

    def abort(self) -> None:
        """End the connection: what was not sent is lost."""
        if self._transport:
            self._transport.abort()

    async def close(self) -> None:
        """End the connection, and return when nothing of it is left."""
        if self._transport:
            self._transport.abort()
            await self.lost
