"""`e2e.harness.users`: users of a list are lent to one test at a time, with friends who are just such."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from e2e.harness import users
from e2e.harness.deployment import RemoteDeployment, RemoteServer, Target
from e2e.harness.people import People
from e2e.harness.transcript import Transcript
from e2e.harness.users import Account, LentUser, LentUsers

NO_REST: Any = None


def lent(name: str, key: str, *friends: str) -> LentUser:
    return LentUser(Account(key, "", "", name, f"token of {key}"), frozenset(friends))


@pytest.fixture(autouse=True)
def no_rest(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(users, "_REST", 0)


def cast() -> LentUsers:
    """Return two circles: in the first Alice is the friend of both others, in the second Bob is."""
    return LentUsers(
        [
            lent("Alice", "1", "2", "3"),
            lent("Bob", "2", "1"),
            lent("Carol", "3", "1"),
            lent("Alice", "4", "5"),
            lent("Bob", "5", "4", "6"),
            lent("Carol", "6", "5"),
        ]
    )


async def ids(source: LentUsers, *names: str) -> list[str]:
    return [account.id for account in await source.group(NO_REST, names, "")]


async def test_the_first_is_a_friend_of_every_other():
    """And nobody else is: the right circle is found by the names."""
    assert await ids(cast(), "Alice", "Bob", "Carol") == ["1", "2", "3"]
    assert await ids(cast(), "Bob", "Alice", "Carol") == ["5", "4", "6"]


async def test_who_comes_later_is_a_friend_of_nobody_in_the_test():
    """A stranger must be one."""
    source = cast()
    await source.group(NO_REST, ["Alice", "Bob"], "")

    assert await ids(source, "Carol") == ["6"]


async def test_nobody_is_lent_twice_at_a_time():
    """Until they are given back, and then those come first who have rested longest."""
    source = cast()
    first = await source.group(NO_REST, ["Alice"], "")
    second = await ids(source, "Alice")
    with pytest.raises(pytest.skip.Exception, match="no Alice"):
        await source.group(NO_REST, ["Alice"], "")

    source.free(first)

    assert await ids(source, "Alice") == [first[0].id] != second


async def test_who_never_came_in_is_given_back_without_a_goodbye(unused_tcp_port: int):
    """A server that refuses every connection must not cost the next test its users, nor this one a second error."""
    source = LentUsers([lent("Alice", "1")])
    target = Target((RemoteServer(f"http://127.0.0.1:{unused_tcp_port}", {}),), None, judged_by="rooms")
    async with aiohttp.ClientSession() as http:
        people = People(RemoteDeployment(target), Transcript(), http, source)
        (account,) = await source.group(NO_REST, ["Alice"], "")
        people.of(account)
        with pytest.raises(ConnectionRefusedError):
            await people.dial("Alice")

        await people.release()

    assert await ids(source, "Alice") == ["1"]


async def test_a_name_that_is_not_in_the_list_skips_the_test():
    """As does a friendship that there is not: friendships stay as they are."""
    source = cast()
    with pytest.raises(pytest.skip.Exception, match="no Zoë"):
        await source.group(NO_REST, ["Zoë"], "")
    (alice,) = await source.group(NO_REST, ["Alice"], "")
    (other,) = await source.group(NO_REST, ["Alice"], "")

    with pytest.raises(pytest.skip.Exception, match="makes friends while it runs"):
        await source.befriend(NO_REST, alice, other)
