"""The rooms contract: whoever is in a room hears what is said there, in one order, over all servers."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from app.cluster.base import Cluster
from app.config import Settings
from app.domain.errors import Invalid, ParleyError
from app.domain.rooms import Exchange, Room, RoomForbidden, Rooms
from app.engine.base import Connection, Ending, Engine, Handshake, encode
from app.gateways.attendance import Attendance
from app.gateways.base import Envelope
from app.gateways.contract import ContractGateway, Session, on
from app.gateways.conversations import Conversations
from app.gateways.payloads import read
from app.gateways.rooms_wire import Leaving, NewExchange, Participation, epoch_of, exchanged, more_of, room_of
from app.metrics import Metrics

__all__ = ["RoomsGateway", "tell_closed"]

_CLOSED = "closed"
"""What servers tell each other of a room that was closed."""


def tell_closed(cluster: Cluster, room: Room) -> None:
    """Tell every server that a room was closed, by whichever it was asked for."""
    cluster.publish(room_of(room), Envelope(note=_CLOSED).encode(), retry=True)


@dataclass(slots=True)
class _Guest(Session):
    """A connection, which is nobody's.

    Attributes:
        rooms: that it is in, by name.

    """

    rooms: dict[str, Room] = field(default_factory=dict[str, Room], kw_only=True)


class RoomsGateway(ContractGateway):
    """Serves the rooms contract.

    What is said is stored first, which gives it its order, and then published to the servers that have a member.
    """

    contract = "rooms"

    def __init__(self, settings: Settings, rooms: Rooms, cluster: Cluster, metrics: Metrics) -> None:
        super().__init__(settings, cluster, metrics)
        self._service = rooms
        rooms.watch(self._publish)

    def bind(self, engine: Engine) -> None:
        super().bind(engine)
        deliveries = self._metrics.deliveries.labels(self.contract)
        self._conversations = Conversations(engine, self._service, deliveries.inc, self._ended)
        self._attendance = Attendance(engine, self._cluster, self._service.participants)

    # connections

    async def authorize(self, handshake: Handshake) -> _Guest:
        return _Guest("")

    async def connected(self, connection: Connection) -> None:
        auth = connection.handshake.auth
        if isinstance(auth, dict) and "roomId" in auth:
            await self.received(connection, "participants", [auth])

    async def disconnected(self, connection: Connection, ending: Ending) -> None:
        guest: _Guest = connection.state
        rooms = list(guest.rooms.values())
        self._forget(connection)
        for room in rooms:
            self._conversations.forget(room)
        if ending is Ending.LOST and not self._closing:
            self._later(self._miss(rooms, connection.id))
        else:
            await self._leave(rooms, connection.id)

    async def _miss(self, rooms: list[Room], socket: str) -> None:
        """Have a socket leave that was lost, after the grace or when the server goes."""
        try:
            await asyncio.sleep(self._settings.presence_grace)
        finally:
            await self._leave(rooms, socket)

    async def _leave(self, rooms: list[Room], socket: str) -> None:
        for room in rooms:
            await self._attendance.leave(room, socket)

    # events

    @on("participants")
    async def participate(self, connection: Connection, payload: Any) -> Any:
        who = read(Participation, payload)
        room = await self._service.find(who.roomId)
        await self._enter(connection, room, who.username)
        return {"roomId": room.id, "username": who.username, "connected": True}

    @on("exchanges")
    async def exchange(self, connection: Connection, payload: Any) -> Any:
        new, limit = read(NewExchange, payload), self._settings.max_message_length
        if len(new.content) > limit:
            raise Invalid(f"content must be at most {limit} characters")
        more = more_of(new, connection.id)
        try:
            room, exchange = await self._speak(connection, new, more)
        except RoomForbidden as error:
            self.refused(connection, error)
            return "Invalid Room ID"
        self._publish(room, exchange)
        return exchanged(room, exchange)

    @on("leave")
    async def leave(self, connection: Connection, payload: Any) -> Any:
        guest: _Guest = connection.state
        room_id = read(Leaving, payload).roomId
        if room := guest.rooms.get(room_id):
            self._take_out(connection, room)
            await self._attendance.leave(room, connection.id)
        return {"roomId": room_id}

    def refused(self, connection: Connection, error: ParleyError) -> Any:
        told = {"status": "error", "code": error.code, "message": error.text}
        connection.emit("exception", told)
        return told

    # members

    async def _speak(self, connection: Connection, new: NewExchange, more: dict[str, Any]) -> tuple[Room, Exchange]:
        """Say something in a room, and return that as it is stored. Who says it is in the room from then on."""
        guest: _Guest = connection.state
        if known := guest.rooms.get(new.roomId):
            try:
                return known, await self._say(known, new, more)
            except RoomForbidden:
                pass  # it was closed, and may have been opened anew
        room = await self._service.find(new.roomId)
        await self._enter(connection, room, new.username)
        return room, await self._say(room, new, more)

    async def _enter(self, connection: Connection, room: Room, username: str) -> None:
        """Put a connection in a room. Raise `RoomForbidden` if that was closed meanwhile, `Unavailable`."""
        guest: _Guest = connection.state
        if (before := guest.rooms.get(room.id)) and before != room:
            await self._conversations.finish(before)
        guest.rooms[room.id] = room
        try:
            await self._rooms.join(connection, room_of(room))
            await self._conversations.begin(room)
        except ParleyError:
            if before != room:
                self._take_out(connection, room)
            raise
        if guest.rooms.get(room.id) != room:
            raise RoomForbidden
        await self._attendance.enter(room, username, connection.id)

    def _take_out(self, connection: Connection, room: Room) -> None:
        guest: _Guest = connection.state
        if guest.rooms.get(room.id) == room:
            del guest.rooms[room.id]
        self._rooms.leave(connection, room_of(room))
        self._conversations.forget(room)

    def _ended(self, room: Room) -> None:
        """Tell the members that a room was closed, and take them out."""
        for member in list(self._engine.members(room_of(room))):
            member.emit("room_closed", {"roomId": room.id})
            self._take_out(member, room)
            self._later(self._service.participants.leave(room, member.id))

    # publications

    async def _say(self, room: Room, new: NewExchange, more: dict[str, Any]) -> Exchange:
        try:
            return await self._service.say(room, new.username, new.content, new.createdAt, more)
        except RoomForbidden:
            self._conversations.missed(room.epoch)  # its members have not heard of its end
            raise

    def _publish(self, room: Room, exchange: Exchange) -> None:
        self._metrics.messages.labels(self.contract).inc()
        packet = encode("exchanges", exchanged(room, exchange))
        self._cluster.publish(room_of(room), Envelope(packet, str(exchange.order)).encode())

    def deliver(self, room: str, envelope: Envelope) -> None:
        epoch = epoch_of(room)
        if envelope.message:
            self._conversations.offer(epoch, int(envelope.message), self._engine.prepare(envelope.packet))
        elif envelope.note == _CLOSED:
            self._conversations.missed(epoch)
        elif known := self._conversations.room(epoch):
            self._attendance.changed(known, envelope.note)

    def resync(self, rooms: Collection[str] | None) -> None:
        for name in list(self._rooms.names if rooms is None else rooms):
            if room := self._conversations.room(epoch_of(name)):
                self._conversations.missed(room.epoch)
                self._attendance.changed(room)

    async def _end(self) -> None:
        await asyncio.gather(self._conversations.close(), self._attendance.close())

    async def finish(self) -> bool:
        return await self._service.close()
