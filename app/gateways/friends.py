"""The friends contract: what a user says reaches every friend, at once or at the next connect."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from functools import partial
from typing import Any

from app.cluster.base import Cluster
from app.config import Settings
from app.domain.clock import iso, now_ms
from app.domain.errors import Unauthorized, Unavailable
from app.domain.mailbox import Entry, Feed, Mailbox
from app.domain.roster import Presence
from app.domain.users import Users
from app.engine.base import NO_ACK, Connection, Ending, Engine, Handshake, Refused, encode
from app.gateways.base import Confirmation, Envelope, Gateway, Rooms, credential
from app.metrics import Metrics

__all__ = ["FriendsGateway"]

log = logging.getLogger("parley.gateway")


@dataclass(slots=True)
class _Session:
    """What the gateway knows of a connection."""

    user: str
    name: str
    expires: float | None
    feed: Feed[Any]
    former: set[str]
    confirmation: Confirmation | None = None
    expiry: asyncio.TimerHandle | None = None


class FriendsGateway(Gateway):
    """Serves the friends contract.

    A room `friends:user:<id>` has the sockets of a user; `friends:of:<id>` has those of all friends of a user, so
    that a message is one publication however many friends there are.
    """

    contract = "friends"

    def __init__(self, settings: Settings, users: Users, mailbox: Mailbox, cluster: Cluster, metrics: Metrics) -> None:
        self._settings = settings
        self._users = users
        self._mailbox = mailbox
        self._cluster = cluster
        self._metrics = metrics
        self.presence = Presence(self.contract, cluster, settings.presence_grace, self._gone)
        self._names: dict[str, str] = {}
        self._closing = False

    def bind(self, engine: Engine) -> None:
        self._engine = engine
        self._rooms = Rooms(engine, self._cluster)

    # connections

    async def authorize(self, handshake: Handshake) -> _Session:
        try:
            user, claims = await self._users.authenticate(credential(handshake))
        except (Unauthorized, Unavailable) as error:
            raise Refused(error.text, retry=error.retry) from None
        return _Session(user.id, user.name, claims.expires, Feed(), set())

    async def connected(self, connection: Connection) -> None:
        session: _Session = connection.state
        confirm = partial(self._mailbox.confirm, session.user)
        session.confirmation = Confirmation(connection, session.feed, confirm, self._settings.confirm_interval)
        try:
            await self._subscribe(connection, session)
            first = await self.presence.arrive(session.user, connection.id)
            if self._closing:
                return
            self._names[session.user] = session.name
            if first:
                self._announce("connected", session.user, session.name)
            pending = await self._mailbox.pending(session.user, self._settings.unseen_limit)
        except Unavailable as error:
            _complain(connection, error.text)
            connection.close()
            return
        pending = _fitting(pending, self._settings.max_buffer // 2)
        connection.emit("unseen_messages", [_payload(entry) for entry in pending])
        for packet in session.feed.open(entry.id for entry in pending):
            connection.send(packet)
        self._metrics.deliveries.labels(self.contract).inc(session.feed.given)
        session.confirmation.wake()
        self._end_at_expiry(connection, session)

    async def _subscribe(self, connection: Connection, session: _Session) -> None:
        await self._rooms.join(connection, f"friends:user:{session.user}")
        # read after joining: a friendship that begins or ends from now on is heard of in that room
        user = await self._users.get(session.user)
        for friend in user.friends:
            if friend not in session.former:
                await self._rooms.join(connection, f"friends:of:{friend}")

    def _end_at_expiry(self, connection: Connection, session: _Session) -> None:
        def end() -> None:
            _complain(connection, "Invalid token")
            connection.disconnect()

        if session.expires is not None:
            wait = max(0.0, session.expires - now_ms() / 1000)
            session.expiry = asyncio.get_running_loop().call_later(wait, end)

    async def disconnected(self, connection: Connection, ending: Ending) -> None:
        session: _Session = connection.state
        if session.confirmation:
            session.confirmation.stop()
        if session.expiry:
            session.expiry.cancel()
        self._rooms.leave_all(connection)
        if self._closing:
            return
        if ending is Ending.GOODBYE:
            await self.presence.goodbye(session.user, connection.id)
        else:
            await self.presence.lost(session.user, connection.id)

    # events

    async def received(self, connection: Connection, event: str, args: list[Any]) -> Any:
        text = args[0] if args else None
        if event == "message" and text not in (None, ""):
            if wrong := self._wrong(text):
                _complain(connection, wrong)
            else:
                await self._message(connection, text)
        return NO_ACK

    def _wrong(self, text: Any) -> str | None:
        """Return what is wrong with a message, None if nothing is."""
        limit = self._settings.max_message_length
        if not isinstance(text, str):
            return "message must be a string"
        return f"message must be at most {limit} characters" if len(text) > limit else None

    async def _message(self, connection: Connection, text: str) -> None:
        session: _Session = connection.state
        try:
            message = await self._mailbox.post(session.user, text)
        except Unavailable as error:
            _complain(connection, error.text)
            return
        if message:
            self._metrics.messages.labels(self.contract).inc()
            entry = Entry(message.id, text, session.user, session.name, message.created_at)
            self._publish(session.user, "message", _payload(entry), message.id)

    # publications

    def _publish(self, user: str, event: str, payload: dict[str, Any], message: str = "") -> None:
        self._cluster.publish(f"friends:of:{user}", Envelope(encode(event, payload), message).encode())

    def _announce(self, event: str, user: str, name: str) -> None:
        text = f"{name} {event} now."
        self._publish(user, event, {"message": text, "username": name, "createdAt": iso(now_ms())})

    async def _gone(self, user: str) -> None:
        # announced before anything is awaited: a user who comes back at once is announced after it
        name = self._names.pop(user, None)
        try:
            self._announce("disconnected", user, name or (await self._users.get(user)).name)
            await self._users.left(user)
        except Unavailable:
            log.warning("a user left, and the store did not answer")

    def friendship(self, user: str, friend: str, began: bool) -> None:
        change = "began" if began else "ended"
        for one, other in ((user, friend), (friend, user)):
            self._cluster.publish(f"friends:user:{one}", Envelope(note=f"{change} {other}").encode())

    def deliver(self, room: str, envelope: Envelope) -> None:
        if envelope.note:
            change, friend = envelope.note.split(" ")
            for connection in list(self._engine.members(room)):
                self._follow(connection, friend, change == "began")
            return
        packet = self._engine.prepare(envelope.packet)
        delivered = 0
        for connection in self._engine.members(room):
            session: _Session = connection.state
            if session.feed.offer(envelope.message, packet):
                connection.send(packet)
                if envelope.message and session.confirmation:
                    session.confirmation.wake()
                    delivered += 1
        self._metrics.deliveries.labels(self.contract).inc(delivered)

    def _follow(self, connection: Connection, friend: str, began: bool) -> None:
        """Join a connection to what a new friend says, before anything else is published, or take it out."""
        session: _Session = connection.state
        room = f"friends:of:{friend}"
        if not began:
            session.former.add(friend)
            self._rooms.leave(connection, room)
        elif connection.open:
            session.former.discard(friend)
            subscribed = asyncio.ensure_future(self._rooms.join(connection, room))
            subscribed.add_done_callback(partial(_close_if_failed, connection))

    async def close(self) -> None:
        if self._closing:
            return
        self._closing = True
        await self.presence.close()
        await asyncio.gather(*(self._users.left(user) for user in self._names), return_exceptions=True)


def _payload(entry: Entry) -> dict[str, Any]:
    return {
        "message": entry.text,
        "username": entry.username,
        "createdAt": iso(entry.created_at),
        "id": entry.id,
        "senderId": entry.sender,
    }


def _fitting(entries: list[Entry], room: int) -> list[Entry]:
    """Return as many of the first entries as fit into so many bytes, and one at least.

    A list that is more than may wait for a client to read would have it dropped, at each connect again.
    """
    for count, entry in enumerate(entries):
        room -= len(encode("", _payload(entry)))
        if room < 0:
            return entries[: max(count, 1)]
    return entries


def _close_if_failed(connection: Connection, subscribed: asyncio.Future[None]) -> None:
    """Have a client come back, and read whom it is friends with, where a subscription failed."""
    if subscribed.cancelled() or subscribed.exception() is not None:
        connection.close()


def _complain(connection: Connection, text: str) -> None:
    connection.emit("exception", {"status": "error", "message": text})
