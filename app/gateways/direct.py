"""The direct contract: from one user to one other, at least once until the receiver acknowledges it."""

from __future__ import annotations

import asyncio
from typing import Any

from app.cluster.base import Cluster
from app.config import Settings
from app.domain.errors import Invalid, NotFound, ParleyError, Unauthorized, Unavailable
from app.domain.mailbox import Entry, Feed, Letter, Mailbox, Message, NewMessage
from app.domain.users import Users
from app.engine.base import NO_ACK, Connection, Ending, Handshake, Refused, encode
from app.gateways.base import credential
from app.gateways.contract import on
from app.gateways.direct_wire import Acknowledgement, NewChat, Page, chat, message_id
from app.gateways.mail import MailGateway, Reader
from app.gateways.payloads import read
from app.metrics import Metrics

__all__ = ["DirectGateway"]


class DirectGateway(MailGateway):
    """Serves the direct contract. Nothing is sent on a connect: the client asks."""

    contract = "direct"

    def __init__(self, settings: Settings, users: Users, mailbox: Mailbox, cluster: Cluster, metrics: Metrics) -> None:
        super().__init__(settings, mailbox, cluster, metrics)
        self._users = users

    # connections

    async def authorize(self, handshake: Handshake) -> Reader:
        try:
            user, claims = await self._users.authenticate(credential(handshake))
        except (Unauthorized, Unavailable) as error:
            raise Refused(error.text, retry=error.retry) from None
        return Reader(user.id, expires=claims.expires, feed=Feed(rounds=False, backlog=False))

    async def connected(self, connection: Connection) -> None:
        reader: Reader = connection.state
        try:
            await self._rooms.join(connection, self.room_of_user(reader.user))
        except Unavailable as error:
            self.refused(connection, error)
            connection.close()
            return
        self._open(connection, [])
        self._end_at_expiry(connection)

    async def disconnected(self, connection: Connection, ending: Ending) -> None:
        self._forget(connection)

    # events

    @on("ping")
    async def ping(self, connection: Connection, _: Any) -> Any:
        connection.emit("pong", "Hello World!")
        return NO_ACK

    @on("send message")
    async def send(self, connection: Connection, payload: Any) -> Any:
        reader: Reader = connection.state
        new, limit = read(NewChat, payload), self._settings.max_message_length
        if len(new.message) > limit:
            raise Invalid(f"message must be at most {limit} characters")
        message = await self._mailbox.post(reader.user, new.message, (new.receiver,))
        assert message is not None, "it has a recipient"
        entry = self._tell(message, new.receiver)
        return chat(entry, new.receiver, received=False)

    @on("receive message")
    async def receive(self, connection: Connection, payload: Any) -> Any:
        reader: Reader = connection.state
        acknowledged = read(Acknowledgement, payload)
        try:
            await self._mailbox.acknowledge(reader.user, message_id(acknowledged.chatId))
        except NotFound:
            raise NotFound("Chat not found") from None
        return {"chatId": acknowledged.chatId, "received": True}

    @on("unreceived messages")
    async def unreceived(self, connection: Connection, _: Any) -> Any:
        reader: Reader = connection.state
        pending = await self._mailbox.pending(reader.user, self._settings.history_limit)
        chats = self._fitting([chat(entry, reader.user, received=False) for entry in pending])
        connection.emit("unreceived messages", chats[::-1])
        return NO_ACK

    @on("all messages")
    async def all(self, connection: Connection, payload: Any) -> Any:
        reader: Reader = connection.state
        letters = await self._letters(reader.user, payload)
        letters.sort(key=_id, reverse=True)
        chats = self._fitting([chat(it.entry, reader.user, received=not it.pending) for it in letters])
        by_sender: dict[str, list[dict[str, Any]]] = {}
        for one in reversed(chats):
            by_sender.setdefault(one["sender"], []).append(one)
        connection.emit("all messages", by_sender)
        return NO_ACK

    async def _letters(self, user: str, payload: Any) -> list[Letter]:
        """Return what a user was sent, by everybody or as the payload asks for."""
        if payload is not None:
            page = read(Page, payload)
            before = message_id(page.before) if page.before is not None else None
            return await self._mailbox.letters(user, page.sender, before, page.limit)
        limit = self._settings.history_limit
        senders = await self._mailbox.senders(user)
        found = await asyncio.gather(*(self._mailbox.letters(user, sender, None, limit) for sender in senders))
        return [letter for letters in found for letter in letters]

    def refused(self, connection: Connection, error: ParleyError) -> Any:
        told = {"id": connection.state.user, "message": error.text}
        connection.emit("error", told)
        return told

    # publications

    def packet(self, entry: Entry, user: str, pending: bool) -> bytes:
        return encode("message", chat(entry, user, received=not pending))

    async def _found(self, message: NewMessage) -> None:
        for receiver in message.recipients or ():
            self._tell(message, receiver)

    def _tell(self, message: Message | NewMessage, receiver: str) -> Entry:
        entry = Entry.of(message)
        self._publish(self.room_of_user(receiver), entry, receiver)
        return entry


def _id(letter: Letter) -> str:
    return letter.entry.id
