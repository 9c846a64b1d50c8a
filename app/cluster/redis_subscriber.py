"""The way in from other servers: one connection that is subscribed to what this server's members are in."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import deque
from typing import Any

from app.cluster.base import Listener
from app.cluster.redis_address import Address
from app.cluster.redis_lifeline import Lifeline, Owner
from app.cluster.redis_publisher import NOTICE_BOUND, ORIGIN, Channels
from app.cluster.redis_wire import Wire, packed
from app.domain.errors import Unavailable

__all__ = ["Subscriber"]

log = logging.getLogger("parley.cluster")

CHUNK = 500
"""How many rooms are subscribed to with one command."""

HELD_BOUND = 10_000
"""How many publications wait for the subscriptions of a new connection to be whole; the latest of them."""


class Subscriber(Owner):
    """One connection for subscriptions; they take effect in the order of the calls.

    When it was lost and is made again, every room that is wanted is subscribed to, then the listener is told to
    resync, then it is given what was published meanwhile and what comes.

    Args:
        address: where Redis is.
        timeout: seconds for an answer.
        channels: the names of the rooms there.
        origin: the bytes that tell this server; what it has sent itself is not delivered.

    """

    def __init__(self, address: Address, timeout: float, channels: Channels, origin: bytes) -> None:
        self._address = address
        self._lifeline = Lifeline("subscriptions", address, timeout, self)
        self._channels = channels
        self._origin = origin
        self._listener: Listener | None = None
        self._wire: Wire | None = None
        self._rooms: dict[bytes, str] = {}  # wanted, by the name of the channel
        self._confirmations: deque[asyncio.Future[None] | None] = deque()
        self._pongs: deque[asyncio.Future[None] | None] = deque()
        self._held: deque[tuple[bytes, bytes]] | None = None
        self._missing = 0  # confirmations until all is subscribed to that was wanted when the connection was made
        self._whole: asyncio.Future[None] | None = None

    async def open(self, listener: Listener) -> None:
        """Make the connection, and be ready for gap notices. Raise `Unavailable`, `ClusterUnusableError`."""
        self._listener = listener
        self._whole = asyncio.get_running_loop().create_future()
        await self._lifeline.open()
        await self._whole

    async def close(self) -> None:
        """End the connection; nothing is delivered any more."""
        self._listener = None
        self._rooms.clear()
        await self._lifeline.close()

    async def check(self) -> None:
        """Return when Redis has answered. Raise `Unavailable`."""
        if self._wire is None:
            raise Unavailable
        pong: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._pongs.append(pong)
        self._wire.send(packed("PING"))
        await pong

    # rooms

    def deliver(self, channel: bytes, payload: bytes) -> None:
        """Deliver a publication of this server's own, if the room of that channel is wanted."""
        room = self._rooms.get(channel)
        if room is not None and self._listener:
            self._listener.deliver(room, payload)

    def subscribe(self, room: str) -> asyncio.Future[None]:
        """Want a room; the future is done when Redis has confirmed it, or cannot now."""
        channel = self._channels.of(room)
        self._rooms[channel] = room
        return self._command("SUBSCRIBE", channel)

    def unsubscribe(self, room: str) -> asyncio.Future[None]:
        """Want a room no longer."""
        channel = self._channels.of(room)
        self._rooms.pop(channel, None)
        return self._command("UNSUBSCRIBE", channel)

    def _command(self, word: str, channel: bytes) -> asyncio.Future[None]:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self._wire is None:
            done.set_result(None)
        else:
            self._confirmations.append(done)
            self._wire.send(packed(word, channel))
        return done

    # the connection

    def up(self, wire: Wire) -> None:
        self._wire = wire
        self._held = deque(maxlen=HELD_BOUND)
        # a room of no name too: who may not subscribe to rooms is to learn it at once
        wanted = [self._channels.gap, self._channels.of(""), *self._rooms]
        for start in range(0, len(wanted), CHUNK):
            chunk = wanted[start : start + CHUNK]
            self._confirmations.extend([None] * len(chunk))
            wire.send(packed("SUBSCRIBE", *chunk))
        self._missing = len(wanted)

    def down(self) -> None:
        self._wire = None
        if self._whole and not self._whole.done():
            self._whole.set_exception(Unavailable())
        confirmations, self._confirmations = self._confirmations, deque()
        pongs, self._pongs = self._pongs, deque()
        for done in confirmations:
            if done and not done.done():
                done.set_result(None)  # a resync follows
        for pong in pongs:
            if pong and not pong.done():
                pong.set_exception(Unavailable())

    def take(self, replies: list[Any]) -> None:
        rooms, origin, listener = self._rooms, self._origin, self._listener
        for reply in replies:
            if reply.__class__ is not list:
                self._refused(reply)
            elif reply[0] == b"message":
                room = rooms.get(reply[1])
                payload: bytes = reply[2]
                if room is not None:
                    if payload.startswith(origin):
                        continue
                    if self._held is not None:
                        self._held.append((reply[1], payload[ORIGIN:]))
                    elif listener:
                        listener.deliver(room, payload[ORIGIN:])
                elif reply[1] == self._channels.gap and not payload.startswith(origin):
                    self._resync(payload[ORIGIN:])
            elif reply[0] == b"pong":
                if (pong := self._pongs.popleft()) and not pong.done():
                    pong.set_result(None)
            else:
                self._confirmed()

    def _confirmed(self) -> None:
        if (done := self._confirmations.popleft()) and not done.done():
            done.set_result(None)
        if self._missing:
            self._missing -= 1
            if self._missing == 0:
                self._become_whole()

    def _become_whole(self) -> None:
        """Catch up with what was missed, and go on."""
        held, self._held = self._held or (), None
        if self._whole and not self._whole.done():
            self._whole.set_result(None)
            return
        if self._listener:
            self._listener.resync(None)
        for channel, payload in held:
            self.deliver(channel, payload)

    def _resync(self, notice: bytes) -> None:
        """Hear in which rooms another server's publications were lost."""
        if self._held is not None:
            return  # all of them follow
        try:
            if len(notice) > NOTICE_BOUND:
                raise ValueError
            rooms = json.loads(notice)
            ours = None if rooms is None else [room for room in rooms if self._channels.of(room) in self._rooms]
        except (ValueError, TypeError, AttributeError, RecursionError):
            log.error("a gap notice could not be read")
            return
        if self._listener and (ours is None or ours):
            self._listener.resync(ours)

    def _refused(self, reply: Any) -> None:
        """Break off with a Redis that refuses a subscription: what is subscribed to is not known any more."""
        log.error("Redis refuses a subscription: %s", reply)
        if self._whole and not self._whole.done():
            self._whole.set_exception(self._address.refusal(str(reply)))
        if self._wire:
            self._wire.abort()

    def owed(self) -> bool:
        return bool(self._confirmations or self._pongs)

    def ping(self) -> None:
        if self._wire:
            self._pongs.append(None)
            self._wire.send(packed("PING"))
