"""Friendships: who is a friend of whom, and that a change takes effect at once."""

import pytest

from e2e.harness.deadline import eventually
from e2e.harness.match import has, instant, keys, lacks, must, present, says, texts
from e2e.harness.people import People, Person
from e2e.harness.shapes import ENVELOPE, FRIEND, USER

NOBODY = "0123456789abcdef01234567"


async def friends_of(person: Person) -> list[dict[str, object]]:
    return (await person.rest.get("/users/me/friends")).must(200)


@pytest.mark.requirement("FRIENDS-USER-005", "FRIENDS-USER-010")
async def test_a_friendship_holds_both_ways(people: People):
    """Adding a friend answers both users as they are now, each the friend of the other."""
    alice, bob = await people.new("Alice"), await people.new("Bob")

    answer = await alice.rest.post(f"/users/{alice.id}/friends", {"friendId": bob.id})

    user, friend = answer.must(200)
    must(user, keys(*USER), lacks("password"), has(_id=alice.id, friends=[bob.id]))
    must(friend, keys(*USER), lacks("password"), has(_id=bob.id, friends=[alice.id]))
    (await bob.rest.get("/users/me")).must(200, has(friends=[alice.id]))


@pytest.mark.requirement("FRIENDS-USER-005")
async def test_adding_a_friend_twice_changes_nothing(people: People):
    """Adding a friend again, from either side, answers the same and leaves one friendship."""
    alice, bob = await people.friendship("Alice", "Bob")

    user, _ = (await alice.rest.post(f"/users/{alice.id}/friends", {"friendId": bob.id})).must(200)
    _, friend = (await bob.rest.post(f"/users/{bob.id}/friends", {"friendId": alice.id})).must(200)

    assert user["friends"] == [bob.id]
    assert friend["friends"] == [bob.id]


@pytest.mark.requirement("FRIENDS-USER-006")
async def test_a_friend_must_exist(people: People):
    """Adding a user who does not exist is answered 404."""
    alice = await people.new("Alice")

    for friend in (NOBODY, "nobody"):
        answer = await alice.rest.post(f"/users/{alice.id}/friends", {"friendId": friend})
        answer.must(404, keys(*ENVELOPE), has(httpStatus=404, errorName="NotFoundException"))


@pytest.mark.requirement("FRIENDS-USER-006")
async def test_nobody_is_their_own_friend(people: People):
    """Adding oneself is answered 400."""
    alice = await people.new("Alice")

    answer = await alice.rest.post(f"/users/{alice.id}/friends", {"friendId": alice.id})

    answer.must(400, keys(*ENVELOPE), has(errorName="BadRequestException"))
    assert await friends_of(alice) == []


@pytest.mark.requirement("FRIENDS-USER-006")
async def test_a_friend_is_added_to_oneself_only(people: People):
    """Adding or removing a friend of another user is answered 403, and without a token 401."""
    alice, bob = await people.friendship("Alice", "Bob")
    mallory = await people.new("Mallory")
    path = f"/users/{alice.id}/friends"

    (await mallory.rest.post(path, {"friendId": mallory.id})).must(
        403, keys(*ENVELOPE), has(errorName="ForbiddenException")
    )
    (await mallory.rest.delete(f"{path}/{bob.id}")).must(403)
    (await people.rest().post(path, {"friendId": mallory.id})).must(401, has(message="Unauthorized"))
    (await people.rest().delete(f"{path}/{bob.id}")).must(401, has(message="Unauthorized"))
    (await alice.rest.get("/users/me")).must(200, has(friends=[bob.id]))


@pytest.mark.requirement("FRIENDS-USER-006")
@pytest.mark.parametrize("body", [{}, {"friendId": 7}, {"friendId": None}, {"friendId": {"$ne": ""}}, [], "text"])
async def test_a_friendship_of_a_wrong_shape_is_refused(people: People, body: object):
    """A body without a string `friendId` is answered 400."""
    alice = await people.new("Alice")

    (await alice.rest.post(f"/users/{alice.id}/friends", body)).must(400, has(errorName="BadRequestException"))


