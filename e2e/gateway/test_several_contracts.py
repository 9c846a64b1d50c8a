"""One user on several contracts and devices at once: none disturbs another."""

import asyncio

import pytest

from e2e.harness.direct import DirectClient
from e2e.harness.match import equals, has, says, texts
from e2e.harness.people import People


@pytest.mark.requirement("DIRECT-CONNECT-005")
async def test_the_same_event_of_two_contracts_is_two_events(people: People):
    """Both contracts have a `message`: each goes to the devices of its own contract, and to no other."""
    alice, bob = await people.friendship("Alice", "Bob")
    friends = [await alice.connect(), await bob.connect(), await bob.connect(transport="polling")]
    direct = [await alice.connect(DirectClient), await bob.connect(DirectClient), await bob.connect(DirectClient)]

    chat = await direct[0].send(bob.id, "to Bob")
    await friends[0].say("to friends")
    second = await direct[0].send(bob.id, "to Bob again")

    for device in friends[1:]:
        await device.expect_next("message", has(message="to friends", username="Alice"), ignoring=["connected"])
    for device in direct[1:]:
        await device.expect_next("message", equals(chat))
        await device.expect_next("message", equals(second))


@pytest.mark.requirement("DIRECT-CONNECT-005", "DIRECT-EVENT-005")
async def test_an_event_of_another_contract_is_unknown(people: People):
    """What one contract knows has no effect on a connection of another."""
    alice, bob = await people.friendship("Alice", "Bob")
    friends, direct = await alice.connect(), await alice.connect(DirectClient)
    watching, receiving = await bob.connect(), await bob.connect(DirectClient)

    await friends.emit("send message", {"receiver": bob.id, "message": "astray"})
    await friends.emit("ping")
    await direct.emit("message", "astray")
    await friends.say("marker")
    chat = await direct.send(bob.id, "marker")

    await watching.expect_next("message", says("marker"), ignoring=["connected"])
    await receiving.expect_next("message", equals(chat))
    assert friends.count("pong") == 0


@pytest.mark.requirement("DIRECT-CONNECT-005")
async def test_each_contract_has_what_is_pending_of_its_own(people: People):
    """What a user was sent on one contract is not unseen on the other, and what confirms it does not confirm there."""
    alice, bob = await people.friendship("Alice", "Bob")
    friends, direct = await alice.connect(), await alice.connect(DirectClient)
    await friends.say("unseen")
    chat = await direct.send(bob.id, "unreceived")
    await friends.say(7)
    await friends.expect("exception")

    device = await bob.connect(DirectClient)
    assert await device.unreceived() == [chat]
    assert texts(await bob.peek()) == ["unseen"]
    await device.receive(chat)
    assert texts(await bob.peek()) == ["unseen"]
    assert texts(await bob.history()) == ["unseen"]
    await bob.connect()

    assert await device.unreceived() == []


@pytest.mark.requirement("DIRECT-CONNECT-005", "FRIENDS-PRESENCE-004")
async def test_presence_on_one_contract_is_not_presence_on_another(people: People):
    """Friends are told who comes and goes on the friends contract, whatever the same users do on the direct one."""
    bob, alice, carol = await people.friendship("Bob", "Alice", "Carol")
    watching = await bob.connect()

    device = await alice.connect(DirectClient)
    await device.goodbye()
    friends = await carol.connect()
    await watching.expect_next("connected", has(username="Carol"))
    other = await carol.connect(DirectClient)
    await friends.goodbye()

    await watching.expect_next("disconnected", has(username="Carol"))
    assert await other.call("ping") == "Hello World!"


@pytest.mark.requirement("DIRECT-CONNECT-005", "DIRECT-SEND-007", "FRIENDS-MESSAGE-012")
async def test_many_devices_on_both_contracts_disturb_none(people: People):
    """While devices of a user come, go and are refused on either contract, every other gets everything in order.

    One person writes on both contracts; another has lasting devices on both, and more that come and go in every way.
    """
    alice, bob = await people.friendship("Alice", "Bob")
    friends_writer, direct_writer = await alice.connect(), await alice.connect(DirectClient)
    friends = [await bob.connect(), await bob.connect(transport="polling")]
    direct = [await bob.connect(DirectClient), await bob.connect(DirectClient, transport="polling")]
    sent = [f"number {number}" for number in range(60)]

    async def write() -> None:
        for text in sent:
            await asyncio.gather(friends_writer.say(text), direct_writer.send(bob.id, text))

    async def come_and_go(leave: str) -> None:
        for kind in (DirectClient, None, DirectClient):
            device = await (bob.connect(kind) if kind else bob.connect())
            await device.emit("send message", {"receiver": 7})
            await device.emit("message", 7)
            await getattr(device, leave)()
        await bob.dial(DirectClient, token="garbage")
        await (await bob.connect(DirectClient)).send_raw('42["ping"')

    await asyncio.gather(write(), *(come_and_go(leave) for leave in ("goodbye", "close_transport", "abort")))

    for device in (*friends, *direct):
        for text in sent:
            await device.expect_next("message", says(text), ignoring=["connected"])
    assert texts((await direct[0].all())[alice.id]) == sent
