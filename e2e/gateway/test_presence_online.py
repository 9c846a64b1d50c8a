"""Who is online, as the presence contract lists it."""

import asyncio
from typing import Any

import pytest

from e2e.harness.deadline import eventually
from e2e.harness.deployment import Fresh
from e2e.harness.match import has, instant, keys, must
from e2e.harness.people import People, PeopleOf, Person
from e2e.harness.presence import Presence, listed

QUERIES = ("get_online_users", "get_online_friends_only", "get_all_online_users", "get_detailed_online_users")


def entry(answer: Any, person: Person) -> dict[str, Any]:
    """Return the one entry of a person in a list."""
    [found] = [user for user in answer["users"] if user["userId"] == person.id]
    return found


@pytest.mark.requirement("PRESENCE-ONLINE-001")
@pytest.mark.parametrize("query", ["get_online_users", "get_online_friends_only"])
async def test_friends_who_are_online_are_listed(people: People, presence: Presence, query: str):
    """With what there is to say of them; no friend who is not online, no stranger, and not oneself."""
    alice, bob, carol = await people.friendship("Alice", "Bob", "Carol")
    device = await presence.connect(alice)
    await presence.connect(await people.new("Stranger"))
    must(await device.call(query), has(users=[]))
    await presence.connect(bob)

    answer = await device.call(query)

    [friend] = must(answer, keys("users"))["users"]
    must(friend, keys("userId", "email", "status", "lastSeen"), instant("lastSeen"))
    must(friend, has(userId=bob.id, email=bob.email, status="online"))
    await presence.connect(carol)
    assert set(listed(await device.call(query))) == {bob.id, carol.id}


@pytest.mark.requirement("PRESENCE-ONLINE-002", "PRESENCE-ONLINE-003")
async def test_everybody_who_is_online_is_listed(people: People, presence: Presence):
    """Friends, strangers and oneself, in both lists; one has more to say of them."""
    alice, bob, away = [await people.new(name) for name in ("Alice", "Bob", "Away")]
    device, _ = await presence.connect(alice), await presence.connect(bob)

    everybody = await device.call("get_all_online_users")
    detailed = await device.call("get_detailed_online_users")

    must(everybody, keys("users", "total"))
    must(detailed, keys("users", "total", "timestamp"), instant("timestamp"))
    for answer in (everybody, detailed):
        assert {alice.id, bob.id} <= set(listed(answer))
        assert away.id not in listed(answer)
    must(entry(everybody, bob), keys("userId", "status", "lastSeen"), has(status="online"), instant("lastSeen"))
    must(entry(detailed, bob), keys("userId", "email", "status", "lastSeen", "sessionCount"), instant("lastSeen"))
    must(entry(detailed, bob), has(status="online", email=bob.email, sessionCount=1))


@pytest.mark.requirement("PRESENCE-ONLINE-003", "PRESENCE-ONLINE-006")
async def test_every_session_is_counted_and_every_user_once(fresh_deployment: Fresh, people_of: PeopleOf):
    """On whichever servers they are; a session that says goodbye counts no more."""
    people = people_of(await fresh_deployment("--memory"))
    presence = Presence(people)
    alice, bob = [await people.new(name) for name in ("Alice", "Bob")]
    sessions = [await presence.connect(bob) for _ in range(3)]
    device = await presence.connect(alice)

    answer = await device.call("get_detailed_online_users")

    must(answer, has(total=2))
    assert sorted(listed(answer)) == sorted((alice.id, bob.id))
    assert entry(answer, bob)["sessionCount"] == 3
    for count, session in zip((2, 1), sessions, strict=False):
        await session.goodbye()
        await eventually(lambda: device.call("get_detailed_online_users"), _counts(bob, count))
    must(await device.call("get_all_online_users"), has(total=2))


def _counts(person: Person, sessions: int) -> Any:
    def check(answer: Any) -> str | None:
        found = entry(answer, person)["sessionCount"]
        return None if found == sessions else f"{found} sessions, want {sessions}"

    return check


