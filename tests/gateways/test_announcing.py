"""`app.gateways.announcing`: who comes and goes is announced once, and nobody is remembered who has left."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.cluster.local import LocalCluster
from app.domain.errors import NotFound, Unavailable
from app.domain.users import User
from app.engine.base import Ending
from app.gateways.announcing import Announcing
from app.gateways.base import Envelope
from tests.cluster.heard import Heard
from tests.waiting import until


class People:
    """Users that are known by their id, but for one, and who of them was seen.

    Attributes:
        down: nobody is known now.

    """

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.down = False

    async def get(self, user: str) -> User:
        if self.down:
            raise Unavailable
        if user == "nobody":
            raise NotFound("User not found!")
        return User(user, f"{user}@mail.com", "", user.title(), "", (), 0)

    async def left(self, user: str, instant: int | None = None) -> None:
        self.seen.append(user)


class Stage:
    """Somebody's friends, who hear what is announced of them."""

    def __init__(self) -> None:
        self.cluster, self.heard, self.people = LocalCluster(), Heard(), People()
        people: Any = self.people
        self.announcing = Announcing("friends", self.cluster, people, 0.0, lambda user: user.name, _packet)

    @property
    def announced(self) -> list[str]:
        """What was announced, in order."""
        return [Envelope.decode(payload).packet.decode() for _, payload in self.heard.deliveries]

    @property
    def remembered(self) -> int:
        """Of how many users something is kept."""
        return len(self.announcing._titles) + len(self.announcing._sockets)


def _packet(user: str, title: str, came: bool) -> bytes:
    return f"{user} {title} {'came' if came else 'went'}".encode()


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    stage = Stage()
    await stage.cluster.open(stage.heard)
    for user in ("ann", "bob", "nobody"):
        await stage.cluster.subscribe(f"friends:of:{user}")
    yield stage
    await stage.announcing.close()
    await stage.cluster.close()


async def test_the_first_that_comes_and_the_last_that_goes_are_announced(stage: Stage):
    """Under the name that they came with."""
    for socket in ("s1", "s2"):
        await stage.announcing.arrive("ann", "Annie", socket)
    for socket in ("s1", "s2"):
        await stage.announcing.end("ann", socket, Ending.GOODBYE)
    assert stage.announced == ["ann Annie came", "ann Annie went"]
    assert stage.people.seen == ["ann"]
    assert stage.remembered == 0


@pytest.mark.parametrize("ending", list(Ending))
async def test_nobody_is_remembered_who_is_connected_elsewhere_alone(stage: Stage, ending: Ending):
    """However their connection here has ended."""
    await stage.cluster.arrive("friends", "ann", "elsewhere")
    await stage.announcing.arrive("ann", "Annie", "here")
    await stage.announcing.end("ann", "here", ending)
    await until(lambda: stage.remembered == 0)
    assert stage.announced == []


async def test_a_connection_that_never_came_does_not_go(stage: Stage):
    """It may have ended before."""
    await stage.announcing.arrive("ann", "Annie", "s1")
    await stage.announcing.end("ann", "s2", Ending.GOODBYE)
    await stage.announcing.end("bob", "s3", Ending.LOST)
    assert stage.announced == ["ann Annie came"]


async def test_who_is_not_known_here_is_looked_up(stage: Stage):
    """Those of dead servers, and of times when the cluster could not tell."""
    await stage.announcing.departed("ann")
    await stage.announcing.arrived("bob")
    assert stage.announced == ["ann Ann went", "bob Bob came"]


async def test_who_cannot_be_looked_up_is_not_announced(stage: Stage):
    """Because there is no such user, or nobody can tell: then once somebody can."""
    await stage.announcing.arrived("nobody")
    await stage.announcing.departed("nobody")
    stage.people.down = True
    await stage.announcing.departed("ann")
    assert stage.announced == []
    stage.people.down = False
    await until(lambda: stage.announced == ["ann Ann went"])


async def test_on_closing_those_were_seen_who_are_here(stage: Stage):
    """And nobody is announced."""
    await stage.announcing.arrive("ann", "Annie", "s1")
    await stage.announcing.arrive("bob", "Bobby", "s2")
    await stage.announcing.end("bob", "s2", Ending.GOODBYE)
    await stage.announcing.close()
    assert stage.people.seen == ["bob", "ann"]
    assert stage.announced == ["ann Annie came", "bob Bobby came", "bob Bobby went"]
