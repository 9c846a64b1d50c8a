"""The main flow with python-socketio's own client and its default options."""

import asyncio
from typing import Any

import pytest
import socketio

from e2e.harness.deadline import DEADLINE
from e2e.harness.expect import Inbox
from e2e.harness.friends import FriendsClient
from e2e.harness.match import equals, has, says, texts
from e2e.harness.people import People
from e2e.harness.transcript import Transcript


@pytest.mark.requirement("FRIENDS-CONNECT-010", "FRIENDS-OFFLINE-001", "FRIENDS-MESSAGE-001")
async def test_the_main_flow_in_python(people: People, transcript: Transcript):
    """A Python client polls, upgrades, gets its unseen messages and live ones, and is announced coming and going."""
    for transport in ("polling", "websocket"):
        people.deployment.require_transport(transport)
    url, path = people.deployment.place("friends", FriendsClient.PATH, people.deployment.servers[0])
    alice, bob, carol = await people.friendship("Alice", "Bob", "Carol")
    alice_device, carol_device = await alice.connect(), await carol.connect()
    await alice_device.say("while you were away")
    await carol_device.expect_next("message")
    inbox = Inbox("Bob (python)", transcript)
    client = socketio.AsyncClient()

    async def record(event: str, *args: Any) -> None:
        inbox.put(transcript.add(inbox.who, "received", event, *args))

    client.on("*", record)
    await client.connect(f"{url}?token={bob.token}", socketio_path=path, wait_timeout=int(DEADLINE))
    try:
        assert texts((await inbox.expect_next("unseen_messages")).payload) == ["while you were away"]
        assert equals("websocket")(client.transport()) is None
        await alice_device.expect("connected", has(username="Bob"))
        await alice_device.say("hello")
        await inbox.expect_next("message", says("hello"))
        await client.emit("message", "hello yourself")
        await alice_device.expect("message", says("hello yourself"))
    finally:
        await asyncio.wait_for(client.disconnect(), DEADLINE)
    await alice_device.expect("disconnected", has(username="Bob"))
