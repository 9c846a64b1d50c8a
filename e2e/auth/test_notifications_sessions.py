"""Who somebody is on the notifications contract: what the handshake says, and the session from then on."""

import asyncio
import math
import uuid
from typing import Any

import pytest

from e2e.harness.client import TransportName
from e2e.harness.deadline import SECOND
from e2e.harness.deployment import Fresh
from e2e.harness.match import equals, has, keys, must, says
from e2e.harness.notifications import NOISE, Guest, NotificationsClient
from e2e.harness.people import People, PeopleOf

REQUIRED = {"message": "Username and userID are required"}


@pytest.mark.requirement("NOTIFICATIONS-CONNECT-001", "NOTIFICATIONS-CONNECT-003")
async def test_a_connect_is_told_its_session(people: People):
    """A client that sends `sessionID`, `userID` and `username` is told the same by `session`, after CONNECT."""
    ann, session = Guest(people, "Ann"), uuid.uuid4().hex

    device = await ann.connect(session=session)

    assert device.session == {"sessionID": session, "userID": ann.id, "username": "Ann"}
    await device.expect("users")


@pytest.mark.requirement("NOTIFICATIONS-CONNECT-004")
async def test_a_session_is_of_the_first_who_came_with_it(people: People):
    """Of many who come at once, on every server, all are told the same; and whoever of them leaves changes nothing."""
    session = uuid.uuid4().hex
    guests = [Guest(people, f"Guest {number}") for number in range(6)]

    devices = await asyncio.gather(*(guest.connect(session=session) for guest in guests))

    told = devices[0].session
    assert [device.session for device in devices] == [told] * len(devices)
    assert told["userID"] in [guest.id for guest in guests]
    for device in devices[1:]:
        await device.goodbye()
    assert (await guests[-1].connect(session=session)).session == told


@pytest.mark.requirement("NOTIFICATIONS-CONNECT-009")
@pytest.mark.parametrize("transport", ["websocket", "polling"])
@pytest.mark.parametrize("path", ["/notifications/socket.io", "/socket.io"])
async def test_every_transport_and_path_is_served(people: People, transport: TransportName, path: str):
    """The contract is at `/notifications/socket.io` on every port, and at `/socket.io` on its own."""
    ann = Guest(people, "Ann")
    listener = "notifications" if path == "/socket.io" else None
    if listener and not people.deployment.servers[0].urls:
        pytest.skip("the listeners of a target are not known")

    device = await ann.connect(transport=transport, path=path, listener=listener)

    await device.notify(ann.id, "hello")
    await device.expect_notified("hello")


@pytest.mark.requirement("NOTIFICATIONS-CONNECT-009")
async def test_a_device_that_upgrades_goes_on(people: People):
    """What is notified before and after an upgrade arrives once, in order."""
    ann = Guest(people, "Ann")
    device = await ann.connect(transport="polling")

    await device.notify(ann.id, "before")
    await device.upgrade()
    await device.notify(ann.id, "after")

    await device.expect_notified("before", "after")


@pytest.mark.requirement("NOTIFICATIONS-CONNECT-002")
@pytest.mark.parametrize(
    "auth",
    [
        None,
        {},
        {"sessionID": "unknown"},
        {"userID": "ann"},
        {"username": "Ann"},
        {"userID": "", "username": "Ann"},
        {"userID": "ann", "username": ""},
        {"userID": 7, "username": "Ann"},
        {"userID": "ann", "username": ["Ann"]},
        {"userID": None, "username": None},
    ],
    ids=repr,
)
async def test_nobody_in_particular_is_refused(people: People, auth: Any):
    """Without a known session both `userID` and `username` must be strings with something in them."""
    device = await people.dial("Nobody", NotificationsClient, auth=auth)

    await device.expect_next("CONNECT_ERROR", equals(REQUIRED))
    await device.must_have_been_refused_once()


@pytest.mark.requirement("NOTIFICATIONS-CONNECT-010")
@pytest.mark.parametrize("field", ["userID", "username"])
async def test_a_name_has_a_bound(people: People, field: str):
    """256 characters are taken, 257 are refused."""
    auth = {"userID": uuid.uuid4().hex, "username": "Ann"}

    longest = await people.dial("Longest", NotificationsClient, auth={**auth, field: uuid.uuid4().hex + "é" * 224})
    longer = await people.dial("Longer", NotificationsClient, auth={**auth, field: "é" * 257})

    await longest.arrive()
    await longer.expect_next("CONNECT_ERROR", keys("message"))


@pytest.mark.requirement("NOTIFICATIONS-CONNECT-003")
@pytest.mark.parametrize("given", [None, "", 7, {}, ["x"]], ids=repr)
async def test_who_brings_no_session_is_given_one(people: People, given: Any):
    """What is no string with something in it is no session: each connection is given another."""
    ann = Guest(people, "Ann")
    auth = {"userID": ann.id, "username": "Ann", "sessionID": given}

    devices = [await people.dial("Ann", NotificationsClient, auth=auth) for _ in range(2)]

    for device in devices:
        await device.arrive()
    one, other = (uuid.UUID(device.session["sessionID"]) for device in devices)
    assert one.version == other.version == 4
    assert one != other


@pytest.mark.requirement("NOTIFICATIONS-CONNECT-004", "NOTIFICATIONS-CONNECT-005")
async def test_a_session_is_known_on_every_server(people: People):
    """A session that one server made is that of the same user on each, without a word of who that is."""
    ann = Guest(people, "Ann")
    session = (await ann.connect(server=0)).session["sessionID"]

    for server in range(len(people.deployment.servers)):
        device = await people.dial("Ann", NotificationsClient, auth={"sessionID": session}, server=server)
        await device.arrive()
        assert device.session == {"sessionID": session, "userID": ann.id, "username": "Ann"}
        await device.notify(ann.id, f"through {server}")
        await device.expect("newNotification", has(message=f"through {server}"))


