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
    """Add the seeded users that the store does not have, with their friendships, and return those added.

    A user who is there already, or whose e-mail another has, is left alone: planting twice changes nothing.
    """
    added: list[User] = []
    for user in load():
        if await store.user(user.id) is None:
            try:
                await store.add_user(user)
            except Conflict:
                continue
            added.append(user)
    known = await store.users([user.id for user in load()])
    for user in added:
        for friend in user.friends:
            if friend in known:
                await store.befriend(user.id, friend)
    return added
