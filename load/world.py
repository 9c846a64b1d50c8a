"""Who there is at a deployment: accounts, friendships and rooms, made for a run and removed after it where they can be.

What a run knows of them is `world.json`. Users are had as `parley verify` has them (`docs/verify.md`): registered over
REST, inserted in the MongoDB of the servers and given signed tokens, or taken from a list.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import aiohttp
import bcrypt
from bson import ObjectId
from pymongo import AsyncMongoClient
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import PyMongoError

from e2e.harness.tokens import Mint
from e2e.report.legible import one_line
from e2e.verify.profile import Mongo, Users
from load import population
from load.fleet import Fleet, Target
from load.plan import Plan

__all__ = ["User", "World", "WorldError", "make", "read", "remove", "write"]

AT_ONCE = 32
"""Requests that are under way at the same time."""

_BATCH = 500
"""Documents of one insertion: thousand friends are 12 KB each."""

_PASSWORD = "correct horse"
_PATIENCE = 30
"""Seconds that a request may take."""

_LATER = (429, 503)
_ATTEMPTS = 5
_LONGEST_WAIT = 60.0
"""Seconds that a server may ask for."""

_SOCIAL = ("friends", "presence")
_WITH_USERS = (*_SOCIAL, "direct")

Made = TypeVar("Made")
Given = TypeVar("Given")


class WorldError(Exception):
    """The users or rooms of a plan could not be made; the text says why in a sentence."""


@dataclass(frozen=True, slots=True)
class User:
    """A user.

    Attributes:
        name: the `username`.
        token: "" where the contract has none.

    """

    id: str
    name: str
    email: str = ""
    token: str = ""


@dataclass(frozen=True, slots=True)
class World:
    """What `world.json` has.

    Attributes:
        run: its id, eight hexadecimal digits.
        targets: user i connects to number i modulo how many there are.
        secret: what tokens are signed with, None where that is not known.
        claims: of a token, by name: `id`, `email` or `name` of its user.
        users: in the order of their number.
        friends: the numbers of each user's friends.
        rooms: user i is in number i // members.
        lent: whether the users were there before, and may have messages of before.

    """

    run: str
    contract: str
    targets: Sequence[Target]
    secret: str | None
    claims: dict[str, str]
    users: Sequence[User] = ()
    friends: Sequence[Sequence[int]] = ()
    rooms: Sequence[str] = ()
    lent: bool = False


def write(world: World, path: Path) -> None:
    """Write `world.json`, which nobody else may read: there are tokens in it."""
    path.touch(mode=0o600)
    path.write_text(json.dumps(asdict(world)), encoding="utf-8")


def read(path: Path) -> World:
    """Return what `write` has written."""
    found = json.loads(path.read_text(encoding="utf-8"))
    targets = [Target(**target) for target in found.pop("targets")]
    return World(**{**found, "targets": targets, "users": [User(**user) for user in found["users"]]})


async def make(plan: Plan, fleet: Fleet) -> World:
    """Make everybody and everything that a plan needs, and return it.

    Raises:
        PlanError: there can be no such friendships.
        WorldError: the servers would not have it.

    """
    source = fleet.users
    secret = source.secret if any(phase.action == "expire" for phase in plan.phases) else None  # nobody else needs it
    lent = source.source == "fixed" and plan.contract in _WITH_USERS
    world = World(secrets.token_hex(4), plan.contract, fleet.targets, secret, dict(source.claims), lent=lent)
    friends: Sequence[Sequence[int]] = [()] * plan.population.users
    if plan.contract in _SOCIAL and source.source != "fixed":
        friends = population.friends(plan.population, len(fleet.targets))
    try:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_PATIENCE)) as http:
            if plan.contract == "rooms":
                return await _with_rooms(world, plan, http, fleet.rest)
            if plan.contract not in _WITH_USERS:
                return replace(world, users=_guests(world.run, plan))
            if source.source == "fixed":
                return _of_list(world, plan, source)
            if source.source == "jwt" and source.mongo is not None:
                lifetime = 2 * (plan.duration + plan.drain) + 3600
                users = await _inserted(world.run, source, source.mongo, friends, lifetime)
            else:
                users = await _registered(world.run, http, fleet.rest, friends)
    except (aiohttp.ClientError, PyMongoError, TimeoutError, OSError, KeyError, TypeError, ValueError) as error:
        raise WorldError(f"users and rooms cannot be made: {str(error) or type(error).__name__}") from error
    return replace(world, users=users, friends=friends if plan.contract in _SOCIAL else ())


async def remove(world: World, fleet: Fleet) -> None:
    """Remove what was made, where there is a way; that it does not work is nothing of the run's."""
    source = fleet.users
    try:
        if world.rooms:
            async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_PATIENCE)) as http:
                await _close_rooms(http, fleet.rest, world.rooms)
        elif world.users and world.contract in _WITH_USERS and source.source == "jwt" and source.mongo is not None:
            async with asyncio.timeout(_PATIENCE), _collection(source.mongo) as users:
                await users.delete_many({"_id": {"$in": [ObjectId(user.id) for user in world.users]}})
    except (aiohttp.ClientError, PyMongoError, TimeoutError, OSError):
        pass


# the ways


def _guests(run: str, plan: Plan) -> list[User]:
    """Return users whom no server knows before they connect."""
    return [User(f"load-{run}-{number}", f"User {number}") for number in range(plan.population.users)]


