"""The friends contract: what a user says reaches every friend, at once or at the next connect."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import dataclass
from functools import partial
from typing import Any

from app.cluster.base import Cluster
from app.config import Settings
from app.domain.clock import iso, now_ms
from app.domain.errors import Invalid, NotFound, ParleyError, Unauthorized, Unavailable
from app.domain.mailbox import Entry, Mailbox, Message, NewMessage
from app.domain.roster import Presence
from app.domain.users import Users
from app.engine.base import NO_ACK, Connection, Ending, Engine, Handshake, Refused, encode
from app.gateways.base import Envelope, credential
from app.gateways.confirmation import Confirmation
from app.gateways.contract import on
from app.gateways.following import Follower, Following
from app.gateways.friends_wire import payload
from app.gateways.mail import MailGateway
from app.metrics import Metrics

__all__ = ["FriendsGateway"]

log = logging.getLogger("parley.gateway")


@dataclass(slots=True)
class _Session(Follower):
    """What the gateway knows of a connection."""

    name: str


class FriendsGateway(MailGateway):
    """Serves the friends contract.

    A message is one publication, however many friends there are: all their sockets are in one room.
    """

    contract = "friends"

    def __init__(self, settings: Settings, users: Users, mailbox: Mailbox, cluster: Cluster, metrics: Metrics) -> None:
        super().__init__(settings, mailbox, cluster, metrics)
        self._users = users
        self._presence = Presence(self.contract, cluster, settings.presence_grace, self._gone)
        self._names: dict[str, str] = {}

    def bind(self, engine: Engine) -> None:
        super().bind(engine)
        self._following = Following(self.contract, engine, self._rooms, self._users, self._missed)

    # connections

    async def authorize(self, handshake: Handshake) -> _Session:
        try:
            user, claims = await self._users.authenticate(credential(handshake))
        except (Unauthorized, Unavailable) as error:
            raise Refused(error.text, retry=error.retry) from None
        return _Session(user.id, name=user.name, expires=claims.expires)

    async def connected(self, connection: Connection) -> None:
        session: _Session = connection.state
        confirm = partial(self._mailbox.confirm, session.user)
        session.confirmation = Confirmation(connection, session.feed, confirm, self._settings.confirm_interval)
        try:
            await self._following.begin(connection)
            self._names[session.user] = session.name
            first = await self._presence.arrive(session.user, connection.id)
            if self._closing:
                return
            if first:
                self._announce("connected", session.user, session.name)
            pending = await self._pending(session, self._settings.unseen_limit)
        except Unavailable as error:
            self.refused(connection, error)
            connection.close()
            return
        unseen = self._fitting([payload(entry) for entry in pending])
        connection.emit("unseen_messages", unseen)
        self._open(connection, pending[: len(unseen)])
        self._end_at_expiry(connection)

    async def disconnected(self, connection: Connection, ending: Ending) -> None:
        session: _Session = connection.state
        if session.confirmation:
            session.confirmation.stop()
        self._forget(connection)
        if self._closing:
            return
        if ending is Ending.GOODBYE:
            await self._presence.goodbye(session.user, connection.id)
        else:
            await self._presence.lost(session.user, connection.id)

    # events

    @on("message")
    async def message(self, connection: Connection, text: Any) -> Any:
        session: _Session = connection.state
        if text not in (None, ""):
            self._check(text)
            if message := await self._mailbox.post(session.user, text):
                self._tell(message, session.name)
        return NO_ACK

    def _check(self, text: Any) -> None:
        """Raise `Invalid` for what is no message."""
        limit = self._settings.max_message_length
        if not isinstance(text, str):
            raise Invalid("message must be a string")
        if len(text) > limit:
            raise Invalid(f"message must be at most {limit} characters")

    def refused(self, connection: Connection, error: ParleyError) -> Any:
        connection.emit("exception", {"status": "error", "message": error.text})
        return NO_ACK

    # publications

    def packet(self, entry: Entry, user: str, pending: bool) -> bytes:
        return encode("message", payload(entry))

    async def _found(self, message: NewMessage) -> None:
        self._tell(message, (await self._users.get(message.sender)).name)

    def _tell(self, message: Message | NewMessage, name: str) -> None:
        self._publish(self._following.room_of_friends(message.sender), Entry.of(message, name))

    def _announce(self, event: str, user: str, name: str) -> None:
        announcement = {"message": f"{name} {event} now.", "username": name, "createdAt": iso(now_ms())}
        envelope = Envelope(encode(event, announcement))
        self._cluster.publish(self._following.room_of_friends(user), envelope.encode(), retry=True)

    async def _came(self, user: str) -> None:
        with contextlib.suppress(NotFound):
            self._announce("connected", user, await self._name(user))

    async def _gone(self, user: str) -> None:
        # announced before anything is awaited: a user who comes back at once is announced after it
        try:
            self._announce("disconnected", user, self._names.pop(user, "") or await self._name(user))
            await self._users.left(user)
        except NotFound:
            pass
        except Unavailable:
            log.warning("a user left, and the store did not answer")

    async def _name(self, user: str) -> str:
        return self._names.get(user) or (await self._users.get(user)).name

    # the news of the cluster

    def arrived(self, user: str) -> None:
        self._later(self._came(user))

    def departed(self, user: str) -> None:
        self._later(self._gone(user))

    def friendship(self, user: str, friend: str, began: bool) -> None:
        for one, other in ((user, friend), (friend, user)):
            note = self._following.told(other, began)
            self._cluster.publish(self.room_of_user(one), note, retry=True)

    def deliver(self, room: str, envelope: Envelope) -> None:
        if envelope.note:
            self._following.note(self._engine.members(room), envelope.note)
        else:
            super().deliver(room, envelope)

    async def _refresh(self, connections: dict[str, list[Connection]]) -> None:
        await self._following.refresh(connections)

    async def _end(self) -> None:
        await super()._end()
        await self._presence.close()
        await asyncio.gather(*(self._users.left(user) for user in self._names), return_exceptions=True)