@pytest.mark.requirement("FRIENDS-USER-007")
async def test_a_friendship_ends_for_both(people: People):
    """Removing a friend is answered 204 and changes both users; a friend who is none cannot be removed again."""
    alice, bob = await people.friendship("Alice", "Bob")

    (await alice.rest.delete(f"/users/{alice.id}/friends/{bob.id}")).must(204)

    for person in (alice, bob):
        (await person.rest.get("/users/me")).must(200, has(friends=[]))


@pytest.mark.requirement("FRIENDS-USER-004", "FRIENDS-PRESENCE-007")
async def test_the_list_of_friends_says_who_is_online(people: People):
    """The list of friends has each friend with names, e-mail, whether online, and when last seen."""
    alice, bob = await people.friendship("Alice", "Bob")
    (friend,) = await friends_of(alice)
    must(friend, present(*FRIEND), has(_id=bob.id, email=bob.email, name="Bob", online=False), instant("lastSeen"))

    device = await bob.connect()
    await eventually(lambda: friends_of(alice), lambda found: has(online=True)(found[0]))

    await device.goodbye()
    await eventually(lambda: friends_of(alice), lambda found: has(online=False)(found[0]))
    await eventually(
        lambda: friends_of(alice),
        lambda found: None if str(found[0]["lastSeen"]) > str(friend["lastSeen"]) else "lastSeen is the old one",
    )


@pytest.mark.requirement("FRIENDS-USER-008")
async def test_a_friend_added_while_both_are_connected_is_reached_at_once(people: People):
    """A friendship takes effect for sockets that are connected already, in both directions."""
    alice, bob = await people.new("Alice"), await people.new("Bob")
    alice_device, bob_device = await alice.connect(), await bob.connect()

    await people.friends(alice, bob)

    await alice_device.say("hello Bob")
    await bob_device.expect_next("message", says("hello Bob"), ignoring=["connected"])
    await bob_device.say("hello Alice")
    await alice_device.expect_next("message", says("hello Alice"), ignoring=["connected"])


@pytest.mark.requirement("FRIENDS-USER-008", "FRIENDS-PRESENCE-002")
async def test_a_friend_added_while_connected_is_told_of_the_leaving(people: People):
    """A friend who was added while both were connected is told when the other leaves."""
    alice, bob = await people.new("Alice"), await people.new("Bob")
    alice_device, bob_device = await alice.connect(), await bob.connect()
    await people.friends(alice, bob)

    await alice_device.goodbye()

    await bob_device.expect_next("disconnected", has(username="Alice"), ignoring=["connected"])


@pytest.mark.requirement("FRIENDS-USER-009", "FRIENDS-OFFLINE-012")
async def test_a_friend_removed_while_connected_is_reached_no_more(people: People):
    """After a friendship ended, connected sockets of one get nothing from the other any more."""
    alice, bob, carol = await people.friendship("Alice", "Bob", "Carol")
    alice_device, bob_device = await alice.connect(), await bob.connect()
    carol_device = await carol.connect()
    await alice_device.say("before")
    await bob_device.expect_next("message", says("before"), ignoring=["connected"])

    (await alice.rest.delete(f"/users/{alice.id}/friends/{bob.id}")).must(204)
    await alice_device.say("between")
    await carol_device.expect("message", says("between"))
    await people.friends(alice, bob)
    await alice_device.say("after")

    await bob_device.expect_next("message", says("after"), ignoring=["connected", "disconnected"])
    assert texts(await bob.history()) == ["after", "before"]


@pytest.mark.requirement("FRIENDS-USER-009")
async def test_a_stranger_is_not_told_of_coming_and_going(people: People):
    """After a friendship ended, neither is told of the other's coming and going."""
    bob, alice, carol = await people.friendship("Bob", "Alice", "Carol")
    bob_device = await bob.connect()
    (await bob.rest.delete(f"/users/{bob.id}/friends/{alice.id}")).must(204)

    alice_device = await alice.connect()
    await alice_device.goodbye()
    await carol.connect()

    await bob_device.expect_next("connected", has(username="Carol"))
