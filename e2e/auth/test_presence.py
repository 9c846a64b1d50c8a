"""Authentication on the presence contract: by an event, in time, and for as long as the token lives."""

from typing import Any

import pytest

from e2e.harness.client import TransportName
from e2e.harness.deadline import SECOND
from e2e.harness.deployment import Fresh
from e2e.harness.match import equals, has, instant, keys, must, says
from e2e.harness.people import People, PeopleOf
from e2e.harness.presence import Presence, PresenceClient, refuses
from e2e.harness.tokens import Mint


async def must_be_refused(device: PresenceClient, payload: Any, message: str) -> None:
    """Show that a payload is answered with this error, by both ways, and that the server says goodbye."""
    __tracebackhide__ = True
    await device.emit("authenticate", payload, ack=7)
    await device.expect_next("authentication_error", says(message))
    await device.expect_next("ACK", says(message))
    await device.expect_next("DISCONNECT")
    await device.expect_next(("CLOSE", "CLOSED"))


@pytest.mark.requirement("PRESENCE-AUTH-001", "PRESENCE-CONNECT-001")
@pytest.mark.parametrize("transport", ["websocket", "polling"])
async def test_a_token_is_answered_with_who_one_is(people: People, presence: Presence, transport: TransportName):
    """The socket is told its user and its own id, and told again if it asks for an acknowledgement."""
    alice = await people.new("Alice")
    device = await presence.dial("Alice", transport=transport)
    sid = device.inbox.all("CONNECT")[0].payload["sid"]

    acknowledged = await device.call("authenticate", {"token": alice.token})

    who = {"user": {"userId": alice.id, "email": alice.email, "socketId": sid}}
    await device.expect_next("connected", equals(who))
    must(acknowledged, equals(who))


@pytest.mark.requirement("PRESENCE-AUTH-002")
@pytest.mark.parametrize("written", ["Bearer {}", "bearer {}", " {} "])
async def test_a_token_may_be_written_as_in_a_header(people: People, presence: Presence, written: str):
    """After `Bearer ` a token is as good as raw."""
    alice = await people.new("Alice")
    device = await presence.dial("Alice")

    await device.emit("authenticate", {"token": written.format(alice.token), "more": 1})

    await device.expect_next("connected")


@pytest.mark.requirement("PRESENCE-AUTH-003")
@pytest.mark.parametrize(
    "payload", [None, {}, [], "text", 7, {"token": None}, {"token": ""}, {"token": 7}, {"token": {"$ne": ""}}]
)
async def test_what_has_no_token_is_refused(presence: Presence, payload: object):
    """A payload without a token, or of another type, is refused, and the server disconnects the socket."""
    await must_be_refused(await presence.dial(), payload, "Unauthorized")


@pytest.mark.requirement("PRESENCE-AUTH-003")
async def test_no_payload_at_all_is_refused(presence: Presence):
    """A frame without a payload ends its own socket and no process."""
    device = await presence.dial()

    await device.emit("authenticate")

    await device.expect_next("authentication_error", says("Unauthorized"))
    await device.expect_next("DISCONNECT")
    await presence.dial()


@pytest.mark.requirement("PRESENCE-AUTH-003")
async def test_a_bad_token_is_refused(people: People, presence: Presence, mint: Mint):
    """Garbage, an expired token, one of another key, and one of nobody are all `Invalid token`."""
    alice = await people.new("Alice")
    for token in (
        "garbage",
        f"{alice.token[:-2]}",
        mint.token(sub=alice.id, lifetime=-1),
        mint.token(sub=alice.id, secret="another secret, which is long enough for HS256"),
        mint.unsigned(sub=alice.id),
        mint.token(sub="0123456789abcdef01234567"),
        mint.token(email=alice.email),
    ):
        await must_be_refused(await presence.dial(), {"token": token}, "Invalid token")


