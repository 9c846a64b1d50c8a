"""`app.domain.roster.Presence`: the grace of a lost connection."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from app.cluster.local import LocalCluster
from app.domain.roster import Presence
from tests.cluster.heard import Heard
from tests.waiting import until


class Roster:
    """A presence whose grace ends when the test says so, and what it announced."""

    def __init__(self) -> None:
        self.gone: list[str] = []
        self.graces: list[asyncio.Future[None]] = []
        self.seconds: list[float] = []
        self.cluster = LocalCluster()
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


async def test_a_grace_that_ends_after_the_cluster_was_left_harms_nobody(roster: Roster):
    """What a server leaves behind is for the others to remove."""
    await roster.presence.arrive("ann", "s1")
    await roster.lose("ann", "s1")
    await roster.cluster.close()
    roster.graces[0].set_result(None)
    await until(lambda: not roster.presence._expiries)
    assert roster.gone == []
