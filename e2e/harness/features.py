"""What a server may offer beyond its gateway, and what the suites use of it.

A test that comes to something that a target does not offer is skipped there, with a sentence that says so; it never
fails for it. `docs/verify.md` tells the features to those who write a profile.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn

__all__ = ["FEATURES", "OVER_REST", "feature_of", "not_applicable"]

FEATURES: Mapping[str, str] = {
    "rest": "anything over HTTP but Socket.IO; without it none of the features over REST is offered",
    "login": "POST /auth/login",
    "users": "/users: registration, the list of friends, friendships",
    "history": "GET /messages",
    "rooms_rest": "/api/v1/rooms: opening and closing a room, its history",
    "services_rest": "/notification/send: services send over REST",
    "probes": "/livez, /healthz, /readyz and /metrics",
    "documents": "/docs, /openapi.json, /examples and /socket.io/socket.io.js",
    "seeds": "the users that the source of the friends contract is seeded with",
    "mounts": "every contract at /<contract>/socket.io on every port",
}
"""Every feature, and what of a server it is."""

_PATHS = {
    "/auth/login": "login",
    "/users": "users",
    "/messages": "history",
    "/api/v1/rooms": "rooms_rest",
    "/notification/send": "services_rest",
    "/api/notification/send": "services_rest",
    "/livez": "probes",
    "/healthz": "probes",
    "/readyz": "probes",
    "/metrics": "probes",
    "/docs": "documents",
    "/openapi.json": "documents",
    "/examples": "documents",
    "/socket.io/socket.io": "documents",
}

OVER_REST = frozenset({*_PATHS.values(), "seeds"})
"""The features that there are not without `rest`."""


def feature_of(path: str) -> str:
    """Return the feature that a path of REST belongs to; `rest` for one that is of none of the others."""
    return next((feature for prefix, feature in _PATHS.items() if path.startswith(prefix)), "rest")


def not_applicable(why: str) -> NoReturn:
    """End the test: the target need not, or cannot, do what it is about."""
    import pytest  # reports are shown where there is none

    pytest.skip(why)
