"""`/auth`: a token for a password."""

from __future__ import annotations

from quart import Blueprint, Response

from app.domain.users import Users
from app.web.answers import shown
from app.web.body import body
from app.web.models import Credentials, Session, User
from app.web.schema import STORED, documented

__all__ = ["blueprint"]


def blueprint(users: Users) -> Blueprint:
    """Return the routes of `/auth`."""
    auth = Blueprint("auth", __name__)

    @auth.post("/auth/login")
    @documented("Users", Session, request=Credentials, errors=STORED | {401: "User not found!"})
    async def login() -> Response:
        """Log in.

        The token is good for every contract: as the query parameter `token` of a Socket.IO handshake, and as
        `Authorization: Bearer <token>` here.
        """
        credentials = await body(Credentials)
        user = await users.login(credentials.email, credentials.password)
        return shown(Session(user=User.of(user), token=users.token(user)))

    return auth
