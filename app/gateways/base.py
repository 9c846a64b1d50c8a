"""What the gateways share: the news of the cluster, and the envelopes that it comes in.

A publication is an envelope with a finished packet in it: encoded once by the sender's server, handed out as it is by
every server that has a member of the room.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from app.cluster.base import Listener
from app.engine.base import Application, Engine, Handshake

__all__ = ["Envelope", "Gateway", "Hub", "credential", "room_of_friends", "room_of_user"]


@dataclass(frozen=True, slots=True)
class Envelope:
    """What is published in a room.

    Attributes:
        packet: a finished Engine.IO packet, b"" if the note is all there is.
        message: id of the stored message in the packet, "" for what is in no mailbox.
        note: what the servers tell each other, "" for a packet that goes to the members as it is.

    """

    packet: bytes = b""
    message: str = ""
    note: str = ""

    def encode(self) -> bytes:
        """Return the envelope as a publication's payload."""
        return f"{self.message}\n{self.note}\n".encode() + self.packet

    @classmethod
    def decode(cls, payload: bytes) -> Envelope:
        """Return the envelope of a payload."""
        message, note, packet = payload.split(b"\n", 2)
        return cls(packet, message.decode(), note.decode())


class Gateway(Application, Protocol):
    """A contract's application."""

    contract: str

    def bind(self, engine: Engine) -> None:
        """Take the engine that this gateway is served by; called once, before the first connection."""
        ...

    def deliver(self, room: str, envelope: Envelope) -> None:
        """Take a publication for a room of this contract."""
        ...

    def resync(self, rooms: Collection[str] | None) -> None:
        """Publications for these rooms of this contract, None for all, may have been missed."""
        ...

    def arrived(self, user: str) -> None:
        """Hear that a user is present since a while, of which nobody was told."""
        ...

    def departed(self, user: str) -> None:
        """Hear that a user is absent, of which nobody was told."""
        ...

    def friendship(self, user: str, friend: str, began: bool) -> None:
        """Hear that this server made two users friends, or ended it."""
        ...

    async def close(self) -> None:
        """Announce nothing more: the server is going away."""
        ...

    async def finish(self) -> bool:
        """Deliver nothing more: the store is closed. Return False if something may be stored and not delivered."""
        ...


class Hub(Listener):
    """Hands the cluster's news to the gateways. A room's name begins with its contract and a colon."""

    def __init__(self) -> None:
        self._gateways: dict[str, Gateway] = {}

    def add(self, gateway: Gateway) -> None:
        """Have a gateway told of what concerns it."""
        self._gateways[gateway.contract] = gateway

    def deliver(self, room: str, payload: bytes) -> None:
        if gateway := self._gateways.get(room.partition(":")[0]):
            gateway.deliver(room, Envelope.decode(payload))

    def resync(self, rooms: Collection[str] | None) -> None:
        for contract, gateway in self._gateways.items():
            missed = None if rooms is None else [room for room in rooms if room.partition(":")[0] == contract]
            if missed is None or missed:
                gateway.resync(missed)

    def arrived(self, roster: str, user: str) -> None:
        if gateway := self._gateways.get(roster):
            gateway.arrived(user)

    def departed(self, roster: str, user: str) -> None:
        if gateway := self._gateways.get(roster):
            gateway.departed(user)

    def friendship(self, user: str, friend: str, began: bool) -> None:
        """Tell every gateway of a friendship that began or ended."""
        for gateway in self._gateways.values():
            gateway.friendship(user, friend, began)


def credential(handshake: Handshake) -> str | None:
    """Return the token of a handshake: of its query, else its auth payload, else its Authorization header.

    A token that is no string is as good as one that is not valid.
    """
    auth = handshake.auth if isinstance(handshake.auth, dict) else {}
    found = handshake.query.get("token") or auth.get("token") or handshake.headers.get("authorization")
    return found if found is None or isinstance(found, str) else str(found)


def room_of_user(contract: str, user: str) -> str:
    """Return the room of the connections of a user to a contract."""
    return f"{contract}:user:{user}"


def room_of_friends(contract: str, user: str) -> str:
    """Return the room of the connections of all friends of a user to a contract."""
    return f"{contract}:of:{user}"
