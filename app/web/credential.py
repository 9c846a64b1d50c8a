"""Who makes a request."""

from __future__ import annotations

from quart import request

from app.domain.users import Users
from app.store.base import User

__all__ = ["actor"]


async def actor(users: Users) -> User:
    """Return the user whose token is in `Authorization`. Raise `Unauthorized`."""
    user, _claims = await users.authenticate(request.headers.get("Authorization"))
    return user