@pytest.mark.requirement("PRESENCE-AUTH-004")
async def test_who_does_not_authenticate_is_disconnected(fresh_deployment: Fresh, people_of: PeopleOf):
    """After AUTH_TIMEOUT the server says so and disconnects, however busy the socket is; others stay."""
    people = people_of(await fresh_deployment("--memory", AUTH_TIMEOUT="0.5"))
    presence = Presence(people)
    alice_device = await presence.connect(await people.new("Alice"))
    device = await presence.dial()
    await device.call("ping")

    await device.expect_next("authentication_error", says("Authentication timed out"))
    await device.expect_next("DISCONNECT")
    await alice_device.call("ping")


@pytest.mark.requirement("PRESENCE-AUTH-005")
async def test_a_socket_may_authenticate_again(people: People, presence: Presence, mint: Mint):
    """As the same user it is answered anew, and the token that was the latest says when it ends."""
    alice = await people.new("Alice")
    device = await presence.dial("Alice")
    await device.emit("authenticate", {"token": mint.token(sub=alice.id, lifetime=2.5 * SECOND)})
    await device.expect_next("connected")

    await device.emit("authenticate", {"token": alice.token})
    await device.expect_next("connected")

    short = await presence.dial("Alice again")
    await short.emit("authenticate", {"token": mint.token(sub=alice.id, lifetime=3 * SECOND)})
    await short.expect_next("connected")
    await short.expect_next("authentication_error")
    await device.call("ping")
    assert device.count("authentication_error") == 0


@pytest.mark.requirement("PRESENCE-AUTH-005")
async def test_a_socket_stays_whose_it_is(people: People, presence: Presence):
    """To authenticate as another user is refused; the socket is handed what is for its user, and nothing else."""
    alice, bob = [await people.new(name) for name in ("Alice", "Bob")]
    device, bob_device = await presence.connect(alice), await presence.connect(bob)

    answer = await device.call("authenticate", {"token": bob.token})

    must(answer, says("Already authenticated as another user"))
    await device.expect_next("authentication_error", equals(answer))
    await bob_device.send([bob], "for Bob")
    await bob_device.send([alice], "for Alice")
    await device.expect_next("message", has(message="for Alice", recipientId=alice.id))


@pytest.mark.requirement("PRESENCE-AUTH-005")
async def test_a_bad_token_ends_a_socket_that_had_a_good_one(people: People, presence: Presence):
    """Whoever sends it."""
    device = await presence.connect(await people.new("Alice"))
    await must_be_refused(device, {"token": "garbage"}, "Invalid token")


@pytest.mark.requirement("PRESENCE-AUTH-006")
async def test_a_token_that_expires_ends_its_socket(people: People, presence: Presence, mint: Mint):
    """With a word before the goodbye."""
    alice = await people.new("Alice")
    device = await presence.dial("Alice")
    await device.emit("authenticate", {"token": mint.token(sub=alice.id, lifetime=2.5 * SECOND)})
    await device.expect_next("connected")

    await device.expect_next("authentication_error", says("Invalid token"))
    await device.expect_next("DISCONNECT")


@pytest.mark.requirement("PRESENCE-AUTH-007", "PRESENCE-ONLINE-007")
async def test_a_stranger_is_shown_nobody(people: People, presence: Presence):
    """Before it has authenticated a socket gets empty lists, its pings answered, and no message through."""
    alice = await people.new("Alice")
    alice_device, device = await presence.connect(alice), await presence.dial()

    must(await device.call("ping"), keys("timestamp"), instant("timestamp"))
    must(await device.call("get_online_users"), has(users=[]))
    must(await device.call("get_online_friends_only"), has(users=[]))
    must(await device.call("get_all_online_users"), has(users=[], total=0))
    must(await device.call("get_detailed_online_users"), has(users=[], total=0))
    for metadata in ({"source": "internal_service"}, None):
        answer = await device.send([alice], "from nobody", metadata=metadata)
        must(answer, refuses("User not authenticated"), instant("timestamp"))

    await alice_device.send([alice], "marker")
    await alice_device.expect_next("message", has(message="marker"))
