"""Who is in a room, and who was: over all servers, as far as they know of each other.

One is in a room with any number of sockets, on any servers. Who has left is listed for a while.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Collection
from dataclasses import dataclass

import orjson

from app.cluster.base import Cluster
from app.domain.errors import Unavailable
from app.store.base import Room

__all__ = ["Participant", "Participants"]

ROSTER = "rooms"
"""Its users are the openings of rooms; with each socket the name of its user is kept."""

KEPT = 1_000
"""How many names are listed of a room; of more, who has left is not listed first."""

KEPT_BYTES = 100_000
"""Bytes of a list as JSON, where each entry names the room too; who goes beyond it is not listed, as with `KEPT`."""

ENTRY = len(b'{"roomId":,"username":,"connected":false},')
"""Bytes of an entry beside its two names."""

SOCKETS = 10_000
"""How many sockets in a room are looked at; who has none of those may be listed as not connected."""

KEPT_SECONDS = 86_400.0
"""How long who has left is listed after the last who came."""


@dataclass(frozen=True, slots=True)
class Participant:
    """One who is or was in a room.

    Attributes:
        username: what they are called there.
        connected: whether a socket of theirs is in it.

    """

    username: str
    connected: bool


class Participants:
    """The participants of rooms.

    Args:
        cluster: where they are listed.

    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    async def enter(self, room: Room, username: str, socket: str) -> None:
        """Add a socket, or have one that is there go by another name."""
        await self._cluster.arrive(ROSTER, room.epoch, socket, username)
        with contextlib.suppress(Unavailable):  # then they are not listed any more once they have left
            await self._cluster.enlist(_list(room), username, "", KEPT, KEPT_SECONDS)

    async def leave(self, room: Room, socket: str) -> None:
        """Remove a socket."""
        await self._cluster.leave(ROSTER, room.epoch, socket)

    async def of(self, room: Room) -> list[Participant]:
        """Return the participants of a room, those who came first at the front. Raise `Unavailable`."""
        return (await self.of_all([room]))[room.epoch]

    async def of_all(self, rooms: Collection[Room]) -> dict[str, list[Participant]]:
        """Return the participants of each room, by epoch. Raise `Unavailable`."""
        sockets = await self._cluster.sockets(ROSTER, [room.epoch for room in rooms], SOCKETS)
        lists = await asyncio.gather(*(self._cluster.listed(_list(room), KEPT) for room in rooms))
        return {
            room.epoch: _joined(room, list(reversed(known)), sockets.get(room.epoch, (0, []))[1])
            for room, known in zip(rooms, lists, strict=True)
        }

    async def forget(self, room: Room) -> None:
        """List nobody of a room that was closed, any more."""
        with contextlib.suppress(Unavailable):  # then the list ends by itself
            await self._cluster.unlist(_list(room))


def _list(room: Room) -> str:
    return f"{ROSTER}:{room.epoch}"


def _joined(room: Room, known: list[str], connected: list[str]) -> list[Participant]:
    there, listed = dict.fromkeys(connected), set(known)
    unlisted = dict.fromkeys(name for name in there if name not in listed)
    names = [*unlisted, *known]
    kept = _fitting(room, [name for name in names if name not in there] + list(there))
    return [Participant(name, name in there) for name in names if name in kept]


def _fitting(room: Room, names: list[str]) -> set[str]:
    """Return the last of the names, as many as a list has room for."""
    kept, left = set[str](), KEPT_BYTES
    for name in reversed(names):
        left -= ENTRY + len(orjson.dumps(room.id)) + len(orjson.dumps(name))
        if left < 0 or len(kept) == KEPT:
            break
        kept.add(name)
    return kept
