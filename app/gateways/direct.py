"""The direct contract: from one user to one other, at least once until the receiver acknowledges it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from app.cluster.base import Cluster
from app.config import Settings
from app.domain.clock import least_id, now_ms
from app.domain.errors import Invalid, NotFound, ParleyError, Unauthorized, Unavailable
from app.domain.feed import Feed
from app.domain.mailbox import LATE_MS, Entry, Mailbox, Message, NewMessage
from app.domain.users import Users
from app.engine.base import Connection, Ending, Handshake, Refused, encode
from app.gateways.base import credential
from app.gateways.contract import on
from app.gateways.direct_wire import Acknowledgement, NewChat, Page, by_sender, chat, message_id
from app.gateways.mail import MailGateway, Reader
from app.gateways.payloads import read
from app.metrics import Metrics

__all__ = ["DirectGateway"]

GREETING = "Hello World!"

COPIES = 2
"""How often a list may be sent: as an event, and in the acknowledgement that was asked for."""


@dataclass(slots=True)
class _Session(Reader):
    """What the gateway knows of a connection.

    Attributes:
        began: when the connection was made, in milliseconds since the epoch.

    """

    began: int


class DirectGateway(MailGateway):
    """Serves the direct contract. Of what was sent before a connect nothing is pushed: the client asks."""

    contract = "direct"
    backlog = False

    def __init__(self, settings: Settings, users: Users, mailbox: Mailbox, cluster: Cluster, metrics: Metrics) -> None:
        super().__init__(settings, mailbox, cluster, metrics)
        self._users = users

    # connections

    async def authorize(self, handshake: Handshake) -> _Session:
        began = now_ms()
        try:
            user, claims = await self._users.authenticate(credential(handshake))
        except (Unauthorized, Unavailable) as error:
            raise Refused(error.text, retry=error.retry) from None
        return _Session(user.id, began, expires=claims.expires, feed=Feed(rounds=False, backlog=self.backlog))

    async def connected(self, connection: Connection) -> None:
        session: _Session = connection.state
        joined = self._rooms.join(connection, self.room_of_user(session.user))
        at_once = joined.done()
        try:
            await joined
            overtaken = [] if at_once else await self._overtaken(session)
        except Unavailable as error:
            self.refused(connection, error)
            connection.close()
            return
        for entry in overtaken:
            connection.send(self._engine.prepare(self.packet(entry, session.user, True)))
        self._begin(connection, overtaken)
        self._end_at_expiry(connection)

    async def _overtaken(self, session: _Session) -> list[Entry]:
        """Return what was sent to a client between its hearing that it is connected and its room being subscribed."""
        pending = await self._pending(session, self._settings.unseen_limit)
        held = session.feed.held  # those would be out of order after what is given of here
        # what was missed may have been sent before the connect, by another clock, and stored after it
        since = least_id(session.began - (LATE_MS if session.feed.gaps else 0))
        return [entry for entry in reversed(pending) if entry.id > since or entry.id in held]

    async def disconnected(self, connection: Connection, ending: Ending) -> None:
        self._forget(connection)

    # events

    @on("ping")
    async def ping(self, connection: Connection, _: Any) -> Any:
        connection.emit("pong", GREETING)
        return GREETING

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
        limit = self._settings.history_limit
        pending = await self._mailbox.pending(reader.user, limit, oldest=True, room=self._room)
        chats = self._fitting([chat(entry, reader.user, received=False) for entry in pending], COPIES)
        connection.emit("unreceived messages", chats)
        return chats

    @on("all messages")
    async def all(self, connection: Connection, payload: Any) -> Any:
        reader: Reader = connection.state
        chats = await (self._everything(reader.user) if payload in (None, {}) else self._page(reader.user, payload))
        found = by_sender(self._fitting(chats, COPIES))
        connection.emit("all messages", found)
        return found

    async def _page(self, user: str, payload: Any) -> list[dict[str, Any]]:
        """Return what the payload asks for, newest first."""
        page, most = read(Page, payload), self._settings.history_limit
        if page.limit is not None and page.limit > most:
            raise Invalid(f"limit must be at most {most}")
        return await self._chats(user, page.sender, page.before, page.limit or most)

    async def _everything(self, user: str) -> list[dict[str, Any]]:
        """Return the last of each sender, then the last but one of each, and so on: what is cut off is old.

        Once this is more than can be sent, no more than the last is read of the senders that are left, and nothing
        once the last of each are more.
        """
        room = room_of_last = self._settings.max_buffer
        ranked: list[tuple[int, dict[str, Any]]] = []
        for sender in await self._mailbox.senders(user):
            chats = await self._chats(user, sender, None, self._settings.history_limit if room > 0 else 1)
            sizes = [len(encode("", one)) for one in chats]
            room -= sum(sizes)
            room_of_last -= sum(sizes[:1])
            ranked += enumerate(chats)
            if room_of_last < 0:
                break
        return [one for _, one in sorted(ranked, key=lambda it: it[0])]

    async def _chats(self, user: str, sender: str, before: str | None, limit: int) -> list[dict[str, Any]]:
        letters = await self._mailbox.letters(user, sender, before, limit)
        return [chat(letter.entry, user, received=not letter.pending) for letter in letters]

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
