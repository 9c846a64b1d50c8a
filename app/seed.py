"""The seeded users: `seed/users.json`, as they were given, with bcrypt hashes of the documented password."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from app.domain.errors import Conflict
from app.resources import path
from app.store.base import Store, User

__all__ = ["PASSWORD", "load", "plant"]

PASSWORD = "123456"


def load() -> list[User]:
    """Return the seeded users."""
    return [_user(record) for record in json.loads((path("seed") / "users.json").read_text())]


def _user(record: dict[str, Any]) -> User:
    seen = int(datetime.fromisoformat(record["lastSeen"]).timestamp() * 1000)
    return User(
        record["_id"],
        record["email"],
        record["password"],
        record["name"],
        record["surname"],
        tuple(record["friends"]),
        seen,
    )


async def plant(store: Store) -> list[User]:
    """Add the seeded users that the store does not have, and return them.

    A user who is there already, or whose e-mail another has, is left alone: planting twice changes nothing. Each comes
    with their own side of their friendships, so that planting can be cut short and taken up again.
    """
    added: list[User] = []
    for user in load():
        if await store.user(user.id) is None:
            try:
                await store.add_user(user)
            except Conflict:
                continue
            added.append(user)
    return added
