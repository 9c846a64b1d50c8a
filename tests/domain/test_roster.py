"""`app.domain.roster.Presence`: the grace of a lost connection."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from app.cluster.local import LocalCluster
from app.domain.errors import Unavailable
from app.domain.roster import Presence
from tests.cluster.heard import Heard
from tests.waiting import until


class Outage(LocalCluster):
    """A cluster that can be told not to answer about its rosters."""

    fail = False

    async def linger(self, roster: str, user: str, socket: str) -> None:
        if self.fail:
            raise Unavailable
        await super().linger(roster, user, socket)

    async def leave(self, roster: str, user: str, socket: str) -> bool:
        if self.fail:
            raise Unavailable
        return await super().leave(roster, user, socket)


class Roster:
    """A presence whose grace ends when the test says so, and what it announced."""

    def __init__(self) -> None:
        self.gone: list[str] = []
        self.graces: list[asyncio.Future[None]] = []
        self.seconds: list[float] = []
        self.cluster = Outage()
        self.presence = Presence("friends", self.cluster, 2.0, self._gone, self._sleep)

    async def _gone(self, user: str) -> None:
        self.gone.append(user)

    async def _sleep(self, seconds: float) -> None:
        self.seconds.append(seconds)
        self.graces.append(asyncio.get_running_loop().create_future())
        await self.graces[-1]

    async def lose(self, user: str, socket: str) -> None:
        """Lose a connection and return when its grace has begun."""
        begun = len(self.graces) + 1
        await self.presence.lost(user, socket)
        await until(lambda: len(self.graces) == begun)


@pytest.fixture
async def roster() -> AsyncIterator[Roster]:
    roster = Roster()
    await roster.cluster.open(Heard())
    yield roster
    await roster.presence.close()
    await roster.cluster.close()


async def test_a_goodbye_is_announced_at_once(roster: Roster):
    """Who takes leave with the last socket is gone."""
    assert await roster.presence.arrive("ann", "s1") is True
    await roster.presence.goodbye("ann", "s1")
    assert roster.gone == ["ann"]


async def test_a_lost_connection_is_announced_after_the_grace(roster: Roster):
    """Until then the user counts as present."""
    await roster.presence.arrive("ann", "s1")
    await roster.lose("ann", "s1")
    assert roster.seconds == [2.0]
    assert await roster.presence.present(["ann"]) == {"ann"}
    assert roster.gone == []
    roster.graces[0].set_result(None)
    await until(lambda: roster.gone == ["ann"])


async def test_a_reload_announces_nothing(roster: Roster):
    """Who comes back within the grace was never gone, and has a grace again next time."""
    await roster.presence.arrive("ann", "s1")
    await roster.lose("ann", "s1")
    assert await roster.presence.arrive("ann", "s2") is False
    roster.graces[0].set_result(None)
    await roster.lose("ann", "s2")
    assert roster.gone == []
    roster.graces[1].set_result(None)
    await until(lambda: roster.gone == ["ann"])


async def test_a_goodbye_after_a_reload_is_announced_at_once(roster: Roster):
    """The socket that was lost does not hold up the goodbye of the one that took its place."""
    await roster.presence.arrive("ann", "s1")
    await roster.lose("ann", "s1")
    await roster.presence.arrive("ann", "s2")
    await roster.presence.goodbye("ann", "s2")
    assert roster.gone == ["ann"]


async def test_nothing_is_announced_after_close(roster: Roster):
    """A server that goes away announces nobody."""
    await roster.presence.arrive("ann", "s1")
    await roster.lose("ann", "s1")
    await roster.presence.close()
    assert roster.gone == []


async def test_a_cluster_that_does_not_answer_is_asked_again(roster: Roster):
    """A socket that could not be removed is removed when the cluster is back, however it ended."""
    for socket in ("s1", "s2"):
        await roster.presence.arrive("ann", socket)
    roster.cluster.fail = True
    await roster.presence.goodbye("ann", "s1")
    await until(lambda: len(roster.graces) == 1)
    await roster.lose("ann", "s2")
    roster.graces[1].set_result(None)  # the end of the grace, in the outage
    await until(lambda: len(roster.graces) == 3)
    roster.cluster.fail = False
    assert roster.gone == []
    for grace in (roster.graces[0], roster.graces[2]):
        grace.set_result(None)
    await until(lambda: roster.gone == ["ann"])
