"""Tokens on the direct contract: where they may be, which prove nothing, and what becomes of one that expires."""

import pytest

from e2e.auth.test_tokens import FORGERIES
from e2e.harness.client import Credential, TransportName
from e2e.harness.deadline import SECOND
from e2e.harness.direct import DirectClient, fails
from e2e.harness.match import equals, says
from e2e.harness.people import People
from e2e.harness.tokens import Mint


@pytest.mark.requirement("DIRECT-AUTH-001", "DIRECT-AUTH-002")
@pytest.mark.parametrize("credential", ["header", "query", "auth"])
@pytest.mark.parametrize("transport", ["websocket", "polling"])
async def test_a_token_is_taken_wherever_it_is(people: People, credential: Credential, transport: TransportName):
    """A token in the Authorization header, in the query or in auth opens the gateway, over either transport."""
    alice = await people.new("Alice")

    device = await alice.connect(DirectClient, credential=credential, transport=transport)

    assert await device.send(alice.id, "to myself")


@pytest.mark.requirement("DIRECT-AUTH-001")
@pytest.mark.parametrize("form", ["{}", "Bearer {}", "bearer {}"])
async def test_the_header_has_a_token_raw_or_after_bearer(people: People, form: str):
    """The Authorization header has the token as it is, as the document says, or after `Bearer `."""
    alice = await people.new("Alice")

    device = await people.dial("Alice", DirectClient, headers={"Authorization": form.format(alice.token)})

    await device.expect_next("CONNECT")


@pytest.mark.requirement("DIRECT-AUTH-003")
@pytest.mark.parametrize("transport", ["websocket", "polling"])
async def test_a_connect_without_a_token_is_refused(people: People, transport: TransportName):
    """A connect without a credential is refused with `Unauthorized`, in exactly one packet."""
    device = await people.dial("Nobody", DirectClient, transport=transport)

    await device.expect_next("CONNECT_ERROR", says("Unauthorized"))
    await device.must_have_been_refused_once()


@pytest.mark.requirement("DIRECT-AUTH-004")
@pytest.mark.parametrize("forgery", [name for name in FORGERIES if name != "not even ASCII"])
async def test_a_bad_token_is_refused(people: People, mint: Mint, forgery: str):
    """A bad token is refused with `Invalid token`, whatever is wrong with it, in exactly one packet."""
    alice = await people.new("Alice")

    device = await alice.dial(DirectClient, token=FORGERIES[forgery](mint, alice))

    await device.expect_next("CONNECT_ERROR", says("Invalid token"))
    await device.must_have_been_refused_once()


@pytest.mark.requirement("DIRECT-AUTH-006")
@pytest.mark.parametrize("token", ["", "garbage"])
async def test_a_refused_client_can_do_nothing(people: People, token: str):
    """Every event of a client that was refused is ignored: it is sent nothing, and nobody is sent anything of it."""
    alice, bob = await people.new("Alice"), await people.new("Bob")
    alice_device, bob_device = await alice.connect(DirectClient), await bob.connect(DirectClient)
    chat = await alice_device.send(bob.id, "unreceived")
    await bob_device.expect_next("message", equals(chat))

    thief = await bob.dial(DirectClient, token=token)
    await thief.expect_next("CONNECT_ERROR")
    for event, payload in (
        ("ping", None),
        ("send message", {"receiver": bob.id, "message": "stolen"}),
        ("receive message", {"chatId": chat["id"]}),
        ("unreceived messages", None),
        ("all messages", None),
    ):
        await thief.emit(event, payload)
    await thief.join(namespace="/nowhere")

    await thief.expect_next(("CONNECT_ERROR", "CLOSED"))
    assert await bob_device.unreceived() == [chat]


@pytest.mark.requirement("DIRECT-AUTH-005")
@pytest.mark.parametrize("transport", ["websocket", "polling"])
async def test_a_token_that_expires_ends_its_socket(people: People, mint: Mint, transport: TransportName):
    """A socket whose token expires is told so with `error` and disconnected; another of the user stays."""
    alice = await people.new("Alice")
    lasting = await alice.connect(DirectClient)

    short = mint.token(sub=alice.id, lifetime=2.5 * SECOND)
    device = await alice.connect(DirectClient, token=short, transport=transport)
    await device.expect_next("error", fails(alice.id, "Invalid token"))
    await device.expect_next(("DISCONNECT", "CLOSED"))

    assert await lasting.call("ping") == "Hello World!"
