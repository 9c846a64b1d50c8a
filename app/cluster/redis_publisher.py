"""The way out to other servers: publications, and what is said of those that were lost."""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass
from typing import Any

from app.cluster.redis_link import Link
from app.cluster.redis_wire import encoded

__all__ = ["NOTICE_BOUND", "ORIGIN", "Channels", "Publisher"]

ORIGIN = 8
"""How many bytes in front of a payload tell the server that sent it."""

ROOMS_BOUND = 10_000
"""How many rooms a gap notice names; if it were more, it stands for all."""

NOTICE_BOUND = 4 * 1024 * 1024
"""Bytes of a gap notice; one that were more stands for all rooms."""

KEPT_BOUND = 1_000
"""How many publications are kept to be sent again."""


@dataclass(frozen=True, slots=True)
class Channels:
    """The names that rooms have in Redis.

    Attributes:
        prefix: what they begin with.
        database: its number follows: publications are heard in all databases of a Redis, and it would be heard in the
            cluster of another what is said in this.

    """

    prefix: bytes
    database: int

    @property
    def gap(self) -> bytes:
        """Where servers tell each other of publications that were lost."""
        return b"%b:%d:gap" % (self.prefix, self.database)

    def of(self, room: str) -> bytes:
        """Return the channel of a room."""
        return b"%b:%d:room:%b" % (self.prefix, self.database, encoded(room))


class _Gap:
    """The rooms for which publications were lost: at most so many of them, or all."""

    def __init__(self) -> None:
        self.rooms: dict[str, None] | None = {}

    def __bool__(self) -> bool:
        return self.rooms is None or bool(self.rooms)

    def add(self, room: str) -> None:
        if self.rooms is not None:
            self.rooms[room] = None
            if len(self.rooms) > ROOMS_BOUND:
                self.rooms = None

    def join(self, other: _Gap) -> None:
        if other.rooms is None:
            self.rooms = None
        for room in other.rooms or ():
            self.add(room)


class Publisher:
    """Sends publications over a link, in the order of the calls.

    Those that the link did not take, or did not answer, are lost: a gap notice tells all servers in which rooms, as
    the first thing that is sent when the link is whole. Those that were kept follow it, then the new ones.

    Args:
        link: the way to Redis.
        channels: the names of the rooms there.
        origin: the bytes that tell this server.

    """

    def __init__(self, link: Link, channels: Channels, origin: bytes) -> None:
        self._link = link
        self._channels = channels
        self._origin = origin
        self._gap = _Gap()
        self._kept: deque[tuple[str, bytes]] = deque(maxlen=KEPT_BOUND)

    def publish(self, room: str, channel: bytes, payload: bytes, retry: bool) -> None:
        """Send a publication, or note that it was lost."""
        if self._link.up_now:
            self._send(channel, payload, (room, payload) if retry else room)
        else:
            self._lost((room, payload) if retry else room)

    def lost_elsewhere(self) -> None:
        """Tell of publications that may have been lost in any room, by a server that can tell nobody."""
        gap = _Gap()
        gap.rooms = None
        if self._link.up_now:
            self._send(self._channels.gap, b"null", gap)
        else:
            self._lost(gap)

    def linked(self) -> None:
        """Tell of what was lost, and send what was kept."""
        gap, self._gap = self._gap, _Gap()
        kept, self._kept = self._kept, deque(maxlen=KEPT_BOUND)
        if gap:
            notice = json.dumps(None if gap.rooms is None else list(gap.rooms)).encode()
            self._send(self._channels.gap, notice if len(notice) <= NOTICE_BOUND else b"null", gap)
        for room, payload in kept:
            self._send(self._channels.of(room), payload, (room, payload))

    def unlinked(self, unanswered: list[Any]) -> None:
        """Note what may have been lost."""
        for token in unanswered:
            self._lost(token)

    def _send(self, channel: bytes, payload: bytes, token: object) -> None:
        sizes = len(channel), channel, len(payload) + ORIGIN, self._origin, payload
        self._link.post(b"*3\r\n$7\r\nPUBLISH\r\n$%d\r\n%b\r\n$%d\r\n%b%b\r\n" % sizes, token)

    def _lost(self, token: Any) -> None:
        if isinstance(token, _Gap):
            self._gap.join(token)
        elif isinstance(token, str):
            self._gap.add(token)
        else:
            self._gap.add(token[0])
            self._kept.append(token)
