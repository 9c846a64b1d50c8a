"""The notifications contract: what a service tells a user stays until the user's client has confirmed it."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from app.cluster.base import Cluster
from app.config import Settings
from app.domain.errors import Invalid, NotFound, ParleyError, Unauthorized, Unavailable
from app.domain.feed import Feed
from app.domain.mailbox import Entry, Mailbox, Message, NewMessage
from app.domain.roll import Roll
from app.domain.roster import Presence
from app.domain.sessions import Identity, Sessions
from app.domain.users import Users
from app.engine.base import Connection, Ending, Handshake, Refused, encode
from app.gateways.base import Envelope, credential
from app.gateways.contract import on
from app.gateways.mail import MailGateway, Reader
from app.gateways.notifications_wire import LONGEST_ID, SENT, NewNotification, notification, strings, user
from app.gateways.pace import Pace
from app.metrics import Metrics

__all__ = ["NotificationsGateway"]

PACE = 0.5
"""Seconds between two lists of users."""

TOGETHER = 100
"""How many sessions are counted as used by one round to the cluster."""


@dataclass(slots=True)
class _Session(Reader):
    """What the gateway knows of a connection.

    Attributes:
        id: of the session that it goes on with.
        identity: whose session it is.

    """

    id: str
    identity: Identity


class NotificationsGateway(MailGateway):
    """Serves the notifications contract.

    Users need not be those of the store: who somebody is, the handshake says, and from then on the session.
    """

    contract = "notifications"

    def __init__(self, settings: Settings, users: Users, mailbox: Mailbox, cluster: Cluster, metrics: Metrics) -> None:
        super().__init__(settings, mailbox, cluster, metrics)
        self._users = users
        self._presence = Presence(self.contract, cluster, settings.presence_grace, self._gone)
        self._sessions = Sessions(self.contract, cluster, settings.session_ttl)
        self._roll = Roll(self.contract, cluster, settings.users_limit, settings.session_ttl)
        self._everybody = f"{self.contract}:everybody"
        self._news = Pace(self._tell_users, PACE)
        self._renewals = Pace(self._keep_all, PACE)
        self._renewing = False

    # connections

    async def authorize(self, handshake: Handshake) -> _Session:
        auth: dict[str, Any] = handshake.auth if isinstance(handshake.auth, dict) else {}
        given = auth.get("sessionID")
        session = given if isinstance(given, str) and given else str(uuid.uuid4())
        try:
            said = await self._sessions.find(session) or _introduced(auth)
            expires = await self._proven(handshake, said)
            identity = await self._sessions.keep(session, said)
            if identity != said:  # of two who came with one new session, the other was the first
                expires = await self._proven(handshake, identity)
        except ParleyError as error:
            raise Refused(error.text, retry=error.retry) from None
        return _Session(identity.user, session, identity, expires=expires, feed=Feed(rounds=False))

    async def _proven(self, handshake: Handshake, identity: Identity) -> float | None:
        """Return when the proof ends that the client is who it says, None for never: where none is asked for."""
        if self._settings.notifications_auth == "open":
            return None
        proven, claims = await self._users.authenticate(credential(handshake))
        if proven.id != identity.user:
            raise Unauthorized("Invalid token")
        return claims.expires

    async def connected(self, connection: Connection) -> None:
        session: _Session = connection.state
        named = {"sessionID": session.id, "userID": session.user, "username": session.identity.username}
        connection.emit("session", named)
        self._begin_renewing()
        try:
            rooms = self.room_of_user(session.user), self._everybody
            await asyncio.gather(*(self._rooms.join(connection, room) for room in rooms))
            await self._presence.arrive(session.user, connection.id, session.identity.username)
            await self._roll.note(session.identity)  # who is listed is there by then
            if self._closing:
                return
            self._changed()
            pending = await self._pending(session, self._settings.unseen_limit)
        except Unavailable as error:
            self.refused(connection, error)
            connection.close()
            return
        fitting = self._fitting([notification(entry) for entry in pending])
        for one in reversed(fitting):
            connection.emit("newNotification", one)
        self._open_first(connection, pending, len(fitting))
        self._end_at_expiry(connection)

    async def disconnected(self, connection: Connection, ending: Ending) -> None:
        session: _Session = connection.state
        self._forget(connection)
        if self._closing:
            return
        with contextlib.suppress(Unavailable):
            keep = self._sessions.keep(session.id, session.identity)
            await asyncio.gather(keep, self._roll.note(session.identity))
        if ending is Ending.GOODBYE:
            await self._presence.goodbye(session.user, connection.id)
        else:
            await self._presence.lost(session.user, connection.id)

    def _begin_renewing(self) -> None:
        """Have the sessions of those who stay counted as used from now on."""
        if not self._renewing:
            self._renewing = True
            self._later(self._renew())

    async def _renew(self) -> None:
        """Count the sessions of those who stay as used, again and again."""
        while True:
            await asyncio.sleep(self._settings.session_ttl / 3)
            self._renewals.want()

    async def _keep_all(self) -> None:
        sessions = {it.state.id: it.state.identity for it in self._engine.members(self._everybody)}
        names = list(sessions)
        for first in range(0, len(names), TOGETHER):
            some = names[first : first + TOGETHER]
            await asyncio.gather(*(self._sessions.keep(name, sessions[name]) for name in some))

    # events

    @on("sendNotification")
    async def send(self, _: Connection, payload: Any) -> Any:
        return {"message": SENT, "id": await self.notify(payload)}

    @on("confirmNotification")
    async def confirm(self, connection: Connection, payload: Any) -> Any:
        session: _Session = connection.state
        named = strings(payload, notificationId=LONGEST_ID, userId=LONGEST_ID)
        try:
            if named["userId"] != session.user:
                raise NotFound("somebody else's")
            await self._mailbox.acknowledge(session.user, named["notificationId"])
        except NotFound:
            raise NotFound("Notification not found") from None
        return {"notificationId": named["notificationId"], "confirmed": True}

    def refused(self, connection: Connection, error: ParleyError) -> Any:
        message = list(error.broken) if isinstance(error, Invalid) and error.broken else error.text
        told = {"status": "error", "message": message}
        connection.emit("exception", told)
        return told

    # notifications

    async def notify(self, payload: Any) -> str:
        """Send a notification, a user's or a service's, and return its id. Raise `Invalid`, `Unavailable`."""
        new = NewNotification.read(payload, self._settings.max_message_length, self._settings.max_body)
        message = await self._mailbox.post("", new.text, (new.user,))
        assert message is not None, "it has a recipient"
        self._tell(message, new.user)
        return message.id

    def packet(self, entry: Entry, user: str, pending: bool) -> bytes:
        return encode("newNotification", notification(entry))

    async def _found(self, message: NewMessage) -> None:
        for addressee in message.recipients or ():
            self._tell(message, addressee)

    def _tell(self, message: Message | NewMessage, addressee: str) -> None:
        self._publish(self.room_of_user(addressee), Entry.of(message), addressee)

    # who is here

    async def _gone(self, _: str) -> None:
        self._changed()

    def arrived(self, user: str) -> None:
        self._changed()

    def departed(self, user: str) -> None:
        self._changed()

    def _changed(self) -> None:
        """Have every server tell its clients who is here."""
        self._cluster.publish(self._everybody, Envelope(note="users").encode(), retry=True)

    def deliver(self, room: str, envelope: Envelope) -> None:
        if envelope.note:
            self._news.want()
        else:
            super().deliver(room, envelope)

    def resync(self, rooms: Collection[str] | None) -> None:
        if rooms is None or self._everybody in rooms:
            self._news.want()
        if rooms is None:
            self._renewals.want()  # a Redis that comes back may be empty
        super().resync(None if rooms is None else [room for room in rooms if room != self._everybody])

    async def _tell_users(self) -> None:
        packet = self._engine.prepare(encode("users", [user(one) for one in await self._roll.users()]))
        for connection in self._engine.members(self._everybody):
            connection.send(packet)

    async def _end(self) -> None:
        await super()._end()
        await asyncio.gather(self._news.close(), self._renewals.close(), self._presence.close())


def _introduced(auth: dict[str, Any]) -> Identity:
    """Return who a client says to be. Raise `Invalid`."""
    given, username = auth.get("userID"), auth.get("username")
    if not (isinstance(given, str) and given and isinstance(username, str) and username):
        raise Invalid("Username and userID are required")
    if max(len(given), len(username)) > LONGEST_ID:
        raise Invalid(f"Username and userID must be shorter than or equal to {LONGEST_ID} characters")
    return Identity(given, username)
