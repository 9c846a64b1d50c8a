"""People: users that a test makes for itself, and the devices they connect with."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

import aiohttp

from e2e.harness.client import Client, TransportName
from e2e.harness.deployment import Deployment
from e2e.harness.match import present
from e2e.harness.rest import Rest
from e2e.harness.transcript import Transcript
from e2e.harness.transport import Address

__all__ = ["Credential", "FriendsClient", "People", "PeopleOf", "Person"]

C = TypeVar("C", bound=Client)

Credential = Literal["query", "auth", "header"]


class FriendsClient(Client):
    """A device on the friends contract.

    Attributes:
        unseen: the list that `unseen_messages` brought when it connected, newest first.

    """

    unseen: Sequence[dict[str, Any]] = ()


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

    async def connect(self, *, unseen: bool = True, **options: Any) -> FriendsClient:
        """Connect a device and return it once the server said CONNECT.

        With `unseen` also wait for `unseen_messages`, which must be the first event. The options are those of `dial`.
        """
        device = await self.dial(**options)
        await device.expect_next("CONNECT")
        if unseen:
            device.unseen = (await device.expect_next("unseen_messages")).payload
        return device

    async def dial(
        self,
        *,
        server: int | None = None,
        credential: Credential = "query",
        token: str | None = None,
        path: str = "/socket.io",
        transport: TransportName = "websocket",
        answers_pings: bool = True,
        small_buffer: bool = False,
    ) -> FriendsClient:
        """Connect a device as far as asking for the namespace; the answer is not awaited.

        Args:
            server: which server of the deployment; without one, the next in turn.
            credential: where the token is put: in the query, the auth object, or the Authorization header.
            token: another token than the person's own.
            path: the Socket.IO path.
            transport: what it connects with; it is not upgraded.
            answers_pings: False withholds every PONG.
            small_buffer: ask for a receive buffer of a few KB.

        """
        self._devices += 1
        bearer = self.token if token is None else token
        return await self._people.dial(
            self.name if self._devices == 1 else f"{self.name}#{self._devices}",
            server=server,
            path=path,
            query={"token": bearer} if credential == "query" else None,
            auth={"token": bearer} if credential == "auth" else None,
            headers={"Authorization": f"Bearer {bearer}"} if credential == "header" else None,
            transport=transport,
            answers_pings=answers_pings,
            small_buffer=small_buffer,
        )

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

    """

    def __init__(self, deployment: Deployment, transcript: Transcript, http: aiohttp.ClientSession) -> None:
        self.deployment = deployment
        self._transcript = transcript
        self._http = http
        self._clients: list[Client] = []
        # devices and calls have a turn each: what a test does with one says nothing of where the other goes
        self._devices_turn = itertools.cycle(deployment.servers)
        self._calls_turn = (server.url for server in itertools.cycle(deployment.servers))

    def rest(self, server: int | None = None) -> Rest:
        """Return REST without a credential, on one server, or on all in turn."""
        one = None if server is None else itertools.repeat(self.deployment.servers[server].url)
        return Rest(self._http, one or self._calls_turn, self._transcript)

    async def new(self, name: str, *, password: str = "correct horse") -> Person:
        """Register a user whose e-mail no other test has."""
        email = f"{uuid.uuid4().hex}@example.com"
        answer = await self.rest().post(
            "/users", {"email": email, "password": password, "name": name, "surname": "Tester"}
        )
        body = answer.must(201, present("user", "token"))
        return self.known(body, password)

    def known(self, body: Mapping[str, Any], password: str) -> Person:
        """Return the user whom `POST /users` or `POST /auth/login` answered with this body."""
        user, token = body["user"], body["token"]
        rest = self.rest().bearing(token, user["name"])
        return Person(user["_id"], user["email"], password, user["name"], token, rest, self)

    async def friends(self, person: Person, *others: Person) -> None:
        """Make the person a friend of each of the others."""
        for other in others:
            (await person.rest.post(f"/users/{person.id}/friends", {"friendId": other.id})).must(200)

    async def friendship(self, *names: str) -> list[Person]:
        """Register users and make the first a friend of every other."""
        first, *others = [await self.new(name) for name in names]
        await self.friends(first, *others)
        return [first, *others]

    async def dial(
        self,
        who: str,
        *,
        server: int | None = None,
        path: str = "/socket.io",
        query: Mapping[str, str] | None = None,
        auth: Any = None,
        headers: Mapping[str, str] | None = None,
        transport: TransportName = "websocket",
        answers_pings: bool = True,
        small_buffer: bool = False,
    ) -> FriendsClient:
        """Open a session with any credentials or none and ask for the namespace; the answer is not awaited."""
        return await self.device(
            FriendsClient,
            who,
            server=server,
            path=path,
            query=query,
            auth=auth,
            headers=headers,
            transport=transport,
            answers_pings=answers_pings,
            small_buffer=small_buffer,
        )

    async def device(
        self,
        kind: type[C],
        who: str,
        *,
        server: int | None = None,
        listener: str | None = None,
        path: str = "/socket.io",
        query: Mapping[str, str] | None = None,
        auth: Any = None,
        headers: Mapping[str, str] | None = None,
        transport: TransportName = "websocket",
        answers_pings: bool = True,
        small_buffer: bool = False,
    ) -> C:
        """Open a session of any contract and ask for the namespace; the answer is not awaited.

        Devices connect to the servers of the deployment in turn, over all people, unless one is named; to the first
        listener of the server, unless one is named.
        """
        chosen = next(self._devices_turn) if server is None else self.deployment.servers[server]
        address = Address(chosen.urls[listener] if listener else chosen.url, path, query or {}, headers or {})
        device = kind(
            who,
            address,
            self._transcript,
            transport=transport,
            answers_pings=answers_pings,
            small_buffer=small_buffer,
        )
        self._clients.append(device)
        await device.open()
        await device.join(auth)
        return device

    async def release(self) -> None:
        """Close every device."""
        for client in self._clients:
            await client.release()


PeopleOf = Callable[[Deployment], People]
"""What makes people on a deployment of a test's own."""
