"""A profile: what has to be known of an implementation to judge it. `profile_file.py` reads it from TOML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from e2e.harness.features import FEATURES

__all__ = [
    "CONTRACTS",
    "TRANSPORTS",
    "Clients",
    "Expected",
    "FixedUser",
    "Mongo",
    "Place",
    "Profile",
    "ProfileError",
    "Source",
    "TransportName",
    "Users",
    "public",
]

CONTRACTS = ("friends", "direct", "rooms", "notifications", "presence")
TransportName = Literal["websocket", "polling"]

TRANSPORTS: tuple[TransportName, ...] = get_args(TransportName)

Source = Literal["rest", "jwt", "fixed"]


class ProfileError(Exception):
    """A profile cannot be used; the text says where and why."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a contract listens.

    Attributes:
        urls: the base URL on each target, in their order; empty for the targets themselves.
        path: the Socket.IO path.
        internal: the base URL of the gateway for services on each target (presence), or its port on the same host.
        internal_path: the Socket.IO path of that gateway.

    """

    urls: tuple[str, ...] = ()
    path: str | None = None
    internal: tuple[str, ...] | tuple[int, ...] = ()
    internal_path: str = "/socket.io"


@dataclass(frozen=True, slots=True)
class Mongo:
    """The database in which users are made, as the application of the friends contract keeps them.

    Attributes:
        url: of MongoDB.
        collection: of users, `{_id: ObjectId, email, password, name, surname, friends: [ObjectId], lastSeen: Date}`.

    """

    url: str
    database: str
    collection: str = "users"


@dataclass(frozen=True, slots=True)
class FixedUser:
    """A user that exists already.

    Attributes:
        name: the `username` on the wire.
        friends: the ids of the others in the list who are friends.

    """

    id: str
    name: str
    token: str
    email: str = ""
    friends: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Users:
    """How users and their tokens are had.

    Attributes:
        source: `rest` registers them at `/users`; `jwt` signs their tokens, and makes them in `mongo`; `fixed` has a
            list of them.
        secret: what the target signs tokens with (HS256), or None if that is not told.
        claims: the claims of a signed token, by name: `id`, `email` or `name` of the user.

    """

    source: Source = "rest"
    secret: str | None = None
    claims: Mapping[str, str] = field(default_factory=lambda: {"sub": "id", "_id": "id", "email": "email"})
    mongo: Mongo | None = None
    fixed: tuple[FixedUser, ...] = ()


@dataclass(frozen=True, slots=True)
class Clients:
    """Which real clients join in.

    Attributes:
        javascript: socket.io-client, with the Node.js and the npm of this machine.

    """

    javascript: bool = False


@dataclass(frozen=True, slots=True)
class Expected:
    """A failure that is known.

    Attributes:
        id: of the requirement, or a pattern of several.
        reason: why it is put up with.

    """

    id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Profile:
    """Everything. Without a file it is Parley itself, at its defaults.

    Attributes:
        name: of the implementation, for reports.
        factor: how many times slower than a developer's machine the target is.
        lacks: the features that it does not offer.

    """

    name: str | None = None
    contracts: Mapping[str, Place] = field(default_factory=dict[str, Place])
    users: Users = field(default_factory=Users)
    clients: Clients = field(default_factory=Clients)
    transports: tuple[TransportName, ...] = TRANSPORTS
    factor: float = 1.0
    message_length: int = 4096
    lacks: frozenset[str] = frozenset()
    expected: tuple[Expected, ...] = ()


def public(profile: Profile) -> dict[str, Any]:
    """Return what of a profile may be read by everybody who reads a report."""
    return {
        "contracts": {
            name: {"urls": list(place.urls), "path": place.path, "internal": list(place.internal)}
            for name, place in profile.contracts.items()
        },
        "users": profile.users.source,
        "secret": "known" if profile.users.secret else "not known",
        "clients": ["python", *(["javascript"] if profile.clients.javascript else [])],
        "transports": list(profile.transports),
        "timing": {"factor": profile.factor},
        "limits": {"message_length": profile.message_length},
        "features": {name: name not in profile.lacks for name in FEATURES},
        "expected": [{"id": it.id, "reason": it.reason} for it in profile.expected],
    }
