"""The courier: hands packets to users, wherever they are connected, and says truly whom they were written to.

The roster knows who ought to be there; only the server that holds a connection knows whether it still stands. So every
server that has written a packet to an open connection of its user says so, in a room of the server that asks. Where
nobody says so in time, the user counts as not reached: its server may be dead, and not swept yet.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Collection, Mapping
from itertools import count

from app.cluster.base import Cluster
from app.domain.errors import Unavailable
from app.engine.base import Engine
from app.gateways.base import Envelope, room_of_user
from app.metrics import Metrics

__all__ = ["ASKED", "REACHED", "Courier"]

ASKED = "asked"
"""How the note of a packet begins whose writing is to be told: the room and number to answer with, and of which."""

REACHED = "reached"
"""How the note of an answer begins: the number, and which of its packets were written."""


class _Round:
    """One call: to whom its packets are, and whom they were written to.

    Attributes:
        users: in the order of their packets.
        reached: those to whom theirs was written.

    """

    def __init__(self, users: Collection[str]) -> None:
        self.users = list(users)
        self.reached: set[str] = set()
        self._waiting: set[str] = set()
        self._over: asyncio.Future[None] | None = None

    async def wait(self, users: set[str], timeout: float) -> None:
        """Return when all of these users were reached, or after so many seconds."""
        self._waiting = users - self.reached
        if self._waiting:
            self._over = asyncio.get_running_loop().create_future()
            await asyncio.wait((self._over,), timeout=timeout)

    def reach(self, user: str) -> None:
        """Hear that a user was reached."""
        self.reached.add(user)
        self._waiting.discard(user)
        if self._over and not self._waiting and not self._over.done():
            self._over.set_result(None)


class Courier:
    """Hands packets to the connections of users of one contract, which are in the room of their user.

    What is kept for a call ends with it, and no call takes longer than the roster's answer and `timeout`.

    A connection's state is a `Follower`. One that has not been told yet that it is connected is not written to.

    Args:
        contract: whose roster and rooms they are.
        cluster: reaches the other servers.
        metrics: count what is written.
        timeout: seconds that an answer of another server is waited for.

    """

    def __init__(self, contract: str, cluster: Cluster, metrics: Metrics, timeout: float) -> None:
        self._contract = contract
        self._cluster = cluster
        self._deliveries = metrics.deliveries.labels(contract)
        self._timeout = timeout
        self._room = f"{contract}:answers:{secrets.token_hex(8)}"
        self._listening: asyncio.Future[None] | None = None
        self._numbers = count(1)
        self._rounds: dict[str, _Round] = {}
        self._answers: dict[tuple[str, str], list[str]] = {}

    def bind(self, engine: Engine) -> None:
        """Take the engine that has the connections of this server."""
        self._engine = engine

    async def hand(self, packets: Mapping[str, bytes]) -> set[str]:
        """Write to each user the packet that is theirs, and return those of whom a connection was written to.

        Those of this server are written to before anything is awaited. Who is not connected, as the roster has it, is
        not waited for; where the cluster does not answer, only users of this server are reached.
        """
        number, round_ = str(next(self._numbers)), _Round(packets)
        self._rounds[number] = round_
        try:
            for user, packet in packets.items():
                if self._write(self._room_of(user), packet):
                    round_.reach(user)
            connected = await self._connected(packets)
            if connected is None:
                connected = round_.reached
            for index, user in enumerate(packets):
                if user in connected:
                    note = f"{ASKED} {self._room} {number} {index}"
                    self._cluster.publish(self._room_of(user), Envelope(packets[user], note=note).encode())
            await round_.wait(connected, self._timeout)
        finally:
            del self._rounds[number]
        return round_.reached

    async def _connected(self, users: Collection[str]) -> set[str] | None:
        """Return those of the users who are connected, None if it cannot be told, or answers cannot be heard."""
        if self._listening is None or (self._listening.done() and self._listening.exception()):
            self._listening = self._cluster.subscribe(self._room)
        try:
            _, connected = await asyncio.gather(
                asyncio.shield(self._listening), self._cluster.connected(self._contract, users)
            )
        except Unavailable:
            return None
        return connected

    def _room_of(self, user: str) -> str:
        return room_of_user(self._contract, user)

    def _write(self, room: str, packet: bytes) -> bool:
        """Write a packet to the connections in a room. Return whether there was one that still stood after it."""
        members = self._engine.members(room)
        if not members:
            return False
        prepared = self._engine.prepare(packet)
        written = 0
        for connection in members:
            if connection.state.feed.listed:
                connection.send(prepared)
                written += connection.open
        self._deliveries.inc(written)
        return written > 0

    # what servers tell each other

    def deliver(self, room: str, envelope: Envelope) -> bool:
        """Take a publication, if it is a courier's. Return whether it was."""
        kind, _, words = envelope.note.partition(" ")
        if kind == ASKED:
            asker, number, index = words.split(" ")
            # what this server asks of others it has done itself
            if asker != self._room and self._write(room, envelope.packet):
                self._tell(asker, number, index)
        elif kind == REACHED:
            number, *indexes = words.split(" ")
            if round_ := self._rounds.get(number):
                for index in indexes:
                    round_.reach(round_.users[int(index)])
        return kind in (ASKED, REACHED)

    def _tell(self, asker: str, number: str, index: str) -> None:
        """Tell a server of a packet that was written, with what else is written in this pass of the loop."""
        if not self._answers:
            asyncio.get_running_loop().call_soon(self._tell_all)
        self._answers.setdefault((asker, number), []).append(index)

    def _tell_all(self) -> None:
        answers, self._answers = self._answers, {}
        for (asker, number), indexes in answers.items():
            self._cluster.publish(asker, Envelope(note=f"{REACHED} {number} {' '.join(indexes)}").encode())
