"""What survives: a kill, a stop, a freeze, a full disk."""

import asyncio
import uuid

import pytest

from e2e.harness.deadline import eventually
from e2e.harness.deployment import Fresh
from e2e.harness.friends import FriendsClient
from e2e.harness.match import equals, has, keys, present, says, texts
from e2e.harness.people import People, PeopleOf
from e2e.harness.process import ServerProcess
from e2e.harness.rest import Answer
from e2e.harness.shapes import ENVELOPE


async def burst(device: FriendsClient) -> None:
    """Say 2000 things, and let what comes meanwhile be read."""
    for number in range(2000):
        await device.say(f"{number}")
        await asyncio.sleep(0)


@pytest.mark.requirement("FRIENDS-OFFLINE-015")
async def test_a_kill_amid_a_burst_loses_nothing_and_repeats_nothing(fresh_deployment: Fresh, people_of: PeopleOf):
    """After `kill -9` in a burst every stored message reaches the friend who was away, once; nothing seen comes again.

    What was stored is known from the sender's history, and what was delivered live must be in it.
    """
    deployment = await fresh_deployment(UNSEEN_LIMIT="5000")
    people = people_of(deployment)
    alice, bob, carol = await people.friendship("Alice", "Bob", "Carol")
    alice_device, carol_device = await alice.connect(server=0), await carol.connect(server=0)
    await alice_device.say("seen")
    await carol_device.expect("message", says("seen"))
    await carol_device.expect("PING")
    await eventually(carol.peek, equals([]))

    bursting = asyncio.create_task(burst(alice_device))
    await carol_device.expect("message", says("150"))
    await deployment.kill()
    bursting.cancel()
    await carol_device.expect("CLOSED")
    await deployment.restart()

    stored = [message["id"] for message in await alice.whole_history()]
    delivered = [record.payload["id"] for record in carol_device.inbox.all("message")]
    unseen = await bob.peek()
    assert set(delivered) <= set(stored)
    assert [message["id"] for message in unseen] == stored
    assert texts(unseen) == [*(f"{number}" for number in range(len(stored) - 2, -1, -1)), "seen"]
    assert "seen" not in texts(await carol.peek())


@pytest.mark.requirement("FRIENDS-OFFLINE-015", "FRIENDS-OFFLINE-005")
async def test_a_kill_forgets_no_user_and_no_friendship(fresh_deployment: Fresh, people_of: PeopleOf):
    """What REST answered as done is there after `kill -9`."""
    deployment = await fresh_deployment()
    people = people_of(deployment)
    alice, bob = await people.friendship("Alice", "Bob")

    await deployment.kill()
    await deployment.restart()

    (await alice.rest.get("/users/me")).must(200, has(_id=alice.id, friends=[bob.id]))
    (await bob.rest.get("/users/me")).must(200, has(friends=[alice.id]))


@pytest.mark.requirement("FRIENDS-OFFLINE-016")
async def test_a_restart_loses_nothing_and_repeats_nothing(fresh_deployment: Fresh, people_of: PeopleOf):
    """After a stop and a start unconfirmed messages are unseen, confirmed ones are not, and the history is whole."""
    deployment = await fresh_deployment()
    people = people_of(deployment)
    alice, bob, carol = await people.friendship("Alice", "Bob", "Carol")
    alice_device, carol_device = await alice.connect(), await carol.connect()
    for number in range(20):
        await alice_device.say(f"{number}")
    await carol_device.expect("message", says("19"))
    await carol_device.expect("PING")
    await eventually(carol.peek, equals([]))

    await deployment.restart()

    assert texts(await bob.peek()) == [f"{number}" for number in range(19, -1, -1)]
    assert await carol.peek() == []
    assert len(await alice.history(limit=100)) == 20


@pytest.mark.requirement("FRIENDS-OFFLINE-016", "FRIENDS-SERVE-002")
async def test_a_stop_amid_a_burst_loses_nothing(fresh_deployment: Fresh, people_of: PeopleOf):
    """What was delivered to anybody before a stop reaches the friend who was away after the start."""
    deployment = await fresh_deployment(UNSEEN_LIMIT="5000")
    people = people_of(deployment)
    alice, bob, carol = await people.friendship("Alice", "Bob", "Carol")
    alice_device, carol_device = await alice.connect(server=0), await carol.connect(server=0)

    bursting = asyncio.create_task(burst(alice_device))
    await carol_device.expect("message", says("100"))
    await deployment.stop()
    bursting.cancel()
    await carol_device.expect(("CLOSED", "DISCONNECT"))
    await deployment.restart()

    unseen = [message["id"] for message in await bob.peek()]
    assert {record.payload["id"] for record in carol_device.inbox.all("message")} <= set(unseen)
    assert unseen == [message["id"] for message in await alice.whole_history()]


@pytest.mark.requirement("FRIENDS-OFFLINE-019")
async def test_what_is_sent_to_a_frozen_server_arrives_when_it_goes_on(fresh_deployment: Fresh, people_of: PeopleOf):
    """Messages that were sent while the server was frozen are delivered in order once it goes on."""
    deployment = await fresh_deployment("--memory")
    people = people_of(deployment)
    alice, bob = await people.friendship("Alice", "Bob")
    alice_device, bob_device = await alice.connect(server=0), await bob.connect(server=0)

    await deployment.pause()
    for number in range(10):
        await alice_device.say(f"{number}")
    await deployment.resume()

    for number in range(10):
        await bob_device.expect_next("message", says(f"{number}"))


@pytest.mark.requirement("FRIENDS-OFFLINE-018")
@pytest.mark.embedded("is about the database's file")
async def test_a_full_disk_is_answered_and_outlived(fresh_deployment: Fresh, people_of: PeopleOf):
    """While the disk is full senders are told so, REST answers 503, reading goes on; afterwards all is as before."""
    deployment = await fresh_deployment()
    people = people_of(deployment)
    alice, bob = await people.friendship("Alice", "Bob")
    alice_device, bob_device = await alice.connect(), await bob.connect()
    server = deployment.servers[0]
    assert isinstance(server, ServerProcess)
    number_refused = await _refusal_of_a_number(alice_device)
    accepted: list[str] = []

    async def accepts(text: str) -> bool:
        await alice_device.say(text)
        refusals = [await _refusal_of_a_number(alice_device)]
        if refusals != [number_refused]:
            refusals.append((await alice_device.expect_next("exception")).payload["message"])
        else:
            accepted.append(text)
        return len(refusals) == 1

    server.allow_growth(200_000)
    while await accepts(f"{len(accepted)} {'x' * 4000}"):
        assert len(accepted) < 500, "the disk was never full"
    while (answer := await _registration(people)).status == 201:
        pass
    answer.must(503, keys(*ENVELOPE), has(httpStatus=503))
    (await people.rest().post("/auth/login", {"email": bob.email, "password": bob.password})).must(200)
    assert texts(await alice.whole_history()) == accepted[::-1]
    await bob.connect()

    server.allow_growth(None)
    await eventually(lambda: accepts("room again"), lambda stored: None if stored else "still refused")
    for text in accepted:
        await bob_device.expect_next("message", says(text))
    (await _registration(people)).must(201)


async def _refusal_of_a_number(device: FriendsClient) -> str:
    """Send what is always refused, and return why the next refusal was made."""
    await device.say(7)
    refusal = await device.expect_next("exception", has(status="error"), present("message"), ignoring=["connected"])
    return refusal.payload["message"]


async def _registration(people: People) -> Answer:
    return await people.rest().post("/users", {"email": f"{uuid.uuid4().hex}@example.com", "password": "123456"})
