"""The friends contract: what a user says reaches every friend, at once or at the next connect."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from app.cluster.base import Cluster
from app.config import Settings
from app.domain.errors import Invalid, ParleyError, Unauthorized, Unavailable
from app.domain.mailbox import Entry, Mailbox, Message, NewMessage
from app.domain.users import Users
from app.engine.base import NO_ACK, Connection, Ending, Handshake, Refused, encode
from app.gateways.announcing import Announcing
from app.gateways.base import credential, room_of_friends
from app.gateways.confirmation import Confirmation
from app.gateways.contract import on
from app.gateways.following import Follower
from app.gateways.friends_wire import announcement, payload
from app.gateways.mail import MailGateway
from app.gateways.social import SocialGateway
from app.metrics import Metrics

__all__ = ["FriendsGateway"]


@dataclass(slots=True)
class _Session(Follower):
    """What the gateway knows of a connection."""

    name: str


class FriendsGateway(SocialGateway, MailGateway):
    """Serves the friends contract.

    A message is one publication, however many friends there are: all their sockets are in one room.
    """

    contract = "friends"

    def __init__(self, settings: Settings, users: Users, mailbox: Mailbox, cluster: Cluster, metrics: Metrics) -> None:
        super().__init__(settings, mailbox, cluster, metrics)
        self._users = users
        self._announcing = Announcing(
            self.contract, cluster, users, settings.presence_grace, lambda user: user.name, announcement
        )

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
            await self._announcing.arrive(session.user, session.name, connection.id)
            if self._closing:
                return
            pending = await self._pending(session, self._settings.unseen_limit)
        except Unavailable as error:
            self.refused(connection, error)
            connection.close()
            return
        unseen = self._fitting([payload(entry) for entry in pending])
        connection.emit("unseen_messages", unseen)
        self._open_first(connection, pending, len(unseen))
        self._end_at_expiry(connection)

    async def disconnected(self, connection: Connection, ending: Ending) -> None:
        session: _Session = connection.state
        if session.confirmation:
            session.confirmation.stop()
        self._forget(connection)
        if not self._closing:
            await self._announcing.end(session.user, connection.id, ending)

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
        self._publish(room_of_friends(self.contract, message.sender), Entry.of(message, name))

    def _unsure(self, user: str) -> None:
        self._missed(user)
