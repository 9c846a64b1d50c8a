"""Connecting: credentials, transports, heartbeat, refusals."""

import pytest

from e2e.harness.client import Credential, TransportName
from e2e.harness.deployment import Fresh
from e2e.harness.match import has, must, says
from e2e.harness.people import People, PeopleOf


@pytest.mark.requirement("FRIENDS-CONNECT-001")
@pytest.mark.parametrize("transport", ["websocket", "polling"])
async def test_a_connect_without_a_token_is_refused(people: People, transport: TransportName):
    """A connect without a credential is refused with `Unauthorized`, in exactly one packet."""
    device = await people.dial("Nobody", transport=transport)

    await device.expect_next("CONNECT_ERROR", says("Unauthorized"))
    await device.must_have_been_refused_once()


@pytest.mark.requirement("FRIENDS-CONNECT-001")
@pytest.mark.parametrize("auth", [{}, {"token": ""}, {"token": None}, {"user": "alice"}])
async def test_an_empty_credential_is_none(people: People, auth: object):
    """A connect whose credential is empty is refused with `Unauthorized`."""
    device = await people.dial("Nobody", auth=auth)

    await device.expect_next("CONNECT_ERROR", says("Unauthorized"))


@pytest.mark.requirement("FRIENDS-CONNECT-002")
@pytest.mark.parametrize("transport", ["websocket", "polling"])
async def test_a_connect_with_an_invalid_token_is_refused(people: People, transport: TransportName):
    """A connect with a bad token is refused with `Invalid token`, in exactly one packet."""
    device = await people.dial("Mallory", query={"token": "not a token"}, transport=transport)

    await device.expect_next("CONNECT_ERROR", says("Invalid token"))
    await device.must_have_been_refused_once()


@pytest.mark.requirement("FRIENDS-CONNECT-002")
@pytest.mark.parametrize("auth", [{"token": 7}, {"token": {"$ne": ""}}, {"token": ["x"]}, "text", [1], 7])
async def test_a_credential_of_a_wrong_type_is_refused(people: People, auth: object):
    """A connect whose credential is of a wrong type is refused, and disturbs nobody."""
    device = await people.dial("Mallory", auth=auth)

    refusal = await device.expect_next(("CONNECT_ERROR", "CLOSED"))

    if refusal.label == "CONNECT_ERROR":
        assert refusal.payload in ({"message": "Unauthorized"}, {"message": "Invalid token"})
    await (await people.new("Alice")).connect()


@pytest.mark.requirement("FRIENDS-CONNECT-002")
async def test_a_refused_client_can_do_nothing(people: People):
    """What a refused client sends afterwards reaches nobody."""
    alice, bob = await people.friendship("Alice", "Bob")
    bob_device, alice_device = await bob.connect(), await alice.connect()
    await bob_device.expect_next("connected")

    thief = await alice.dial(token=alice.token[:-2])
    await thief.expect_next("CONNECT_ERROR")
    await thief.say("stolen")
    await thief.must_have_been_refused_once()
    await alice_device.say("mine")

    await bob_device.expect_next("message", says("mine"))


@pytest.mark.requirement("FRIENDS-CONNECT-003", "FRIENDS-CONNECT-004")
@pytest.mark.parametrize("credential", ["query", "auth", "header"])
@pytest.mark.parametrize("transport", ["websocket", "polling"])
async def test_a_token_is_taken_wherever_it_is(people: People, credential: Credential, transport: TransportName):
    """A token in the query, in auth, or in the Authorization header opens the gateway."""
    alice = await people.new("Alice")

    device = await alice.connect(credential=credential, transport=transport)

    assert device.unseen == []


@pytest.mark.requirement("FRIENDS-CONNECT-005")
@pytest.mark.parametrize("path", ["/socket.io", "/friends/socket.io"])
@pytest.mark.parametrize("transport", ["websocket", "polling"])
async def test_both_transports_carry_the_contract(people: People, path: str, transport: TransportName):
    """Messages go both ways over either transport, at the contract's own path too."""
    alice, bob = await people.friendship("Alice", "Bob")
    alice_device = await alice.connect(path=path, transport=transport)
    bob_device = await bob.connect(path=path, transport=transport)

    await alice_device.say("to Bob")
    await bob_device.expect_next("message", says("to Bob"))
    await bob_device.say("to Alice")
    await alice_device.expect_next("message", says("to Alice"), ignoring=["connected"])


@pytest.mark.requirement("FRIENDS-CONNECT-005")
async def test_a_session_is_upgraded_without_a_loss(people: People):
    """A session that moves from polling to a websocket gets every message once and in order."""
    alice, bob = await people.friendship("Alice", "Bob")
    alice_device = await alice.connect()
    bob_device = await bob.connect(transport="polling")
    assert bob_device.handshake["upgrades"] == ["websocket"]

    for number in range(5):
        await alice_device.say(f"before {number}")
    await bob_device.upgrade()
    for number in range(5):
        await alice_device.say(f"after {number}")

    for text in [f"before {number}" for number in range(5)] + [f"after {number}" for number in range(5)]:
        await bob_device.expect_next("message", says(text))
    assert bob_device.transport == "websocket"
    await bob_device.say("to Alice")
    await alice_device.expect_next("message", says("to Alice"), ignoring=["connected"])


@pytest.mark.requirement("FRIENDS-CONNECT-006")
async def test_the_heartbeat_is_the_documented_one(people: People):
    """The handshake says a ping every 25 seconds, with 20 seconds to answer."""
    device = await people.dial("Nobody")

    must(device.handshake, has(pingInterval=25000, pingTimeout=20000))


@pytest.mark.requirement("FRIENDS-CONNECT-006")
async def test_a_client_that_answers_its_pings_stays(fresh_deployment: Fresh, people_of: PeopleOf):
    """A client that answers stays connected over many heartbeats; one that does not is dropped."""
    people = people_of(await fresh_deployment("--memory", PING_INTERVAL="0.3", PING_TIMEOUT="0.5"))
    alice, bob = await people.friendship("Alice", "Bob")
    faithful, silent = await alice.connect(), await bob.connect(answers_pings=False)

    await silent.expect("CLOSED")
    await faithful.expect("PING")
    await faithful.expect("PING")
    await faithful.say(7)

    await faithful.expect_next("exception", ignoring=["connected", "disconnected"])


@pytest.mark.requirement("FRIENDS-CONNECT-008")
async def test_an_unknown_namespace_is_refused(people: People):
    """An unknown namespace is refused, and the session goes on in the one it is in."""
    alice, bob = await people.friendship("Alice", "Bob")
    alice_device, bob_device = await alice.connect(), await bob.connect()

    await alice_device.join(namespace="/nowhere")
    refusal = await alice_device.expect("CONNECT_ERROR")

    assert refusal.namespace == "/nowhere"
    await alice_device.say("still here")
    await bob_device.expect_next("message", says("still here"))


@pytest.mark.requirement("FRIENDS-PRESENCE-004")
async def test_a_second_connect_packet_changes_nothing(people: People):
    """A socket that asks for the namespace again is neither announced again nor served twice."""
    alice, bob = await people.friendship("Alice", "Bob")
    bob_device, alice_device = await bob.connect(), await alice.connect()
    await bob_device.expect_next("connected")

    await alice_device.join({"token": alice.token})
    replacement = await alice.connect()
    await replacement.say("once")

    await bob_device.expect_next("message", says("once"))
    await bob_device.say("back")
    await replacement.expect_next("message", says("back"))