@pytest.mark.requirement("PRESENCE-ONLINE-004", "PRESENCE-ONLINE-006")
async def test_a_list_is_bounded_and_its_total_exact(fresh_deployment: Fresh, people_of: PeopleOf):
    """Whichever server is asked; whoever asks is in the list, and so are those who came first."""
    people = people_of(await fresh_deployment("--memory", USERS_LIMIT="3"))
    presence = Presence(people)
    crowd = [await people.new(f"Person{number}") for number in range(6)]
    devices = [await presence.connect(person) for person in crowd]

    for person, device in zip(crowd, devices, strict=True):
        for query in ("get_all_online_users", "get_detailed_online_users"):
            answer = await device.call(query)
            must(answer, has(total=6))
            found = listed(answer)
            first = [one.id for one in crowd[:3]]
            assert found == (first if person.id in first else [*first[:2], person.id])

    first, *friends = crowd
    await people.friends(first, *friends)
    assert len(listed(await devices[0].call("get_online_users"))) == 3


@pytest.mark.requirement("PRESENCE-ONLINE-005", "PRESENCE-ONLINE-007")
@pytest.mark.parametrize("payload", [None, 7, "text", [], {}, {"limit": -1, "users": "all"}])
async def test_a_payload_changes_nothing(people: People, presence: Presence, payload: object):
    """Queries have none; whatever is sent is ignored."""
    alice = await people.new("Alice")
    device = await presence.connect(alice)

    must(await device.call("ping", payload), keys("timestamp"), instant("timestamp"))
    for query in QUERIES:
        answer = await device.call(query, payload)
        assert (alice.id in listed(answer)) is ("total" in answer)


@pytest.mark.requirement("PRESENCE-ONLINE-005")
async def test_who_asks_for_no_acknowledgement_is_not_answered(people: People, presence: Presence):
    """No event tells what an acknowledgement would."""
    device = await presence.connect(await people.new("Alice"))

    for event in ("ping", *QUERIES):
        await device.emit(event)
    await device.emit("ping", ack=99)

    await device.expect_next("ACK", keys("timestamp"))


@pytest.mark.requirement("PRESENCE-ONLINE-006", "PRESENCE-ONLINE-001")
async def test_who_leaves_is_listed_no_more(fresh_deployment: Fresh, people_of: PeopleOf):
    """At once after a goodbye; after the grace where the connection was lost."""
    people = people_of(await fresh_deployment("--memory", PRESENCE_GRACE="0.2"))
    presence = Presence(people)
    alice, bob, carol = await people.friendship("Alice", "Bob", "Carol")
    device, bob_device, carol_device = [await presence.connect(person) for person in (alice, bob, carol)]

    await bob_device.goodbye()
    await carol_device.abort()

    await eventually(lambda: device.call("get_online_users"), has(users=[]))
    await eventually(lambda: device.call("get_all_online_users"), has(total=1))


@pytest.mark.requirement("PRESENCE-ONLINE-001")
async def test_who_was_seen_last_is_told_when(people: People, presence: Presence):
    """A user was seen when they came, at the latest."""
    alice, bob = await people.friendship("Alice", "Bob")
    device = await presence.connect(alice)
    before = (await device.call("ping"))["timestamp"]
    await presence.connect(bob)
    after = (await device.call("ping"))["timestamp"]

    [friend] = (await device.call("get_online_users"))["users"]

    assert before <= friend["lastSeen"] <= after


@pytest.mark.requirement("PRESENCE-ONLINE-006")
async def test_many_who_ask_at_once_are_all_answered(people: People, presence: Presence):
    """Each with a list in which they are."""
    crowd = [await people.new(f"Person{number}") for number in range(10)]
    devices = [await presence.connect(person) for person in crowd]

    answers = await asyncio.gather(*(device.call("get_all_online_users") for device in devices))

    for person, answer in zip(crowd, answers, strict=True):
        assert person.id in listed(answer)
        assert answer["total"] >= len(crowd)
