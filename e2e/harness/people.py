"""People: users that a test makes for itself, and the devices they connect with."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict, TypeVar, Unpack, cast, overload

import aiohttp

from e2e.harness.client import Client, Credential, TransportName
from e2e.harness.deadline import DEADLINE, eventually
from e2e.harness.deployment import Deployment
from e2e.harness.direct import DirectClient
from e2e.harness.friends import FriendsClient
from e2e.harness.match import equals
from e2e.harness.rest import Rest
from e2e.harness.transcript import Transcript
from e2e.harness.transport import Address
from e2e.harness.users import Account, LentUsers, RegisteredUsers, Users

__all__ = ["Handshake", "Options", "People", "PeopleOf", "Person", "Place"]

D = TypeVar("D", bound=Client)

PASSWORD = "correct horse"
"""Of everybody whose password does not matter."""


class Place(TypedDict, total=False):
    """Where a device connects, and how.

    Attributes:
        server: which server of the deployment; without one, the next in turn.
        listener: whose port: a contract's name; without one, the server's first.
        path: the Socket.IO path, instead of the contract's own.
        transport: what it connects with; it is not upgraded. A websocket, without one.
        answers_pings: False withholds every PONG.
        small_buffer: ask for a receive buffer of a few KB.

    """

    server: int | None
    listener: str | None
    path: str | None
    transport: TransportName
    answers_pings: bool
    small_buffer: bool


class Handshake(Place, total=False):
    """What a device says of itself when it connects.

    Attributes:
        query: extra parameters of the query.
        auth: the auth object.
        headers: extra headers of every request.

    """

    query: Mapping[str, str] | None
    auth: Any
    headers: Mapping[str, str] | None


class Options(Place, total=False):
    """How a person's device connects.

    Attributes:
        credential: where the token is put, instead of where the contract has it.
        token: another token than the person's own.
        auth: what else is in the auth object.

    """

    credential: Credential
    token: str | None
    auth: Mapping[str, Any]


@dataclass(eq=False)
class Person:
    """A user of one test.

    Attributes:
        name: the first name, which is the `username` of the friends contract.
        token: as `POST /users` answered it; a test may put another in its place.
        rest: calls the deployment's servers in turn, with this token.

    """

    id: str
    email: str
    password: str
    name: str
    token: str
    rest: Rest
    _people: People = field(repr=False)
    _devices: int = 0

    @overload
    async def connect(self, **options: Unpack[Options]) -> FriendsClient: ...

    @overload
    async def connect(self, kind: type[D], **options: Unpack[Options]) -> D: ...

    async def connect(self, kind: type[Client] = FriendsClient, **options: Unpack[Options]) -> Client:
        """Connect a device of a contract and return it once what the contract sends on a connect has arrived."""
        device = await self.dial(kind, **options)
        await device.arrive()
        return device

    @overload
    async def dial(self, **options: Unpack[Options]) -> FriendsClient: ...

    @overload
    async def dial(self, kind: type[D], **options: Unpack[Options]) -> D: ...

    async def dial(self, kind: type[Client] = FriendsClient, **options: Unpack[Options]) -> Client:
        """Connect a device of a contract as far as asking for the namespace; the answer is not awaited."""
        self._devices += 1
        credential = options.pop("credential", kind.CREDENTIAL)
        token = options.pop("token", None)
        auth = dict(options.pop("auth", {}))
        bearer = self.token if token is None else token
        if credential == "auth":
            auth["token"] = bearer
        return await self._people.dial(
            self.name if self._devices == 1 else f"{self.name}#{self._devices}",
            kind,
            query={"token": bearer} if credential == "query" else None,
            auth=auth or None,
            headers={"Authorization": f"Bearer {bearer}"} if credential == "header" else None,
            **cast("Place", options),
        )

    @property
    def account(self) -> Account:
        """Who it is, as it was given to the test, or with the token that the test put in its place."""
        return Account(self.id, self.email, self.password, self.name, self.token)

    def on(self, server: int) -> Rest:
        """Return REST on one server, with this person's token."""
        return self._people.rest(server).bearing(self.token, self.name)

    async def peek(self, *, server: int | None = None) -> list[dict[str, Any]]:
        """Return what is unseen, newest first, and confirm nothing: a device connects, answers no PING and leaves."""
        device = await self.connect(server=server, answers_pings=False)
        await device.goodbye()
        return list(device.unseen)

    async def history(self, **parameters: Any) -> list[dict[str, Any]]:
        """Return a page of `GET /messages`."""
        query = "&".join(f"{key}={value}" for key, value in parameters.items())
        return (await self.rest.get(f"/messages{'?' if query else ''}{query}")).must(200)

    async def whole_history(self) -> list[dict[str, Any]]:
        """Return everything that `GET /messages` lists, page after page."""
        pages = [await self.history(limit=100)]
        while pages[-1]:
            pages.append(await self.history(limit=100, before=pages[-1][-1]["id"]))
        return [message for page in pages for message in page]


