"""What is said in rooms, as the members on this server hear it: all of it, once, and in its order.

A publication is a hint: it may be lost, come twice, or come before the one that it follows. What is held back for
more than a moment, and whatever may have been lost, is read from the store, where every order is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from app.domain.rooms import Exchange, Room, RoomForbidden, Rooms
from app.domain.sequencer import Sequencer
from app.engine.base import Engine, encode
from app.gateways.recovery import Recovery
from app.gateways.rooms_wire import exchanged, room_of

__all__ = ["HOLD_BACK", "Conversations"]

HOLD_BACK = 0.1
"""Seconds that what comes too early waits for what is missing, until that is read."""


@dataclass(slots=True)
class _Conversation:
    """An opening of a room that somebody is in, on this server.

    Attributes:
        missed: whether something may have been lost before it is known what comes first.
        timer: until what is missing is read.

    """

    room: Room
    sequencer: Sequencer[Any] = field(default_factory=Sequencer[Any])
    missed: bool = False
    timer: asyncio.TimerHandle | None = None


class Conversations:
    """The rooms that somebody is in, on this server.

    Args:
        engine: has the members.
        rooms: what is said in them.
        heard: called with how many members were given something.
        ended: called with a room that turns out to be closed, after its members have heard all that was said.

    """

    def __init__(
        self, engine: Engine, rooms: Rooms, heard: Callable[[int], None], ended: Callable[[Room], None]
    ) -> None:
        self._engine = engine
        self._rooms = rooms
        self._heard = heard
        self._ended = ended
        self._conversations: dict[str, _Conversation] = {}
        self._recovery = Recovery(self._recover)

    def __contains__(self, room: Room) -> bool:
        return room.epoch in self._conversations

    def room(self, epoch: str) -> Room | None:
        """Return the room of an opening, None if nobody is in it."""
        conversation = self._conversations.get(epoch)
        return conversation.room if conversation else None

    async def begin(self, room: Room) -> None:
        """Let somebody hear what is said from now on, who is subscribed to it.

        Raise `RoomForbidden` if the room is closed, `Unavailable`; `forget` is for the caller to call then.
        """
        conversation = self._conversations.setdefault(room.epoch, _Conversation(room))
        if conversation.sequencer.last is not None:
            return
        # its end is heard of from now on, but may have come just before
        if not await self._rooms.is_open(room):
            raise RoomForbidden
        last = await self._rooms.last(room)
        if not self._current(conversation):
            raise RoomForbidden
        self._pass(conversation, conversation.sequencer.begin(last))
        if conversation.missed:
            self._recovery.want(room.epoch)

    def forget(self, room: Room) -> None:
        """Hear that somebody is in a room no more."""
        if not self._engine.members(room_of(room)):
            conversation = self._conversations.pop(room.epoch, None)
            if conversation and conversation.timer:
                conversation.timer.cancel()

    async def finish(self, room: Room) -> None:
        """Have the members hear all that was said in a room that was closed, and of its end. Raise `Unavailable`."""
        conversation = self._conversations.get(room.epoch)
        if conversation and conversation.sequencer.last is not None:
            await self._catch_up(conversation)

    async def close(self) -> None:
        """Read nothing any more."""
        await self._recovery.close()
        for conversation in self._conversations.values():
            if conversation.timer:
                conversation.timer.cancel()

    # what is heard

    def offer(self, epoch: str, order: int, packet: Any) -> None:
        """Take a publication."""
        if conversation := self._conversations.get(epoch):
            self._offer(conversation, order, packet)

    def _offer(self, conversation: _Conversation, order: int, packet: Any) -> None:
        self._pass(conversation, conversation.sequencer.offer(order, packet))

    def _pass(self, conversation: _Conversation, packets: Iterable[Any]) -> None:
        if not self._current(conversation):
            return  # all who were in it have left; who has come again has begun another
        members = self._engine.members(room_of(conversation.room))
        for packet in packets:
            for member in members:
                member.send(packet)
            self._heard(len(members))
        if conversation.sequencer.waiting and conversation.timer is None:
            conversation.timer = asyncio.get_running_loop().call_later(HOLD_BACK, self._look, conversation)

    def _look(self, conversation: _Conversation) -> None:
        """Read what is missing, if it has not come meanwhile."""
        conversation.timer = None
        if conversation.sequencer.waiting:
            self.missed(conversation.room.epoch)

    # gaps

    def missed(self, epoch: str) -> None:
        """Read from the store what may have been lost, the end of the room too."""
        if conversation := self._conversations.get(epoch):
            if conversation.sequencer.last is None:
                conversation.missed = True
            else:
                self._recovery.want(epoch)

    async def _recover(self, epochs: list[str]) -> None:
        for epoch in epochs:
            if conversation := self._conversations.get(epoch):
                await self._catch_up(conversation)

    async def _catch_up(self, conversation: _Conversation) -> None:
        room, sequencer = conversation.room, conversation.sequencer
        # asked first: what was said in a room that has ended is all there then
        ended = not await self._rooms.is_open(room)
        async for exchange in self._rooms.after(room, sequencer.last or 0):
            if not self._current(conversation):
                return
            self._offer(conversation, exchange.order, self._packet(room, exchange))
        if ended and self._current(conversation):
            self._ended(room)

    def _current(self, conversation: _Conversation) -> bool:
        """Whether somebody is still in a room of those who were."""
        return self._conversations.get(conversation.room.epoch) is conversation

    def _packet(self, room: Room, exchange: Exchange) -> Any:
        return self._engine.prepare(encode("exchanges", exchanged(room, exchange)))
