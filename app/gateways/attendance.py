"""Who is in a room, as its members are told: the whole list, whenever somebody comes or goes.

Servers tell each other only that a list has changed. Each reads it then and tells its own members, so that what they
are told last is what is true, in whatever order servers hear of each other.

A list is long and goes to many, and anybody may change it as often as they like. So the first change is told at once,
and those that follow together, after a pause.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from app.cluster.base import Cluster
from app.domain.participants import Participants
from app.domain.rooms import Room
from app.engine.base import Engine, encode
from app.gateways.base import Envelope
from app.gateways.recovery import Recovery
from app.gateways.rooms_wire import listed, room_of

__all__ = ["CAME", "LEFT", "Attendance"]

CAME = "came"
LEFT = "left"
"""What servers tell each other of a list."""

PACE = 0.25
"""Seconds from when a room was told who is there until it is told again."""

RATE = 200_000
"""Bytes a second that the lists of a room may cost a member: after long ones the pause is longer."""


@dataclass(slots=True)
class _List:
    """A list that is to be told.

    Attributes:
        came: whether somebody came, whom the members are told of by a second event too.
        late: whether the cluster did not answer, and other servers may have read what was not yet true.

    """

    room: Room
    came: bool = False
    late: bool = False


class Attendance:
    """Tells the members of rooms who is in them.

    Args:
        engine: has the members.
        cluster: where servers hear of each other.
        participants: of the rooms of all servers.

    """

    def __init__(self, engine: Engine, cluster: Cluster, participants: Participants) -> None:
        self._engine = engine
        self._cluster = cluster
        self._participants = participants
        self._lists: dict[str, _List] = {}
        self._reading = Recovery(self._read)
        self._pauses: dict[str, asyncio.TimerHandle] = {}

    async def enter(self, room: Room, username: str, socket: str) -> None:
        """Add a socket to a room, or have it go by another name."""
        await self._participants.enter(room, username, socket)
        self._announce(room, CAME)

    async def leave(self, room: Room, socket: str) -> None:
        """Remove a socket from a room."""
        await self._participants.leave(room, socket)
        self._announce(room, LEFT)

    def _announce(self, room: Room, change: str) -> None:
        self.changed(room, change)
        self._cluster.publish(room_of(room), Envelope(note=change).encode(), retry=True)

    def changed(self, room: Room, change: str = LEFT) -> None:
        """Have the members told who is in a room now, or after the pause."""
        known = self._lists.setdefault(room.epoch, _List(room))
        known.came |= change == CAME
        if room.epoch not in self._pauses:
            self._reading.want(room.epoch)

    async def close(self) -> None:
        """Tell nothing any more."""
        await self._reading.close()
        for pause in self._pauses.values():
            pause.cancel()

    async def _read(self, epochs: list[str]) -> None:
        due = [epoch for epoch in epochs if epoch in self._lists and epoch not in self._pauses]
        lists = {epoch: self._lists.pop(epoch) for epoch in due}
        try:
            found = await self._participants.of_all([one.room for one in lists.values()])
        except Exception:
            for one in lists.values():
                self.changed(one.room, CAME if one.came else LEFT)
                self._lists[one.room.epoch].late = True
            raise
        for epoch, one in lists.items():
            cost = self._tell(one.room, listed(one.room, found[epoch]), one.came)
            pause = max(PACE, cost / RATE)
            self._pauses[epoch] = asyncio.get_running_loop().call_later(pause, self._go_on, epoch)
            if one.late:
                self._cluster.publish(room_of(one.room), Envelope(note=LEFT).encode())

    def _go_on(self, epoch: str) -> None:
        """End the pause of a room."""
        del self._pauses[epoch]
        if epoch in self._lists:
            self._reading.want(epoch)

    def _tell(self, room: Room, participants: list[dict[str, object]], came: bool) -> int:
        """Tell the members of a room who is there, and return how many bytes each was sent."""
        members = self._engine.members(room_of(room))
        events = [f"participants/{room.id}", *(["exchanges"] if came else [])] if members else []
        packets = [encode(event, participants) for event in events]
        for packet in map(self._engine.prepare, packets):
            for member in members:
                member.send(packet)
        return sum(map(len, packets))