class People:
    """Makes users on a deployment and closes their devices at the end.

    Args:
        http: carries every REST call of the test.
        users: where they come from.

    """

    def __init__(
        self,
        deployment: Deployment,
        transcript: Transcript,
        http: aiohttp.ClientSession,
        users: Users | None = None,
    ) -> None:
        self.deployment = deployment
        self._users = users or RegisteredUsers()
        self._persons: list[Person] = []
        self._transcript = transcript
        self._http = http
        self._clients: list[Client] = []
        # devices and calls have a turn each: what a test does with one says nothing of where the other goes
        self._devices_turn = itertools.cycle(deployment.servers)
        self._calls_turn = (server.url for server in itertools.cycle(deployment.servers))

    def rest(self, server: int | None = None) -> Rest:
        """Return REST without a credential, on one server, or on all in turn."""
        one = None if server is None else itertools.repeat(self.deployment.servers[server].url)
        bases, deployment = one or self._calls_turn, self.deployment
        return Rest(self._http, bases, self._transcript, require=deployment.require, exact=deployment.ours)

    async def new(self, name: str, *, password: str = PASSWORD) -> Person:
        """Return a user that no other test has."""
        (person,) = await self._group([name], password)
        return person

    def known(self, body: Mapping[str, Any], password: str) -> Person:
        """Return the user whom `POST /users` or `POST /auth/login` answered with this body."""
        user = body["user"]
        return self.of(Account(user["_id"], user["email"], password, user["name"], body["token"]))

    async def _group(self, names: Sequence[str], password: str) -> list[Person]:
        persons = [self.of(account) for account in await self._users.group(self.rest(), names, password)]
        if isinstance(self._users, LentUsers):
            await self._settle(self._users, persons)
            await self._users.rest([person.account for person in persons])
        return persons

    async def _settle(self, users: LentUsers, persons: Sequence[Person]) -> None:
        """Have those who may have something waiting for them be given it, after which they have to rest."""
        for person in persons:
            if person.id not in users.settled:
                await self._leave_nothing(person)
                users.settle(person.account)

    async def _leave_nothing(self, person: Person) -> None:
        """Have somebody who was there before be sent, and acknowledge, all that waits for them."""
        if self.deployment.judged_by == "direct":
            device = await person.connect(DirectClient)
            for chat in await device.unreceived():
                await device.receive(chat)
            await device.goodbye()
        elif self.deployment.judged_by == "friends":
            await eventually(lambda: self._see_unseen(person), equals(0), within=6 * DEADLINE)

    async def _see_unseen(self, person: Person) -> int:
        """Connect until the server must know that what was unseen has been seen; return how much it was."""
        device = await person.connect()
        if device.unseen:
            await device.expect("PING", within=4 * DEADLINE)
        await device.goodbye()
        return len(device.unseen)

    def of(self, account: Account) -> Person:
        """Return the person whose account this is; at the end of the test it is given back."""
        rest = self.rest().bearing(account.token, account.name)
        self._persons.append(
            Person(account.id, account.email, account.password, account.name, account.token, rest, self)
        )
        return self._persons[-1]

    async def friends(self, person: Person, *others: Person) -> None:
        """Make the person a friend of each of the others."""
        for other in others:
            await self._users.befriend(self.rest(), person.account, other.account)

    async def friendship(self, *names: str) -> list[Person]:
        """Return users that no other test has, of whom the first is a friend of every other."""
        return await self._group(names, PASSWORD)

    @overload
    async def dial(self, who: str, **handshake: Unpack[Handshake]) -> FriendsClient: ...

    @overload
    async def dial(self, who: str, kind: type[D], **handshake: Unpack[Handshake]) -> D: ...

    async def dial(self, who: str, kind: type[Client] = FriendsClient, **handshake: Unpack[Handshake]) -> Client:
        """Open a session with any credentials or none and ask for the namespace; the answer is not awaited.

        Devices connect to the servers of the deployment in turn, over all people, unless one is named.
        """
        self.deployment.require_transport(handshake.get("transport", "websocket"))
        device = kind(
            who,
            Address(
                *self._place(kind, handshake),
                handshake.get("query") or {},
                handshake.get("headers") or {},
            ),
            self._transcript,
            transport=handshake.get("transport", "websocket"),
            answers_pings=handshake.get("answers_pings", True),
            small_buffer=handshake.get("small_buffer", False),
            exact=self.deployment.ours,
        )
        self._clients.append(device)
        await device.open()
        await device.join(handshake.get("auth"))
        return device

    def _place(self, kind: type[Client], place: Place) -> tuple[str, str]:
        server = place.get("server")
        chosen = next(self._devices_turn) if server is None else self.deployment.servers[server]
        return self.deployment.place(kind.CONTRACT, kind.PATH, chosen, place.get("listener"), place.get("path"))

    async def release(self) -> None:
        """Close every device, and give back who was lent."""
        for client in self._clients:
            if isinstance(self._users, LentUsers) and client.handshake and not client.inbox.ended:
                await client.goodbye()  # whoever is lent next must not be taken for one who reloads
            await client.release()
        if isinstance(self._users, LentUsers):
            for person in self._persons:
                self._users.unsettle(person.account)
            with contextlib.suppress(Exception):  # they are lent again only once it has succeeded
                await self._settle(self._users, self._persons)
        self._users.free([person.account for person in self._persons])


PeopleOf = Callable[[Deployment], People]
"""What makes people on a deployment of a test's own."""
