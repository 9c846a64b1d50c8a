"""The presence contract: who is online, and messages to any users that are."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from typing import Any

from app.cluster.base import Cluster
from app.config import Settings
from app.domain.clock import iso, now_ms
from app.domain.errors import Forbidden, NotFound, ParleyError, Unauthorized, Unavailable
from app.domain.feed import Feed
from app.domain.online import OnlineUsers, SessionRecord
from app.domain.tokens import Claims
from app.domain.users import User, Users
from app.engine.base import Connection, Ending, Engine, Handshake
from app.gateways.announcing import Announcing
from app.gateways.base import Envelope
from app.gateways.contract import on
from app.gateways.courier import Courier
from app.gateways.following import Follower
from app.gateways.presence_wire import Dispatch, listed, record_of, refusal, status_update, token
from app.gateways.recovery import Recovery
from app.gateways.social import SocialGateway
from app.metrics import Metrics

__all__ = ["ACTIVITY_MS", "PresenceGateway"]

ACTIVITY_MS = 60_000
"""Milliseconds for which the activity of a session is not recorded again."""

EMPTY: dict[str, dict[str, Any]] = {
    "get_online_users": {"users": []},
    "get_online_friends_only": {"users": []},
    "get_all_online_users": {"users": [], "total": 0},
    "get_detailed_online_users": {"users": [], "total": 0},
}
"""What an event is answered that lists nobody, because nobody may be listed."""


@dataclass(slots=True)
class _Session(Follower):
    """What the gateway knows of a connection.

    Attributes:
        record: what the roster keeps of it; None before it is authenticated.

    """

    record: SessionRecord | None = field(default=None, kw_only=True)


class PresenceGateway(SocialGateway):
    """Serves the presence contract.

    Nothing is stored. What a connection is sent before it has been told that it is connected is held back until then.
    """

    contract = "presence"

    def __init__(self, settings: Settings, users: Users, courier: Courier, cluster: Cluster, metrics: Metrics) -> None:
        super().__init__(settings, cluster, metrics)
        self._users = users
        self._courier = courier
        self._announcing = Announcing(
            self.contract, cluster, users, settings.presence_grace, lambda user: user.email, status_update
        )
        self._online = OnlineUsers(self.contract, cluster, settings.users_limit)
        self._recovery = Recovery(self._recover)

    def bind(self, engine: Engine) -> None:
        super().bind(engine)
        self._courier.bind(engine)

    # connections

    async def authorize(self, handshake: Handshake) -> _Session:
        return _Session("", feed=Feed(rounds=False, backlog=False))

    async def connected(self, connection: Connection) -> None:
        session: _Session = connection.state

        def end() -> None:
            self.refused(connection, Unauthorized("Authentication timed out"))
            connection.disconnect()

        session.expiry = asyncio.get_running_loop().call_later(self._settings.auth_timeout, end)

    async def disconnected(self, connection: Connection, ending: Ending) -> None:
        session: _Session = connection.state
        self._forget(connection)
        if not self._closing:
            await self._announcing.end(session.user, connection.id, ending)

    @on("authenticate")
    async def authenticate(self, connection: Connection, payload: Any) -> Any:
        session: _Session = connection.state
        try:
            user, claims = await self._users.authenticate(token(payload))
            if session.record is None:
                await self._enter(connection, user, claims)
        except (Unauthorized, NotFound) as error:
            _after_the_answer(connection.disconnect)
            raise Unauthorized("Invalid token" if isinstance(error, NotFound) else error.text) from None
        except Unavailable:
            if not session.feed.listed:
                _after_the_answer(connection.close)  # the client comes back by itself
            raise
        if session.user != user.id:
            raise Forbidden("Already authenticated as another user")
        self._engine.authenticated(connection)
        self._end_when(connection, claims)
        told = {"user": {"userId": user.id, "email": user.email, "socketId": connection.id}}
        connection.emit("connected", told)
        self._open(connection)
        return told

    async def _enter(self, connection: Connection, user: User, claims: Claims) -> None:
        """Make a connection a session of its user. Raise `Unavailable`."""
        session: _Session = connection.state
        session.user = user.id
        await self._following.begin(connection)
        session.record = record_of(user, claims, connection.handshake)
        await self._announcing.arrive(user.id, user.email, connection.id, session.record.encode())

    def _end_when(self, connection: Connection, claims: Claims) -> None:
        """End a connection when the latest token that it has authenticated with expires."""
        session: _Session = connection.state
        if session.expiry:
            session.expiry.cancel()
        session.expires, session.expiry = claims.expires, None
        self._end_at_expiry(connection)

    def _open(self, connection: Connection) -> None:
        """Send what was held back."""
        session: _Session = connection.state
        for packet in session.feed.open(()):
            connection.send(packet)

    # events

    async def received(self, connection: Connection, event: str, args: list[Any]) -> Any:
        self._note_activity(connection)
        return await super().received(connection, event, args)

    def refused(self, connection: Connection, error: ParleyError) -> Any:
        told = {"message": error.text}
        connection.emit("authentication_error", told)
        return told

    def _refuse(self, connection: Connection, event: str, error: ParleyError) -> Any:
        if event == "authenticate":
            return self.refused(connection, error)
        return {**EMPTY.get(event, {}), **refusal(error.text)}

    @on("ping")
    async def ping(self, connection: Connection, _: Any) -> Any:
        return {"timestamp": iso(now_ms())}

    @on("get_online_users")
    async def online_users(self, connection: Connection, _: Any) -> Any:
        return await self._friends_online(connection.state)

    @on("get_online_friends_only")
    async def online_friends_only(self, connection: Connection, _: Any) -> Any:
        return await self._friends_online(connection.state)

    async def _friends_online(self, session: _Session) -> Any:
        if session.record is None:
            return EMPTY["get_online_users"]
        user = await self._users.get(session.user)
        found = await self._online.among(user.friends)
        return {"users": [listed(friend, "userId", "email", "status", "lastSeen") for friend in found]}

    @on("get_all_online_users")
    async def all_online_users(self, connection: Connection, _: Any) -> Any:
        session: _Session = connection.state
        if session.record is None:
            return EMPTY["get_all_online_users"]
        found, total = await self._online.all(session.user)
        return {"users": [listed(user, "userId", "status", "lastSeen") for user in found], "total": total}

    @on("get_detailed_online_users")
    async def detailed_online_users(self, connection: Connection, _: Any) -> Any:
        session: _Session = connection.state
        if session.record is None:
            return EMPTY["get_detailed_online_users"]
        found, total = await self._online.all(session.user)
        users = [listed(user, "userId", "email", "status", "lastSeen", "sessionCount") for user in found]
        return {"users": users, "total": total, "timestamp": iso(now_ms())}

    @on("send_message")
    async def send_message(self, connection: Connection, payload: Any) -> Any:
        session: _Session = connection.state
        if session.record is None:
            return refusal("User not authenticated")
        dispatch = Dispatch.read(payload, self._settings).of_user()
        return await dispatch.hand_to(self._courier, session.user)

    def _note_activity(self, connection: Connection) -> None:
        """Have the roster know, now and then, that a session is active."""
        session: _Session = connection.state
        now = now_ms()
        if session.record and now - session.record.last_activity >= ACTIVITY_MS:
            session.record = replace(session.record, last_activity=now)
            self._later(self._announcing.update(session.user, connection.id, session.record.encode()))

    # the news of the cluster

    def deliver(self, room: str, envelope: Envelope) -> None:
        if self._courier.deliver(room, envelope):
            return
        if envelope.note:
            super().deliver(room, envelope)
            return
        packet = self._engine.prepare(envelope.packet)
        for connection in self._engine.members(room):
            if connection.state.feed.offer("", packet):
                connection.send(packet)

    def resync(self, rooms: Collection[str] | None) -> None:
        wanted = self._rooms.names if rooms is None else rooms
        for user in {member.state.user for room in wanted for member in self._engine.members(room)}:
            self._unsure(user)

    def _unsure(self, user: str) -> None:
        self._recovery.want(user)

    async def _recover(self, users: list[str]) -> None:
        await self._refresh({user: self._devices(user) for user in users})

    async def _end(self) -> None:
        await self._recovery.close()
        await super()._end()


def _after_the_answer(end: Callable[[], None]) -> None:
    """End a connection when what is being answered has been."""
    asyncio.get_running_loop().call_soon(end)
