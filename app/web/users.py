"""`/users`: registration and friendships."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

from quart import Blueprint, Response

from app.domain.users import Users
from app.web import models
from app.web.answers import empty, shown
from app.web.body import body
from app.web.credential import actor
from app.web.schema import STORED, documented

__all__ = ["blueprint"]


def blueprint(users: Users, online: Callable[[Iterable[str]], Awaitable[set[str]]]) -> Blueprint:
    """Return the routes of `/users`."""
    routes = Blueprint("users", __name__)

    @routes.post("/users")
    @documented(
        "Users",
        models.Session,
        status=201,
        request=models.Registration,
        errors=STORED | {409: "Email already in use"},
    )
    async def register() -> Response:
        """Register a user.

        E-mails that differ in nothing but case are the same. The answer is that of a login.
        """
        new = await body(models.Registration)
        user = await users.register(new.email, new.password, new.name, new.surname)
        return shown(models.Session(user=models.User.of(user), token=users.token(user)), 201)

    @routes.get("/users/me")
    @documented("Users", models.User, bearer=True, errors=STORED)
    async def me() -> Response:
        """Show the user of the token."""
        return shown(models.User.of(await actor(users)))

    @routes.get("/users/me/friends")
    @documented("Friends", models.Friends, bearer=True, errors=STORED)
    async def friends() -> Response:
        """List the friends of the user of the token.

        A friend is online while a socket of theirs is connected to the friends contract, and for a grace after it
        was lost.
        """
        found = await users.friends(await actor(users))
        present = await online([friend.id for friend in found])
        return shown(models.Friends([models.Friend.of(friend, friend.id in present) for friend in found]))

    @routes.post("/users/<userId>/friends")
    @documented(
        "Friends",
        models.Users,
        request=models.Friendship,
        bearer=True,
        errors=STORED
        | {
            400: "friendId must be the id of a user",
            403: "Not allowed for another user",
            404: "User not found!",
        },
    )
    async def befriend(userId: str) -> Response:  # noqa: N803  (the contract's name)
        """Make two users friends of each other.

        It takes effect at once, for connected sockets too, and asking for it again changes nothing. The answer is
        the user and the friend.
        """
        user = await actor(users)
        friend = await body(models.Friendship)
        pair = await users.befriend(user, userId, friend.friend_id)
        return shown(models.Users([models.User.of(one) for one in pair]))

    @routes.delete("/users/<userId>/friends/<friendId>")
    @documented(
        "Friends",
        None,
        status=204,
        bearer=True,
        errors=STORED | {403: "Not allowed for another user", 404: "Friend not found!"},
    )
    async def unfriend(userId: str, friendId: str) -> Response:  # noqa: N803  (the contract's names)
        """End a friendship, for both."""
        await users.unfriend(await actor(users), userId, friendId)
        return empty()

    return routes