@pytest.mark.requirement("NOTIFICATIONS-CONNECT-004")
async def test_a_session_says_who_somebody_is_whatever_the_handshake_says(people: People):
    """Another `userID` and `username` beside a known session change nothing, then and later."""
    ann, eve = Guest(people, "Ann"), Guest(people, "Eve")
    session = (await ann.connect()).session["sessionID"]

    as_eve = await eve.connect(session=session)
    again = await people.dial("Ann", NotificationsClient, auth={"sessionID": session})

    await again.arrive()
    assert as_eve.session == again.session == {"sessionID": session, "userID": ann.id, "username": "Ann"}
    await as_eve.notify(eve.id, "for Eve")
    await as_eve.expect_nothing_more()


@pytest.mark.requirement("NOTIFICATIONS-CONNECT-004")
@pytest.mark.parametrize("session", ["*", "a:b", " ", "x" * 10_000, "é\u0000🎈", "%s"], ids=lambda it: repr(it[:8]))
async def test_a_session_may_be_called_anything(people: People, session: str):
    """It is taken as it was sent, and is that of nobody else."""
    session = f"{session}{uuid.uuid4().hex}"
    ann = Guest(people, "Ann")

    first = await ann.connect(session=session)
    again = await people.dial("Ann", NotificationsClient, auth={"sessionID": session})

    await again.arrive()
    assert first.session == again.session == {"sessionID": session, "userID": ann.id, "username": "Ann"}


@pytest.mark.requirement("NOTIFICATIONS-CONNECT-006")
async def test_a_session_is_forgotten_some_time_after_its_last_use(fresh_deployment: Fresh, people_of: PeopleOf):
    """`SESSION_TTL` after its last connection has ended; one that is connected is in use.

    To look at a session is to use it, so each is looked at once: the pings of the one that stays say when.
    """
    settings = {"SESSION_TTL": f"{math.ceil(3 * SECOND)}", "PING_INTERVAL": f"{SECOND / 2}"}
    people = people_of(await fresh_deployment("--memory", **settings))
    ann = Guest(people, "Ann")
    staying = await ann.connect(session="stays")
    sessions = iter([f"left {number}" for number in range(17)])
    for device in [await ann.connect(session=f"left {number}") for number in range(17)]:
        await device.goodbye()

    async def known(session: str) -> bool:
        device = await people.dial("Ann", NotificationsClient, auth={"sessionID": session})
        return (await device.expect_next(("CONNECT", "CONNECT_ERROR"))).label == "CONNECT"

    assert await known(next(sessions))
    for session in sessions:
        await staying.expect("PING")
        if not await known(session):
            break
    else:
        pytest.fail("no session was forgotten within 8 s")
    assert await known("stays")


# where a token has to prove it


@pytest.mark.requirement("NOTIFICATIONS-CONNECT-007")
async def test_a_token_may_have_to_prove_who_somebody_is(fresh_deployment: Fresh, people_of: PeopleOf):
    """With `NOTIFICATIONS_AUTH=token` nobody connects as another, with or without a session."""
    deployment = await fresh_deployment("--memory", NOTIFICATIONS_AUTH="token")
    people = people_of(deployment)
    ann, eve = await people.new("Ann"), await people.new("Eve")
    said: dict[str, Any] = {"userID": ann.id, "username": "Ann"}

    device = await ann.connect(NotificationsClient, auth=said, credential="auth")
    session = device.session["sessionID"]
    refusals: list[tuple[dict[str, Any], str]] = [
        (said, "Unauthorized"),
        ({**said, "token": eve.token}, "Invalid token"),
        ({**said, "token": "garbage"}, "Invalid token"),
        ({**said, "token": 7}, "Invalid token"),
        ({**said, "token": deployment.mint.token(sub=ann.id, lifetime=-5)}, "Invalid token"),
        ({"sessionID": session}, "Unauthorized"),
        ({"sessionID": session, "token": eve.token}, "Invalid token"),
        ({"token": ann.token}, REQUIRED["message"]),
    ]
    for auth, text in refusals:
        refused = await people.dial("Nobody", NotificationsClient, auth=auth)
        await refused.expect_next("CONNECT_ERROR", says(text))

    again = await ann.connect(NotificationsClient, auth={"sessionID": session}, credential="auth")
    assert again.session == device.session == {"sessionID": session, "userID": ann.id, "username": "Ann"}


@pytest.mark.requirement("NOTIFICATIONS-CONNECT-008")
async def test_a_token_that_expires_ends_its_socket(fresh_deployment: Fresh, people_of: PeopleOf):
    """`exception` first, then a disconnect; another socket of the user, whose token is good, stays."""
    deployment = await fresh_deployment("--memory", NOTIFICATIONS_AUTH="token")
    people, mint = people_of(deployment), deployment.mint
    ann = await people.new("Ann")
    said = {"userID": ann.id, "username": "Ann"}
    staying = await ann.connect(NotificationsClient, auth=said, credential="auth")
    short = mint.token(sub=ann.id, lifetime=2.5 * SECOND)
    ending = await ann.connect(NotificationsClient, auth=said, credential="auth", token=short)

    await ending.expect_next("exception", has(status="error", message="Invalid token"), ignoring=NOISE)
    await ending.expect_next("DISCONNECT", ignoring=NOISE)

    must(await staying.notify(ann.id, "hello"), keys("message", "id"))
    await staying.expect_notified("hello")
