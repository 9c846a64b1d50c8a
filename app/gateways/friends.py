"""The friends contract: what a user says reaches every friend, at once or at the next connect."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Collection, Coroutine
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any

from app.cluster.base import Cluster
from app.config import Settings
from app.domain.clock import iso, now_ms
from app.domain.errors import NotFound, Unauthorized, Unavailable
from app.domain.mailbox import Backlog, Entry, Mailbox, Message, late
from app.domain.roster import Presence
from app.domain.users import Users
from app.engine.base import NO_ACK, Connection, Ending, Engine, Handshake, Refused, encode
from app.gateways.base import Envelope, Gateway, credential
from app.gateways.confirmation import Confirmation
from app.gateways.following import Follower, Following
from app.gateways.friends_wire import complain, fitting, payload, room_of_friends, room_of_user
from app.gateways.membership import Membership
from app.gateways.recovery import Recovery
from app.metrics import Metrics

__all__ = ["FriendsGateway"]

log = logging.getLogger("parley.gateway")

RECOVERED = 5_000
"""The most messages that a user is looked up for after a gap. A client that lacks more has to connect again."""


@dataclass(slots=True)
class _Session(Follower):
    """What the gateway knows of a connection."""

    name: str
    expires: float | None
    confirmation: Confirmation | None = None
    expiry: asyncio.TimerHandle | None = None


class FriendsGateway(Gateway):
    """Serves the friends contract.

    A message is one publication, however many friends there are: all their sockets are in one room. Where the cluster
    may have lost something on its way, the sockets that it concerns are given it from the store (`Recovery`).
    """

    contract = "friends"

    def __init__(self, settings: Settings, users: Users, mailbox: Mailbox, cluster: Cluster, metrics: Metrics) -> None:
        self._settings = settings
        self._users = users
        self._mailbox = mailbox
        self._cluster = cluster
        self._metrics = metrics
        self.presence = Presence(self.contract, cluster, settings.presence_grace, self._gone)
        self._recovery = Recovery(self._recover)
        self._names: dict[str, str] = {}
        self._telling: set[asyncio.Task[None]] = set()
        self._closing = False
        mailbox.watch(self._found)

    def bind(self, engine: Engine) -> None:
        self._engine = engine
        self._rooms = Membership(engine, self._cluster)
        self._following = Following(engine, self._rooms, self._users, self._missed)

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
            first = await self.presence.arrive(session.user, connection.id)
            if self._closing:
                return
            if first:
                self._announce("connected", session.user, session.name)
            pending = await self._pending(session)
        except Unavailable as error:
            complain(connection, error.text)
            connection.close()
            return
        pending = fitting(pending, self._settings.max_buffer // 2)
        connection.emit("unseen_messages", [payload(entry) for entry in pending])
        for packet in session.feed.open(entry.id for entry in pending):
            connection.send(packet)
        self._metrics.deliveries.labels(self.contract).inc(session.feed.given)
        session.confirmation.wake()
        self._end_at_expiry(connection, session)

    async def _pending(self, session: _Session) -> list[Entry]:
        """Return what is unseen, newest first, as of a moment after which nothing was missed.

        What was held back meanwhile, and another device has confirmed by now, is part of it, as it would be out of
        order after it.
        """
        while True:
            gaps = session.feed.gaps
            pending = await self._mailbox.pending(session.user, self._settings.unseen_limit)
            if overtaken := session.feed.held - {entry.id for entry in pending}:
                backlog = (await self._mailbox.backlogs([session.user], RECOVERED))[session.user]
                pending += [entry for entry in backlog.recent if entry.id in overtaken]
                pending.sort(key=_id, reverse=True)
            if session.feed.gaps == gaps:
                return pending

    def _end_at_expiry(self, connection: Connection, session: _Session) -> None:
        def end() -> None:
            complain(connection, "Invalid token")
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
                complain(connection, wrong)
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
            complain(connection, error.text)
            return
        if message:
            self._tell(message, session.name)

    async def _found(self, message: Message) -> None:
        """Deliver a message that is stored, although its sender had to be told that it may not be."""
        self._tell(message, (await self._users.get(message.sender)).name)

    # publications

    def _tell(self, message: Message, name: str) -> None:
        self._metrics.messages.labels(self.contract).inc()
        entry = Entry(message.id, message.text, message.sender, name, message.created_at)
        packet = encode("message", payload(entry))
        self._cluster.publish(room_of_friends(message.sender), Envelope(packet, message.id).encode())

    def _announce(self, event: str, user: str, name: str) -> None:
        announcement = {"message": f"{name} {event} now.", "username": name, "createdAt": iso(now_ms())}
        self._cluster.publish(room_of_friends(user), Envelope(encode(event, announcement)).encode(), retry=True)

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

    def arrived(self, user: str) -> None:
        self._later(self._came(user))

    def departed(self, user: str) -> None:
        self._later(self._gone(user))

    def _later(self, telling: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(telling)
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    def friendship(self, user: str, friend: str, began: bool) -> None:
        change = "began" if began else "ended"
        for one, other in ((user, friend), (friend, user)):
            self._cluster.publish(room_of_user(one), Envelope(note=f"{change} {other}").encode(), retry=True)

    def deliver(self, room: str, envelope: Envelope) -> None:
        if envelope.note:
            change, friend = envelope.note.split(" ")
            for connection in list(self._engine.members(room)):
                self._following.note(connection, friend, change == "began")
            return
        if envelope.message and late(envelope.message):
            self.resync([room])
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

    # gaps

    def resync(self, rooms: Collection[str] | None) -> None:
        wanted = self._rooms.names if rooms is None else rooms
        for user in {member.state.user for room in wanted for member in self._engine.members(room)}:
            self._missed(user)

    def _missed(self, user: str) -> None:
        """Give a user what is pending and was missed, before anything that is live."""
        for connection in self._devices(user):
            connection.state.feed.hold()
        self._recovery.want(user)

    async def _recover(self, users: list[str]) -> None:
        standing = {user: [it for it in self._devices(user) if it.state.feed.listed] for user in users}
        for connection in chain.from_iterable(standing.values()):
            connection.state.notes.clear()
        known = await self._users.many(users)
        joined: list[asyncio.Future[None]] = []
        for user, connections in standing.items():
            for connection in connections:
                if not connection.open:
                    continue
                if user in known:
                    joined += self._following.update(connection, known[user].friends)
                else:
                    connection.close()
        await asyncio.gather(*joined)
        backlogs = await self._mailbox.backlogs(users, RECOVERED)
        for user, backlog in backlogs.items():
            if not self._recovery.outdated(user):
                for connection in self._devices(user):
                    if connection.state.feed.listed:
                        self._catch_up(connection, backlog)

    def _devices(self, user: str) -> list[Connection]:
        """Return the connections of a user to this server."""
        return list(self._engine.members(room_of_user(user)))

    def _catch_up(self, connection: Connection, backlog: Backlog) -> None:
        """Send what a connection lacks, oldest first, and then what was held back."""
        session: _Session = connection.state
        entries = {entry.id: entry for entry in (*backlog.pending, *backlog.recent)}
        lacking = session.feed.missed(map(_id, backlog.pending), map(_id, backlog.recent))
        missed = [entries[message_id] for message_id in sorted(lacking)]
        if len(missed) >= RECOVERED:
            connection.close()
            return
        given = session.feed.given
        for entry in missed:
            connection.emit("message", payload(entry))
        for packet in session.feed.open([entry.id for entry in missed]):
            connection.send(packet)
        self._metrics.deliveries.labels(self.contract).inc(session.feed.given - given)
        if session.confirmation:
            session.confirmation.wake()

    async def close(self) -> None:
        if self._closing:
            return
        self._closing = True
        await self._mailbox.close()
        await self._recovery.close()
        for telling in self._telling:
            telling.cancel()
        await asyncio.gather(*self._telling, return_exceptions=True)
        await self.presence.close()
        await asyncio.gather(*(self._users.left(user) for user in self._names), return_exceptions=True)


def _id(entry: Entry) -> str:
    return entry.id
