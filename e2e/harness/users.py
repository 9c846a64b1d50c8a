"""How the suites come by users: registered over REST, made in a database and given signed tokens, or lent from a list.

A source keeps nothing of what it has given: a user is of one test, and of no other at the same time.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import bcrypt
from bson import ObjectId
from pymongo import AsyncMongoClient

from e2e.harness.deadline import SECOND
from e2e.harness.features import not_applicable
from e2e.harness.match import present
from e2e.harness.rest import Rest
from e2e.harness.tokens import Mint

_REST = 4 * SECOND
"""Longer than the grace in which a connection that was lost may come back unannounced."""

__all__ = ["Account", "LentUser", "LentUsers", "RegisteredUsers", "SignedUsers", "Users"]


@dataclass(frozen=True, slots=True)
class Account:
    """A user, as a test is given one.

    Attributes:
        name: the first name, which is the `username` of the friends contract.
        token: proves to the servers who it is.

    """

    id: str
    email: str
    password: str
    name: str
    token: str


class Users(Protocol):
    """Where users come from."""

    async def group(self, rest: Rest, names: Sequence[str], password: str) -> list[Account]:
        """Return users of these names that no other test has. The first is a friend of every other, none else is."""
        ...

    async def befriend(self, rest: Rest, one: Account, other: Account) -> None:
        """Make two users friends."""
        ...

    def free(self, accounts: Sequence[Account]) -> None:
        """Take users back that a test has done with."""
        ...

    async def close(self) -> None:
        """Remove what was made, as far as that can be done."""
        ...


class RegisteredUsers:
    """Registers users at `POST /users`, under e-mails that nobody else has. They stay."""

    async def group(self, rest: Rest, names: Sequence[str], password: str) -> list[Account]:
        """Register users."""
        first, *others = [await self._register(rest, name, password) for name in names]
        for other in others:
            await self.befriend(rest, first, other)
        return [first, *others]

    async def befriend(self, rest: Rest, one: Account, other: Account) -> None:
        """Add one to the friends of the other."""
        answer = await rest.bearing(one.token, one.name).post(f"/users/{one.id}/friends", {"friendId": other.id})
        answer.must(200)

    def free(self, accounts: Sequence[Account]) -> None:
        """Do nothing: they are of no more use."""

    async def close(self) -> None:
        """Do nothing: there is no way to remove a user."""

    async def _register(self, rest: Rest, name: str, password: str) -> Account:
        email = f"{uuid.uuid4().hex}@example.com"
        body = {"email": email, "password": password, "name": name, "surname": "Tester"}
        answer = (await rest.post("/users", body)).must(201, present("user", "token"))
        user = answer["user"]
        return Account(user["_id"], user["email"], password, user["name"], answer["token"])


class SignedUsers:
    """Makes users in a MongoDB, as the application of the friends contract keeps them, and signs their tokens.

    Args:
        url: of the MongoDB.
        mint: signs what the servers believe.
        claims: what a token claims: for each claim which attribute of the account it has.

    """

    def __init__(self, url: str, database: str, collection: str, mint: Mint, claims: Mapping[str, str]) -> None:
        self._mongo: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(url, serverSelectionTimeoutMS=5000)
        self._users = self._mongo[database][collection]
        self._mint = mint
        self._claims = claims
        self._made: list[ObjectId] = []

    async def group(self, rest: Rest, names: Sequence[str], password: str) -> list[Account]:
        """Insert users, with their friendships."""
        ids = [ObjectId() for _ in names]
        emails = [f"{uuid.uuid4().hex}@example.com" for _ in names]
        hashed = bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()
        first, *others = ids
        self._made += ids
        await self._users.insert_many(
            [
                {
                    "_id": key,
                    "email": email,
                    "password": hashed,
                    "name": name,
                    "surname": "Tester",
                    "friends": others if key is first else [first],
                    "lastSeen": datetime.now(UTC),
                }
                for key, email, name in zip(ids, emails, names, strict=True)
            ]
        )
        return [
            Account(str(key), email, password, name, self._token(id=str(key), email=email, name=name))
            for key, email, name in zip(ids, emails, names, strict=True)
        ]

    async def befriend(self, rest: Rest, one: Account, other: Account) -> None:
        """Add each to the friends of the other."""
        for user, friend in ((one, other), (other, one)):
            await self._users.update_one({"_id": ObjectId(user.id)}, {"$addToSet": {"friends": ObjectId(friend.id)}})

    def free(self, accounts: Sequence[Account]) -> None:
        """Do nothing: they are removed at the end."""

    async def close(self) -> None:
        """Remove every user that was made here."""
        await self._users.delete_many({"_id": {"$in": self._made}})
        await self._mongo.close()

    def _token(self, **user: str) -> str:
        claims: dict[str, Any] = {claim: user[attribute] for claim, attribute in self._claims.items()}
        return self._mint.token(**claims)


@dataclass(frozen=True, slots=True)
class LentUser:
    """A user that exists already.

    Attributes:
        friends: the ids of those who are friends.

    """

    account: Account
    friends: frozenset[str]


class LentUsers:
    """Lends users of a list, whose friendships stay as they are. They may have been sent something before.

    Args:
        users: all of them; nobody else may use one meanwhile.

    Attributes:
        settled: the ids of those for whom nothing waits.

    """

    def __init__(self, users: Sequence[LentUser]) -> None:
        self._users = {user.account.id: user for user in users}
        self.settled: set[str] = set()
        self._lent: set[str] = set()
        self._seen: dict[str, float] = {}

    async def group(self, rest: Rest, names: Sequence[str], password: str) -> list[Account]:
        """Lend users of these names who are such friends. The test is skipped where the list has none that are free."""
        chosen = next(self._groups(names), None)
        if chosen is None:
            wanted = f"{names[0]} who is a friend of {' and '.join(names[1:])}" if names[1:] else names[0]
            not_applicable(f"the fixed users have no {wanted}, and of nobody else who is in the test")
        self._lent.update(user.account.id for user in chosen)
        return [user.account for user in chosen]

    async def befriend(self, rest: Rest, one: Account, other: Account) -> None:
        """Skip the test unless they are friends."""
        if other.id not in self._users[one.id].friends:
            not_applicable("makes friends while it runs, and the friendships of fixed users stay as they are")

    def free(self, accounts: Sequence[Account]) -> None:
        """Have users to lend again."""
        self._lent.difference_update(account.id for account in accounts)
        self._seen.update((account.id, time.monotonic()) for account in accounts)

    async def close(self) -> None:
        """Do nothing."""

    def settle(self, account: Account) -> None:
        """Note that nothing waits for a user, who was connected until now."""
        self.settled.add(account.id)
        self._seen[account.id] = time.monotonic()

    def unsettle(self, account: Account) -> None:
        """Note that something may wait for a user."""
        self.settled.discard(account.id)

    async def rest(self, accounts: Sequence[Account]) -> None:
        """Wait until users were gone for so long that no server takes them for ones who were lost and come back."""
        seen = max(self._seen.get(account.id, 0) for account in accounts)
        await asyncio.sleep(seen + _REST - time.monotonic())

    def _groups(self, names: Sequence[str], chosen: tuple[LentUser, ...] = ()) -> Iterator[tuple[LentUser, ...]]:
        """Yield every choice of free users for these names in which the first is a friend of each, and nobody else."""
        if not names:
            yield chosen
            return
        taken = frozenset(self._lent).union(user.account.id for user in chosen)
        free = [it for it in self._users.values() if it.account.name == names[0] and it.account.id not in taken]
        wanted = frozenset(user.account.id for user in chosen[:1])
        for user in sorted(free, key=lambda user: self._seen.get(user.account.id, 0)):
            if user.friends & taken == wanted:
                yield from self._groups(names[1:], (*chosen, user))
