"""What survives of the direct contract: a kill, a stop, a freeze, a full disk."""

import asyncio

import pytest

from e2e.harness.deadline import eventually
from e2e.harness.deployment import Fresh
from e2e.harness.direct import DirectClient, fails
from e2e.harness.match import equals, has, says, texts
from e2e.harness.people import PeopleOf
from e2e.harness.process import ServerProcess


@pytest.mark.requirement("DIRECT-DELIVERY-001", "DIRECT-RECEIVE-001")
async def test_a_kill_amid_a_burst_loses_nothing(fresh_deployment: Fresh, people_of: PeopleOf):
    """After `kill -9` everything is there that its sender was told is stored, or that was delivered, in its order.

    Nothing that was acknowledged before is unreceived again.
    """
    deployment = await fresh_deployment(HISTORY_LIMIT="5000")
    people = people_of(deployment)
    alice, bob = await people.new("Alice"), await people.new("Bob")
    alice_device = await alice.connect(DirectClient, server=0)
    bob_device = await bob.connect(DirectClient, server=0)
    received = await alice_device.send(bob.id, "received")
    await bob_device.receive(received)

    async def burst() -> None:
        for number in range(2000):
            await alice_device.emit("send message", {"receiver": bob.id, "message": f"{number}"}, ack=1000 + number)
            await asyncio.sleep(0)

    bursting = asyncio.create_task(burst())
    await bob_device.expect("message", says("150"))
    await deployment.kill()
    bursting.cancel()
    for device in (alice_device, bob_device):
        await device.expect("CLOSED")
    await deployment.restart()

    device = await bob.connect(DirectClient)
    unreceived = await device.unreceived()
    told = [record.payload["id"] for record in alice_device.inbox.all("ACK")[2:] if "receiver" in record.payload]
    delivered = [record.payload["id"] for record in bob_device.inbox.all("message")[1:]]
    stored = [chat["id"] for chat in unreceived]
    assert set(told) | set(delivered) <= set(stored)
    assert texts(unreceived) == [f"{number}" for number in range(len(stored))]
    assert (await device.all())[alice.id] == [{**received, "received": True}, *unreceived]


@pytest.mark.requirement("DIRECT-DELIVERY-001", "DIRECT-RECEIVE-001")
async def test_a_restart_loses_nothing(fresh_deployment: Fresh, people_of: PeopleOf):
    """After a stop and a start what was not acknowledged is unreceived, and what was is received."""
    deployment = await fresh_deployment()
    people = people_of(deployment)
    alice, bob = await people.new("Alice"), await people.new("Bob")
    alice_device, bob_device = await alice.connect(DirectClient), await bob.connect(DirectClient)
    sent = [await alice_device.send(bob.id, f"{number}") for number in range(10)]
    for chat in sent[::2]:
        await bob_device.receive(chat)

    await deployment.restart()

    device = await bob.connect(DirectClient)
    assert await device.unreceived() == sent[1::2]
    assert [chat["received"] for chat in (await device.all())[alice.id]] == [True, False] * 5


@pytest.mark.requirement("DIRECT-DELIVERY-002")
async def test_what_is_sent_to_a_frozen_server_arrives_when_it_goes_on(fresh_deployment: Fresh, people_of: PeopleOf):
    """Messages that were sent while the server was frozen are delivered in order once it goes on."""
    deployment = await fresh_deployment("--memory")
    people = people_of(deployment)
    alice, bob = await people.new("Alice"), await people.new("Bob")
    alice_device = await alice.connect(DirectClient, server=0)
    bob_device = await bob.connect(DirectClient, server=0)

    await deployment.pause()
    for number in range(10):
        await alice_device.emit("send message", {"receiver": bob.id, "message": f"{number}"})
    await deployment.resume()

    for number in range(10):
        await bob_device.expect_next("message", says(f"{number}"))


@pytest.mark.requirement("DIRECT-DELIVERY-004")
@pytest.mark.embedded("is about the disk of the database's file")
async def test_a_full_disk_is_told_and_loses_nothing(fresh_deployment: Fresh, people_of: PeopleOf):
    """A message that there is no room for is answered with `error`; what was stored is there, and all goes on."""
    deployment = await fresh_deployment()
    server = deployment.servers[0]
    assert isinstance(server, ServerProcess)
    people = people_of(deployment)
    alice, bob = await people.new("Alice"), await people.new("Bob")
    alice_device, bob_device = await alice.connect(DirectClient), await bob.connect(DirectClient)
    stored: list[str] = []

    async def is_stored(text: str) -> bool:
        answer = await alice_device.call("send message", {"receiver": bob.id, "message": text})
        if "receiver" in answer:
            stored.append(text)
        else:
            await alice_device.expect("error", fails(alice.id, answer["message"]))
        return "receiver" in answer

    server.allow_growth(200_000)
    while await is_stored(f"{len(stored)} {'x' * 4000}"):
        assert len(stored) < 500, "the disk was never full"
    assert await bob_device.call("ping") == "Hello World!"
    assert texts((await bob_device.all())[alice.id]) == stored

    server.allow_growth(None)
    await eventually(lambda: is_stored("room again"), equals(True))
    for text in stored:
        await bob_device.expect_next("message", has(message=text), ignoring=["pong", "ACK"])
