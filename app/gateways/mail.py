"""A contract with a mailbox: each connection is given what is pending, then what is live, each message once.

The cluster is a hint and the store is the truth. Where something may have been lost on its way between servers, the
users whom it concerns are given it from the store, before anything that is live.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import Any, ClassVar

from app.cluster.base import Cluster
from app.config import Settings
from app.domain.feed import Feed
from app.domain.mailbox import Backlog, Entry, Mailbox, NewMessage, late
from app.engine.base import Connection, encode
from app.gateways.base import Envelope
from app.gateways.confirmation import Confirmation
from app.gateways.contract import ContractGateway, Session
from app.gateways.recovery import Recovery
from app.metrics import Metrics

__all__ = ["RECOVERED", "MailGateway", "Reader"]

READINGS = 3
"""How often a first list is read at most, as long as something is missed meanwhile."""

RECOVERED = 5_000
"""The most messages that a user is looked up for after a gap. A client that lacks more has to connect again."""


@dataclass(slots=True)
class Reader(Session):
    """A connection that is given messages.

    Attributes:
        feed: what it is given.
        confirmation: what its PONGs confirm, where that is how the contract confirms.
        gaps_before_list: the feed's count of gaps when the reading of its first list began.

    """

    feed: Feed[Any] = field(default_factory=Feed[Any], kw_only=True)
    confirmation: Confirmation | None = field(default=None, kw_only=True)
    gaps_before_list: int = field(default=0, kw_only=True)


class MailGateway(ContractGateway):
    """Gives every connection of a user, whose state is a `Reader`, the messages that the user is sent.

    A contract says what a message is on the wire (`packet`), and what becomes of one that is found late (`_found`).

    Attributes:
        backlog: whether a connection is given what was pending before it began; else the client asks for that, and
            can tell a repeat.

    """

    backlog: ClassVar[bool] = True

    def __init__(self, settings: Settings, mailbox: Mailbox, cluster: Cluster, metrics: Metrics) -> None:
        super().__init__(settings, cluster, metrics)
        self._mailbox = mailbox
        self._recovery = Recovery(self._recover)
        mailbox.watch(self._found)

    def packet(self, entry: Entry, user: str, pending: bool) -> bytes:
        """Return the packet of a message.

        Args:
            entry: the message.
            user: whom it is for, "" if for many.
            pending: whether it is not confirmed by the user.

        """
        raise NotImplementedError

    async def _found(self, message: NewMessage) -> None:
        """Deliver a message that is stored, although its sender had to be told that it may not be."""
        raise NotImplementedError

    # publications

    def _publish(self, room: str, entry: Entry, user: str = "") -> None:
        """Hand a message that was stored to everybody in a room."""
        self._metrics.messages.labels(self.contract).inc()
        self._cluster.publish(room, Envelope(self.packet(entry, user, True), entry.id).encode())

    def deliver(self, room: str, envelope: Envelope) -> None:
        if self.backlog and envelope.message and late(envelope.message):
            self.resync([room])
            return
        packet = self._engine.prepare(envelope.packet)
        for connection in self._engine.members(room):
            reader: Reader = connection.state
            given = reader.feed.given
            if reader.feed.offer(envelope.message, packet, len(envelope.packet)):
                connection.send(packet)
                self._gave(reader, given)
            elif reader.feed.waiting > self._settings.max_buffer // 4:
                self._spill(connection)

    def _spill(self, connection: Connection) -> None:
        """Let go of what is held back for a connection and has become too much: the store has it."""
        reader: Reader = connection.state
        reader.feed.spill()
        if reader.feed.waiting > self._settings.max_buffer // 8:
            connection.close()
        elif reader.feed.listed:
            self._missed(reader.user)

    def _gave(self, reader: Reader, before: int) -> None:
        """Hear that a reader was given messages, and had been given so many before."""
        if reader.feed.given > before:
            self._metrics.deliveries.labels(self.contract).inc(reader.feed.given - before)
            if reader.confirmation:
                reader.confirmation.wake()

    async def _pending(self, reader: Reader, limit: int) -> list[Entry]:
        """Return what is pending, newest first, as of a moment after which nothing was missed.

        What was held back meanwhile, and another device has confirmed by now, is part of it, as it would be out of
        order after it. Where something is missed again and again, faster than a busy store can be read, what is not in
        the list is given after it, like that of any gap.
        """
        pending: list[Entry] = []
        for _ in range(READINGS):
            reader.gaps_before_list = reader.feed.gaps
            pending = await self._mailbox.pending(reader.user, limit, room=self._room)
            newest = pending[0].id if pending else ""
            if overtaken := {held for held in reader.feed.held if held < newest} - {entry.id for entry in pending}:
                backlog = (await self._mailbox.backlogs([reader.user], RECOVERED))[reader.user]
                pending += [entry for entry in backlog.recent if entry.id in overtaken]
                pending.sort(key=_id, reverse=True)
            if reader.feed.gaps == reader.gaps_before_list:
                break
        return pending

    @property
    def _room(self) -> int:
        """How many bytes may be sent at once: what a client does not read for a while must not have it dropped."""
        return self._settings.max_buffer // 2

    def _fitting(self, payloads: list[dict[str, Any]], copies: int = 1) -> list[dict[str, Any]]:
        """Return as many of the first payloads as may be sent in one event, and one at least.

        A list that is more than may wait for a client to read would have it dropped, at each connect again. Where an
        acknowledgement carries the list too it is sent twice.
        """
        room = self._room // copies
        for count, payload in enumerate(payloads):
            room -= len(encode("", payload))
            if room < 0:
                return payloads[: max(count, 1)]
        return payloads

    def _open(self, connection: Connection, given: list[Entry], *, floor: str = "", whole: bool = True) -> None:
        """Send a connection that was sent these what was held back meanwhile, and all that is live from now on.

        Args:
            connection: whose.
            given: what it was sent.
            floor: the oldest of a first list that was cut: what it left out comes at another connect.
            whole: whether that is all it may have missed; else what is live is held back still.

        """
        reader: Reader = connection.state
        before = reader.feed.given
        for packet in reader.feed.open((entry.id for entry in given), floor, whole=whole):
            connection.send(packet)
        self._gave(reader, before)

    def _begin(self, connection: Connection, given: list[Entry], floor: str = "") -> None:
        """Open a connection that was given its first list: what was missed since that was read comes next."""
        reader: Reader = connection.state
        whole = reader.feed.gaps == reader.gaps_before_list
        self._open(connection, given, floor=floor, whole=whole)
        if not whole:
            self._missed(reader.user)

    def _open_first(self, connection: Connection, pending: list[Entry], sent: int) -> None:
        """Open a connection that was sent the newest so many of what is pending, of which there may be more."""
        given = pending[:sent]
        cut = len(pending) >= self._settings.unseen_limit or sent < len(pending)
        self._begin(connection, given, given[-1].id if cut else "")

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
        devices = {user: list(self._devices(user)) for user in users}
        await self._refresh(devices)
        for connection in chain.from_iterable(devices.values()):
            if not connection.state.feed.listed:
                connection.state.feed.hold()  # its first list may have been read before
        backlogs = await self._mailbox.backlogs(users, RECOVERED)
        for user, backlog in backlogs.items():
            whole = not self._recovery.outdated(user)  # else more is given by the recovery that follows
            for connection in self._listed(user):
                self._catch_up(connection, backlog, whole=whole)

    async def _refresh(self, connections: dict[str, list[Connection]]) -> None:
        """Bring up to date what else the connections of users may have missed. Raise `Unavailable`."""

    def _listed(self, user: str) -> list[Connection]:
        """Return the connections of a user that have been given their first list."""
        return [connection for connection in self._devices(user) if connection.state.feed.listed]

    def _catch_up(self, connection: Connection, backlog: Backlog, *, whole: bool) -> None:
        """Send what a connection lacks, oldest first, and then what was held back, if that is the whole.

        What is more than may wait for a client to read goes in parts: the next when the one before it has arrived.
        """
        reader: Reader = connection.state
        pending = {entry.id for entry in backlog.pending}
        entries = {entry.id: entry for entry in chain(backlog.pending, backlog.recent)}
        lacking = reader.feed.missed(pending, map(_id, backlog.recent))
        missed = [entries[message_id] for message_id in sorted(lacking)]
        if len(missed) >= RECOVERED:
            connection.close()
            return
        room = self._room
        for count, entry in enumerate(missed):
            packet = self.packet(entry, reader.user, entry.id in pending)
            room -= len(packet)
            if room < 0 < count:
                self._give(connection, missed[:count])
                return
            connection.send(self._engine.prepare(packet))
        self._open(connection, missed, whole=whole)

    def _give(self, connection: Connection, given: list[Entry]) -> None:
        """Note that a connection was sent these, and go on when they have arrived."""
        reader: Reader = connection.state
        self._open(connection, given, whole=False)
        connection.probe(partial(self._missed, reader.user))

    async def _end(self) -> None:
        await self._recovery.close()

    async def finish(self) -> bool:
        return await self._mailbox.close()


def _id(entry: Entry) -> str:
    return entry.id
