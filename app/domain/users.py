"""Users: who they are, how they prove it, and whom they are friends with."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from app.domain.clock import now_ms, user_id
from app.domain.errors import Forbidden, Invalid, NotFound, Unauthorized
from app.domain.passwords import Passwords
from app.domain.tokens import Claims, Tokens, bearer
from app.store.base import Store, User

__all__ = ["User", "Users"]


class Users:
    """Registration, login, tokens and friendships over a store.

    Args:
        store: where users are kept.
        tokens: issues and verifies.
        passwords: hashes and checks.
        uniform_errors: answer one text to an unknown e-mail and to a wrong password.
        on_friendship: called with both ids, and whether they are friends, after it was asked for and made so.

    """

    def __init__(
        self,
        store: Store,
        tokens: Tokens,
        passwords: Passwords,
        *,
        uniform_errors: bool = False,
        on_friendship: Callable[[str, str, bool], None] = lambda _user, _friend, _began: None,
    ) -> None:
        self._store = store
        self._tokens = tokens
        self._passwords = passwords
        self._uniform_errors = uniform_errors
        self._on_friendship = on_friendship

    async def register(self, email: str, password: str, name: str = "", surname: str = "") -> User:
        """Add a user. Raise `Conflict` "Email already in use" if the e-mail is taken."""
        hashed = await self._passwords.hash(password)
        user = User(user_id(), email.lower(), hashed, name, surname, (), now_ms())
        await self._store.add_user(user)
        return user

    async def login(self, email: str, password: str) -> User:
        """Return the user whose e-mail and password these are.

        Raise `Unauthorized` "User not found!" or "Wrong password!" (with `uniform_errors`: "Invalid credentials").
        Both take as long as a login that succeeds.
        """
        user = await self._store.user_by_email(email)
        right = await self._passwords.check(password, user.password if user else None)
        if user and right:
            return user
        if self._uniform_errors:
            raise Unauthorized("Invalid credentials")
        raise Unauthorized("Wrong password!" if user else "User not found!")

    def token(self, user: User) -> str:
        """Return a token that proves to be this user."""
        return self._tokens.issue(user.id, user.email)

    async def authenticate(self, credential: str | None) -> tuple[User, Claims]:
        """Return the user of a credential, a token raw or after `Bearer `, and what the token says.

        Raise `Unauthorized`: "Unauthorized" if there is no credential, else "Invalid token", also if the user does
        not exist (any more).
        """
        if not credential:
            raise Unauthorized("Unauthorized")
        claims = self._tokens.verify(bearer(credential))
        user = await self._store.user(claims.user_id)
        if user is None:
            raise Unauthorized("Invalid token")
        return user, claims

    async def get(self, user_id: str) -> User:
        """Return a user. Raise `NotFound` if there is none of that id."""
        user = await self._store.user(user_id)
        if user is None:
            raise NotFound("User not found!")
        return user

    async def many(self, user_ids: Iterable[str]) -> dict[str, User]:
        """Return those of the users that exist, by id."""
        return await self._store.users(user_ids)

    async def left(self, user_id: str, seen: int | None = None) -> None:
        """Record that the user was last seen at an instant, in milliseconds since the epoch; without one, now."""
        await self._store.touch(user_id, now_ms() if seen is None else seen)

    async def friends(self, user: User) -> list[User]:
        """Return the user's friends, in the order in which the friendships began."""
        known = await self._store.users(user.friends)
        return [known[friend] for friend in user.friends if friend in known]

    async def befriend(self, actor: User, user_id: str, friend_id: str) -> tuple[User, User]:
        """Make two users friends of each other and return both as they are now; they may have been friends already.

        Raise `Forbidden` if the actor is not the user, `Invalid` for a friendship with oneself, `NotFound` for an
        unknown friend.
        """
        self._only_self(actor, user_id)
        if friend_id == user_id:
            raise Invalid("A user cannot be their own friend")
        await self._store.befriend(user_id, friend_id)
        # said again to who asks again: the answer to the first time, and the news of it, may have been lost
        self._on_friendship(user_id, friend_id, True)
        return await self.get(user_id), await self.get(friend_id)

    async def unfriend(self, actor: User, user_id: str, friend_id: str) -> None:
        """End a friendship, for both. Raise `Forbidden` if the actor is not the user, `NotFound` if there is none."""
        self._only_self(actor, user_id)
        ended = await self._store.unfriend(user_id, friend_id)
        if ended or await self._store.user(friend_id):
            self._on_friendship(user_id, friend_id, False)
        if not ended:
            raise NotFound("Friend not found!")

    @staticmethod
    def _only_self(actor: User, user_id: str) -> None:
        if actor.id != user_id:
            raise Forbidden("Not allowed for another user")
