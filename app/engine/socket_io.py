"""A Socket.IO server: namespaces, events in order, acknowledgements, rooms.

What a client sends is handled one packet after the other. While more than `max_pending` packets of a client wait for
their handlers, nothing is read from it: a client that floods slows nobody down but itself.

Source: Socket.IO protocol, revision 5.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, Final

from app.engine.base import NO_ACK, Application, Connection, Ending, Options, Refused
from app.engine.client import Client, NamespaceConnection
from app.engine.engine_io import EngineIO
from app.engine.packets import (
    ACK,
    BINARY_ACK,
    BINARY_EVENT,
    CONNECT,
    CONNECT_ERROR,
    DISCONNECT,
    EVENT,
    MalformedError,
    SocketPacket,
    assemble,
    compose,
    parse,
)
from app.engine.rooms import RoomIndex
from app.engine.session import Closing, Prepared, Session

__all__ = ["SocketIO"]

log = logging.getLogger("parley.engine")

_AT_ONCE = (Closing.SERVER, Closing.LIMIT, Closing.SLOW)
"""Ends after which nothing more is handled. After others what has come before is: a client may speak and hang up."""

MAX_CONNECTS: Final = 100
"""Times that a client may connect to namespaces in one session: each may be announced to many."""

TURN: Final = 0.002
"""Seconds after which a client whose packets wait for nothing leaves the loop to others before the next."""

BATCH: Final = 200
BATCH_PAUSE: Final = 0.05
"""Sessions that a draining server closes at a time, and the seconds that it waits, on average, between."""


class SocketIO:
    """An `Engine`: one Socket.IO server.

    Args:
        applications: by namespace.
        options: what can be set.

    """

    def __init__(self, applications: dict[str, Application], options: Options) -> None:
        self._applications = applications
        self._options = options
        self._engine = EngineIO(self, options)
        self._rooms = RoomIndex()
        self._connections = 0
        self._workers: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self._engine(scope, receive, send)

    def authenticated(self, connection: Connection) -> None:
        assert isinstance(connection, NamespaceConnection)
        self._engine.authenticated(connection.session)

    # rooms

    def prepare(self, packet: bytes) -> Prepared:
        return Prepared(packet)

    def join(self, connection: Connection, room: str) -> bool:
        assert isinstance(connection, NamespaceConnection)
        return self._rooms.join(connection, room)

    def leave(self, connection: Connection, room: str) -> bool:
        assert isinstance(connection, NamespaceConnection)
        return self._rooms.leave(connection, room)

    def members(self, room: str) -> Collection[Connection]:
        return self._rooms.members(room)

    def rooms(self, connection: Connection) -> Collection[str]:
        assert isinstance(connection, NamespaceConnection)
        return list(connection.rooms)

    @property
    def connections(self) -> int:
        return self._connections

    @property
    def queued(self) -> int:
        return sum(session.queued for session in self._engine.sessions.values())

    @property
    def refusals(self) -> Mapping[str, int]:
        return self._engine.admission.refusals

    @property
    def endings(self) -> Mapping[str, int]:
        return self._engine.endings

    # what the sessions carry

    def opened(self, session: Session) -> None:
        client = session.context = Client(self._options.limits.events_per_second)
        timeout = self._options.connect_timeout
        client.deadline = asyncio.get_running_loop().call_later(timeout, session.end, Closing.LIMIT)

    def message(self, session: Session, message: bytes) -> None:
        client: Client = session.context
        if client.partial is not None:
            raise MalformedError("an attachment is missing")
        if client.events is not None and not client.events.take():
            self._engine.admission.refusals["events_per_second"] += 1
            session.end(Closing.LIMIT)
            return
        packet = parse(message)
        if packet.attachments:
            client.partial = packet
        else:
            self._queue(session, client, packet)

    def binary(self, session: Session, message: bytes) -> None:
        client: Client = session.context
        packet = client.partial
        if packet is None:
            raise MalformedError("an attachment of nothing")
        client.attachments.append(message)
        if sum(map(len, client.attachments)) > self._options.max_payload:
            raise MalformedError("attachments are too large")
        if len(client.attachments) == packet.attachments:
            packet.data = assemble(packet.data, client.attachments)
            client.partial, client.attachments = None, []
            self._queue(session, client, packet)

    def closed(self, session: Session, closing: Closing) -> None:
        client: Client = session.context
        if client.deadline:
            client.deadline.cancel()
        if closing in _AT_ONCE:
            client.inbox.clear()
        self._engine.closed(session)
        if client.connections:
            self._work(session, client)

    def _queue(self, session: Session, client: Client, packet: SocketPacket) -> None:
        client.inbox.append(packet)
        if len(client.inbox) >= self._options.max_pending:
            session.pause()
        self._work(session, client)

    # what a client sent, one packet after the other

    def _work(self, session: Session, client: Client) -> None:
        if client.worker is None:
            client.worker = asyncio.create_task(self._handle_all(session, client))
            self._workers.add(client.worker)
            client.worker.add_done_callback(self._workers.discard)

    async def _handle_all(self, session: Session, client: Client) -> None:
        inbox, time = client.inbox, asyncio.get_running_loop().time
        turn = time() + TURN
        try:
            while inbox:
                await self._handle(session, client, inbox.pop(0))
                if time() > turn:
                    await asyncio.sleep(0)
                    turn = time() + TURN
                if session.paused and not inbox and not self._engine.draining:
                    session.resume()
            while session.closed and client.connections:
                _, connection = client.connections.popitem()
                await self._ended(connection, _ending(session.closed))
        except Exception:
            log.exception("a handler failed; its session is closed")
            inbox.clear()
            session.end(Closing.SERVER)
        finally:
            client.worker = None
            if inbox or (session.closed and client.connections):
                self._work(session, client)

    async def _handle(self, session: Session, client: Client, packet: SocketPacket) -> None:
        if packet.kind == CONNECT:
            await self._connect(session, client, packet)
            return
        connection = client.connections.get(packet.namespace)
        if connection is None:
            client.inbox.clear()
            session.end(Closing.MALFORMED)  # as Node's server does
        elif packet.kind in (EVENT, BINARY_EVENT):
            await self._event(connection, packet)
        elif packet.kind == DISCONNECT:
            del client.connections[packet.namespace]
            await self._ended(connection, Ending.GOODBYE)
        elif packet.kind not in (ACK, BINARY_ACK):
            session.end(Closing.MALFORMED)

    async def _connect(self, session: Session, client: Client, packet: SocketPacket) -> None:
        if session.closed:
            return
        namespace = packet.namespace
        client.connects += 1
        if client.connects > MAX_CONNECTS:
            session.end(Closing.LIMIT)
            return
        application = self._applications.get(namespace)
        if application is None:
            _send(session, CONNECT_ERROR, namespace, {"message": "Invalid namespace"})
            return
        if namespace in client.connections:
            return
        handshake = session.handshake
        if packet.data is not None:
            handshake = replace(handshake, auth=packet.data)
        try:
            state = await application.authorize(handshake)
        except Refused as refused:
            if refused.retry:
                session.end(Closing.SERVER)
                return
            _send(session, CONNECT_ERROR, namespace, {"message": refused.text})
            return
        if session.closed:
            return
        if client.deadline:
            client.deadline.cancel()
            client.deadline = None
        if not self._options.anonymous:
            self._engine.authenticated(session)
        connection = client.connections[namespace] = NamespaceConnection(
            session, namespace, application, handshake, state
        )
        self._connections += 1
        _send(session, CONNECT, namespace, {"sid": connection.id})
        await application.connected(connection)

    async def _event(self, connection: NamespaceConnection, packet: SocketPacket) -> None:
        if connection.ending is not None:
            return
        event, *args = packet.data
        answer = await connection.application.received(connection, event, args)
        if packet.id is not None and answer is not NO_ACK:
            data = list(answer) if isinstance(answer, tuple) else [] if answer is None else [answer]
            connection.send(Prepared(*compose(ACK, connection.namespace, packet.id, data)))

    async def _ended(self, connection: NamespaceConnection, ending: Ending) -> None:
        connection.ending = connection.ending or ending
        self._connections -= 1
        try:
            await connection.application.disconnected(connection, connection.ending)
        except Exception:
            log.exception("a handler of a disconnect failed")
        self._rooms.leave_all(connection)

    # the end

    async def drain(self, timeout: float) -> None:
        if self._engine.draining:
            return
        self._engine.draining = True
        for session in self._sessions():
            session.pause()
        await self.idle(timeout / 2)
        await self._close_all(timeout / 4)
        await self.idle(timeout / 4)
        self._engine.stop()

    async def idle(self, timeout: float) -> bool:
        if self._workers:
            await asyncio.wait(self._workers, timeout=timeout)
        return not self._workers

    async def _close_all(self, within: float) -> None:
        """Close all sessions, some at a time, so that their clients do not all come back at once elsewhere."""
        sessions = self._sessions()
        random.shuffle(sessions)
        batches = [sessions[start : start + BATCH] for start in range(0, len(sessions), BATCH)]
        for number, batch in enumerate(batches):
            if number:
                await asyncio.sleep(random.uniform(0, 2) * min(BATCH_PAUSE, within / len(batches)))
            for session in batch:
                session.end(Closing.SERVER)

    def _sessions(self) -> list[Session]:
        return list(self._engine.sessions.values())


def _send(session: Session, kind: int, namespace: str, data: Any) -> None:
    session.send(Prepared(*compose(kind, namespace, None, data)))


def _ending(closing: Closing) -> Ending:
    return Ending.CLOSED if closing is Closing.SERVER else Ending.LOST