async def _with_rooms(world: World, plan: Plan, http: aiohttp.ClientSession, rest: Sequence[str]) -> World:
    rooms = [f"load-{world.run}-{number}" for number in range(population.rooms(plan.population))]

    async def open_room(given: tuple[str, str]) -> None:
        url, room = given
        await _post(http, url, {"roomId": room, "creatorUsername": "User 0"}, status=201)

    made = replace(world, users=_guests(world.run, plan), rooms=rooms)
    try:
        await _each(open_room, zip(_urls(rest, ["/api/v1/rooms"] * len(rooms)), rooms, strict=True))
    except BaseException:
        await _close_rooms(http, rest, rooms)
        raise
    return made


def _of_list(world: World, plan: Plan, source: Users) -> World:
    wanted, there = plan.population.users, source.fixed
    if wanted > len(there):
        raise WorldError(f"the profile has {len(there)} fixed users, and {plan.name} needs {wanted} (--users N)")
    numbers = {user.id: number for number, user in enumerate(there[:wanted])}
    users = [User(user.id, user.name, user.email, user.token) for user in there[:wanted]]
    friends = [sorted(numbers[it] for it in user.friends if it in numbers) for user in there[:wanted]]
    return replace(world, users=users, friends=friends if plan.contract in _SOCIAL else ())


async def _inserted(
    run: str, source: Users, mongo: Mongo, friends: Sequence[Sequence[int]], lifetime: float
) -> list[User]:
    """Insert users as the application of the friends contract keeps them; all have one password."""
    ids = [ObjectId() for _ in friends]
    hashed = bcrypt.hashpw(_PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    documents = [
        {
            "_id": ids[number],
            "email": _email(run, number),
            "password": hashed,
            "name": f"User {number}",
            "surname": "Loaded",
            "friends": [ids[friend] for friend in those],
            "lastSeen": datetime.now(UTC),
        }
        for number, those in enumerate(friends)
    ]
    async with _collection(mongo) as collection:
        try:
            for first in range(0, len(documents), _BATCH):
                await collection.insert_many(documents[first : first + _BATCH], ordered=False)
        except BaseException:
            await collection.delete_many({"_id": {"$in": ids}})
            raise
    mint, made = Mint(source.secret), list[User]()
    for number, key in enumerate(ids):
        user = User(str(key), f"User {number}", _email(run, number))
        claims: dict[str, Any] = {claim: getattr(user, attribute) for claim, attribute in source.claims.items()}
        made.append(replace(user, token=mint.token(lifetime=lifetime, **claims)))
    return made


async def _registered(
    run: str, http: aiohttp.ClientSession, rest: Sequence[str], friends: Sequence[Sequence[int]]
) -> list[User]:
    """Register users, and make friends of them. They stay: there is no way to remove a user."""

    async def register(given: tuple[str, int]) -> User:
        url, number = given
        body = {"email": _email(run, number), "password": _PASSWORD, "name": f"User {number}", "surname": "Loaded"}
        answer = await _post(http, url, body, status=201)
        user = answer["user"]
        return User(user["_id"], user["name"], user["email"], answer["token"])

    async def befriend(given: tuple[int, int]) -> None:
        user, friend = users[given[0]], users[given[1]]
        url = f"{rest[given[0] % len(rest)]}/users/{user.id}/friends"
        await _post(http, url, {"friendId": friend.id}, token=user.token, status=200)

    numbers = range(len(friends))
    users = await _each(register, zip(_urls(rest, ["/users"] * len(friends)), numbers, strict=True))
    await _each(befriend, ((number, friend) for number in numbers for friend in friends[number] if number < friend))
    return users


# requests


def _email(run: str, number: int) -> str:
    return f"load-{run}-{number}@example.com"


def _urls(rest: Sequence[str], paths: Iterable[str]) -> list[str]:
    """Return paths at all servers in turn."""
    return [f"{rest[number % len(rest)]}{path}" for number, path in enumerate(paths)]


@asynccontextmanager
async def _collection(mongo: Mongo) -> AsyncIterator[AsyncCollection[dict[str, Any]]]:
    """Connect to the collection of users while it is needed."""
    async with AsyncMongoClient[dict[str, Any]](mongo.url, timeoutMS=_PATIENCE * 1000) as client:
        yield client[mongo.database][mongo.collection]


async def _each(do: Callable[[Given], Awaitable[Made]], given: Iterable[Given]) -> list[Made]:
    """Do something for each, some at a time, and return what that made, in the order of what was given."""
    numbered = list(given)
    made: dict[int, Made] = {}
    waiting = iter(enumerate(numbered))

    async def work() -> None:
        for number, it in waiting:
            made[number] = await do(it)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(AT_ONCE, len(numbered))):
                group.create_task(work())
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None
    return [made[number] for number in range(len(numbered))]


async def _post(http: aiohttp.ClientSession, url: str, body: Any, *, status: int, token: str | None = None) -> Any:
    """Return what a server answers; where it wants to be asked later, or cannot now, ask it again."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    attempt = 0
    while True:
        attempt += 1
        async with http.post(url, json=body, headers=headers, allow_redirects=False) as answer:
            text = await answer.text()
            if answer.status == status:
                return json.loads(text) if text else None
            if answer.status not in _LATER or attempt == _ATTEMPTS:
                raise WorldError(f"POST {url} was answered {answer.status} {one_line(text[:200])}")
            wanted = answer.headers.get("Retry-After", "")
        await asyncio.sleep(min(float(wanted) if wanted.isdecimal() else attempt, _LONGEST_WAIT))


async def _close_rooms(http: aiohttp.ClientSession, rest: Sequence[str], rooms: Sequence[str]) -> None:
    """Close rooms, each whether the others could be closed or not."""

    async def close(url: str) -> None:
        with contextlib.suppress(aiohttp.ClientError, TimeoutError, OSError):
            async with http.delete(url, allow_redirects=False):
                pass

    await _each(close, _urls(rest, (f"/api/v1/rooms/{quote(room, safe='')}" for room in rooms)))
