"""The presence contract while servers die, stand still, or are cut off: what is said to be sent was."""

import asyncio

import pytest

from e2e.faults.stage import CLUSTER_TIMEOUT, SERVER_TIMEOUT, Stage
from e2e.harness.deadline import SECOND, eventually
from e2e.harness.match import equals, has, must
from e2e.harness.people import PeopleOf
from e2e.harness.presence import Presence, PresenceClient, listed, reached, status_of

pytestmark = [pytest.mark.faults, pytest.mark.timeout(150)]

UPDATE = "user_status_update"
SWEEP = (SERVER_TIMEOUT + 3) * SECOND
"""In which the sessions of a dead server must be gone."""

BOUND = 4 * SECOND
"""In which a sender must be told, of a cluster with that CLUSTER_TIMEOUT."""


@pytest.mark.requirement("PRESENCE-MESSAGE-011", "PRESENCE-STATUS-007")
async def test_users_of_a_killed_server_are_not_said_to_be_reached(stage: Stage, people_of: PeopleOf):
    """From the moment of its death; those who live are, and friends hear that the others are gone, within the sweep."""
    people = people_of(stage.cluster)
    presence = Presence(people)
    alice, bob, carol = await people.friendship("Alice", "Bob", "Carol")
    stranger = await people.new("Stranger")
    sender = await presence.connect(alice, server=0)
    stranger_device, carol_device = await presence.connect(stranger, server=0), await presence.connect(carol, server=0)
    bob_device, carol_elsewhere = await presence.connect(bob, server=1), await presence.connect(carol, server=1)
    must(await sender.send([bob, carol], "before"), reached([bob, carol]))
    for device in (bob_device, carol_elsewhere, carol_device):
        await device.expect_next("message", has(message="before"))

    await stage.cluster.kill(1)
    must(await sender.send([bob, carol], "after", within=BOUND), reached([carol], [bob]))

    await sender.expect(UPDATE, status_of(bob, "offline"), within=SWEEP)
    must(await sender.send([bob, carol], "swept"), reached([carol], [bob]))
    for message in ("after", "swept"):
        await carol_device.expect_next("message", has(message=message))
    must(await sender.call("get_online_users"), _online(carol.id))
    must(await sender.call("get_all_online_users"), has(total=3))
    await stranger_device.call("ping")
    assert stranger_device.count(UPDATE) == 0
    assert [it.payload["userId"] for it in sender.inbox.all(UPDATE) if it.payload["status"] == "offline"] == [bob.id]


def _online(*users: str):
    return lambda answer: equals(sorted(users))(sorted(listed(answer)))


@pytest.mark.requirement("PRESENCE-MESSAGE-011")
async def test_users_of_a_server_that_stands_still_are_not_said_to_be_reached(stage: Stage, people_of: PeopleOf):
    """While it does; when it goes on they are reached again."""
    people = people_of(stage.cluster)
    presence = Presence(people)
    alice, bob = await people.friendship("Alice", "Bob")
    sender, device = await presence.connect(alice, server=0), await presence.connect(bob, server=1)

    await stage.cluster.pause(1)
    must(await sender.send([bob], "still", within=BOUND), reached([], [bob]))
    await stage.cluster.resume(1)

    await eventually(lambda: sender.send([bob], "again"), reached([bob]), within=SWEEP)
    await device.expect("message", has(message="again"))


@pytest.mark.requirement("PRESENCE-MESSAGE-011", "PRESENCE-MESSAGE-001")
@pytest.mark.parametrize("how", ["cut", "blackhole"])
async def test_a_server_that_is_cut_off_reaches_its_own(stage: Stage, people_of: PeopleOf, how: str):
    """At once, though the sender waits for the cluster; nobody elsewhere, until the network is whole."""
    people = people_of(stage.cluster)
    presence = Presence(people)
    alice, bob, carol = await people.friendship("Alice", "Bob", "Carol")
    sender, near = await presence.connect(alice, server=0), await presence.connect(bob, server=0)
    far = await presence.connect(carol, server=1)
    must(await sender.send([bob, carol], "before"), reached([bob, carol]))

    getattr(stage.proxies["redis"][0], how)()
    answer = asyncio.ensure_future(sender.send([bob, carol], "meanwhile", within=BOUND))
    heard = await near.expect("message", has(message="meanwhile"))
    must(await answer, reached([bob], [carol]))
    if how == "blackhole":  # else the cluster is known not to answer, and nobody waits for it
        assert sender.inbox.all("ACK")[-1].at - heard.at > CLUSTER_TIMEOUT / 4
    lists = await sender.call("get_all_online_users", within=BOUND)
    assert lists["users"] == []
    must(lists, has(total=0, status="error", error="Service unavailable"))
    stage.proxies["redis"][0].heal()

    await eventually(lambda: sender.send([bob, carol], "after"), reached([bob, carol]), within=SWEEP)
    await far.expect("message", has(message="after"))
    assert _texts(far)[0] == "before"
    assert "meanwhile" not in _texts(far)


def _texts(device: PresenceClient) -> list[str]:
    return [record.payload["message"] for record in device.inbox.all("message")]


@pytest.mark.requirement("PRESENCE-STATUS-007", "PRESENCE-STATUS-006")
async def test_a_friendship_that_ended_in_a_gap_is_followed_no_more(stage: Stage, people_of: PeopleOf):
    """A server that was cut off when a friendship ended tells its sessions nothing of who is a stranger by now."""
    people = people_of(stage.cluster)
    presence = Presence(people)
    bob, alice, carol = await people.friendship("Bob", "Alice", "Carol")
    device = await presence.connect(bob, server=0)

    stage.proxies["redis"][0].cut()
    (await alice.on(1).delete(f"/users/{alice.id}/friends/{bob.id}")).must(204)
    stage.proxies["redis"][0].heal()
    await eventually(lambda: device.call("get_all_online_users"), has(total=1), within=SWEEP)
    await eventually(lambda: _heard(device, presence, carol), equals(True), within=SWEEP)

    alice_device = await presence.connect(alice, server=1)
    await alice_device.goodbye()
    before = device.count(UPDATE)
    await eventually(lambda: _heard(device, presence, carol), equals(True))

    assert device.count(UPDATE) > before
    assert alice.id not in [record.payload["userId"] for record in device.inbox.all(UPDATE)]


async def _heard(device: PresenceClient, presence: Presence, person) -> bool:
    """Have somebody come and go on the other server, and tell whether a device has heard of it."""
    before = device.count(UPDATE)
    session = await presence.connect(person, server=1)
    await session.goodbye()
    for _ in range(20):
        await device.call("ping")
    return device.count(UPDATE) >= before + 2
