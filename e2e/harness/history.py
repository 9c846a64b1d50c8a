"""What happened in a run with faults, as the clients saw it: the material that the checker judges.

Times are seconds on one clock. A socket is one connection and belongs to one person; a device that reconnects has
several. Every text is sent once, so that it stands for its message before anybody knows the id.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["Delivered", "Fault", "History", "How", "Refused", "Sent", "Socket", "Stored"]

How = Literal["live", "unseen"]


@dataclass(slots=True)
class Socket:
    """A connection.

    Attributes:
        name: as in the transcript.
        person: whose it is.
        opened: when `unseen_messages` arrived: what is sent from then on must arrive here.
        closed: when it ended; None while it stands.

    """

    name: str
    person: str
    opened: float
    closed: float | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that a socket was given to send."""

    text: str
    socket: str
    at: float


@dataclass(frozen=True, slots=True)
class Refused:
    """An `exception`: some message of this socket, sent before, was not stored, or may not be."""

    socket: str
    at: float


@dataclass(frozen=True, slots=True)
class Stored:
    """A message that a person's history lists."""

    reader: str
    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Delivered:
    """A message that arrived on a socket: live, or in `unseen_messages`."""

    socket: str
    id: str
    text: str
    at: float
    how: How


@dataclass(slots=True)
class Fault:
    """Something that was done to the deployment, from when to when."""

    name: str
    began: float
    ended: float | None = None


@dataclass(slots=True)
class History:
    """Everything that happened, each list in the order in which it did.

    Attributes:
        audience: the people whom each person's messages are for.
        stored: what the histories of all people say at the end, newest first as they came.

    """

    audience: Mapping[str, frozenset[str]]
    sockets: dict[str, Socket] = field(default_factory=dict[str, Socket])
    sent: list[Sent] = field(default_factory=list[Sent])
    refused: list[Refused] = field(default_factory=list[Refused])
    delivered: list[Delivered] = field(default_factory=list[Delivered])
    stored: list[Stored] = field(default_factory=list[Stored])
    faults: list[Fault] = field(default_factory=list[Fault])

    def opened(self, name: str, person: str, at: float) -> None:
        """Record a socket that is ready."""
        self.sockets[name] = Socket(name, person, at)

    def closed(self, name: str, at: float) -> None:
        """Record the end of a socket."""
        self.sockets[name].closed = at

    def person_of(self, socket: str) -> str:
        """Return whose socket it is."""
        return self.sockets[socket].person
