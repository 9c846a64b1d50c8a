"""Connecting to the direct contract: transports, ports, and that nothing comes of itself."""

import pytest

from e2e.harness.client import TransportName
from e2e.harness.direct import DirectClient
from e2e.harness.match import equals, says
from e2e.harness.people import People


@pytest.mark.requirement("DIRECT-CONNECT-001")
@pytest.mark.parametrize("transport", ["websocket", "polling"])
async def test_both_transports_carry_the_contract(people: People, transport: TransportName):
    """Messages, answers and acknowledgements go both ways over either transport."""
    alice, bob = await people.new("Alice"), await people.new("Bob")
    alice_device = await alice.connect(DirectClient, transport=transport)
    bob_device = await bob.connect(DirectClient, transport=transport)

    chat = await alice_device.send(bob.id, "hello")
    await bob_device.expect_next("message", equals(chat))
    await bob_device.receive(chat)

    assert await bob_device.unreceived() == []
    assert await bob_device.all() == {alice.id: [{**chat, "received": True}]}


@pytest.mark.requirement("DIRECT-CONNECT-001", "DIRECT-SEND-007")
async def test_a_session_is_upgraded_without_a_loss(people: People):
    """A session that moves from polling to a websocket gets every message once and in order."""
    alice, bob = await people.new("Alice"), await people.new("Bob")
    alice_device = await alice.connect(DirectClient)
    bob_device = await bob.connect(DirectClient, transport="polling")
    assert bob_device.handshake["upgrades"] == ["websocket"]

    for number in range(5):
        await alice_device.send(bob.id, f"before {number}")
    await bob_device.upgrade()
    for number in range(5):
        await alice_device.send(bob.id, f"after {number}")

    for text in [f"before {number}" for number in range(5)] + [f"after {number}" for number in range(5)]:
        await bob_device.expect_next("message", says(text))
    assert bob_device.transport == "websocket"


@pytest.mark.requirement("DIRECT-CONNECT-002")
async def test_the_contract_is_on_its_own_port_and_at_its_path_on_every_port(people: People):
    """A device on the contract's port, at `/socket.io`, hears one at `/direct/socket.io` of any port, and is heard."""
    listeners = people.deployment.servers[0].urls
    if "direct" not in listeners:
        pytest.skip("the ports of the target are not known")
    alice, bob = await people.new("Alice"), await people.new("Bob")
    drop_in = await alice.connect(DirectClient, listener="direct", path="/socket.io")

    for listener in (name for name in listeners if name != "internal"):
        device = await bob.connect(DirectClient, listener=listener)
        await drop_in.send(bob.id, f"to {listener}")
        await device.expect_next("message", says(f"to {listener}"))
        await device.send(alice.id, f"from {listener}")
        await drop_in.expect_next("message", says(f"from {listener}"))


@pytest.mark.requirement("DIRECT-CONNECT-003")
async def test_nothing_is_sent_on_a_connect(people: People):
    """A client that connects, with messages waiting for it, gets nothing until it asks."""
    alice, bob = await people.new("Alice"), await people.new("Bob")
    alice_device = await alice.connect(DirectClient)
    await alice_device.send(bob.id, "waiting")

    device = await bob.connect(DirectClient)
    await device.emit("ping")

    await device.expect_next("pong")


@pytest.mark.requirement("DIRECT-CONNECT-003")
async def test_a_second_connect_packet_changes_nothing(people: People):
    """A socket that asks for the namespace again is not served twice, and what it sends still counts."""
    alice, bob = await people.new("Alice"), await people.new("Bob")
    bob_device = await bob.connect(DirectClient)

    await bob_device.join()
    replacement = await bob.connect(DirectClient)
    await (await alice.connect(DirectClient)).send(bob.id, "once")

    await replacement.expect_next("message", says("once"))
    await replacement.emit("ping")
    await replacement.expect_next("pong")
