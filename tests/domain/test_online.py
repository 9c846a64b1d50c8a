"""`app.domain.online`: lists of the users of all servers."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from app.cluster.local import LocalCluster
from app.domain.online import SESSIONS_READ, OnlineUser, OnlineUsers, SessionRecord
from tests.cluster.heard import Heard

LIMIT = 5


class Roster:
    """A roster of sessions, and who is online by it."""

    def __init__(self) -> None:
        self.cluster = LocalCluster()
        self.online = OnlineUsers("presence", self.cluster, LIMIT)

    async def arrive(self, user: str, socket: str, active: int = 1000) -> None:
        """Add a session that was last active then."""
        record = SessionRecord(f"{user}@mail.com", 1000, active, "phone", "127.0.0.1")
        await self.cluster.arrive("presence", user, socket, record.encode())


@pytest.fixture
async def roster() -> AsyncIterator[Roster]:
    roster = Roster()
    await roster.cluster.open(Heard())
    yield roster
    await roster.cluster.close()


def test_a_session_is_read_as_it_was_written():
    """Whatever its client says of itself."""
    record = SessionRecord("ann@mail.com", 1, 2, 'a "phone"\n🎈', "::1")
    assert SessionRecord.decode(record.encode()) == record


async def test_a_user_was_seen_when_any_session_was_active(roster: Roster):
    """And counts once, with the number of sessions."""
    for socket, active in (("s1", 3000), ("s2", 7000), ("s3", 5000)):
        await roster.arrive("ann", socket, active)
    assert await roster.online.all("ann") == ([OnlineUser("ann", "ann@mail.com", 7000, 3)], 1)


async def test_only_those_are_listed_who_were_asked_for_and_are_online(roster: Roster):
    """In the order in which they were asked for, at most as many as a list may have."""
    for number in range(10):
        await roster.arrive(f"user {number}", f"s{number}")
    found = await roster.online.among(["user 3", "nobody", "user 1"])
    assert [user.user_id for user in found] == ["user 3", "user 1"]
    many = await roster.online.among([f"user {number}" for number in range(10)])
    assert [user.user_id for user in many] == [f"user {number}" for number in range(LIMIT)]
    assert await roster.online.among([]) == []


async def test_a_list_of_all_is_bounded_and_its_total_exact(roster: Roster):
    """Those who came first are in it, and who asks."""
    for number in range(10):
        await roster.arrive(f"user {number}", f"s{number}")
    users, total = await roster.online.all("user 7")
    assert [user.user_id for user in users] == ["user 0", "user 1", "user 2", "user 3", "user 7"]
    assert total == 10
    users, _ = await roster.online.all("user 2")
    assert [user.user_id for user in users] == [f"user {number}" for number in range(LIMIT)]


async def test_who_asks_and_is_not_online_is_not_listed(roster: Roster):
    """A list says what the roster has."""
    await roster.arrive("ann", "s1")
    users, total = await roster.online.all("bob")
    assert ([user.user_id for user in users], total) == (["ann"], 1)


async def test_who_leaves_meanwhile_is_not_listed(roster: Roster, monkeypatch: pytest.MonkeyPatch):
    """The list is of those who are still there when it is made."""
    await roster.arrive("ann", "s1")
    await roster.arrive("bob", "s2")
    page = roster.cluster.page

    async def slow(name: str, offset: int, limit: int) -> list[str]:
        users = await page(name, offset, limit)
        await asyncio.sleep(0)
        await roster.cluster.leave("presence", "ann", "s1")
        return users

    monkeypatch.setattr(roster.cluster, "page", slow)
    users, _ = await roster.online.all("bob")
    assert [user.user_id for user in users] == ["bob"]


async def test_of_many_sessions_some_are_looked_at_and_all_are_counted(roster: Roster):
    """A user with thousands of them makes no list longer."""
    for number in range(3 * SESSIONS_READ):
        await roster.arrive("ann", f"s{number}", 1000 + number)
    [ann], _ = await roster.online.all("ann")
    assert ann.sessions == 3 * SESSIONS_READ
    assert 1000 <= ann.last_seen < 1000 + 3 * SESSIONS_READ
