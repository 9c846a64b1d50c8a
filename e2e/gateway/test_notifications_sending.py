"""Sending a notification, as a service over REST and as a client, and who gets it."""

import uuid
from typing import Any

import pytest

from e2e.harness.deployment import Fresh
from e2e.harness.match import has, instant, keys, must
from e2e.harness.notifications import PATHS, Guest, notifies
from e2e.harness.people import People, PeopleOf
from e2e.harness.rest import Rest

SENT = {"message": "Notification sent successfully"}

ODD = [" ", "a b", ":", "user:ann", "*", "a*", "?", "[a]", "two\nlines", "é🎈", "%s", "$ne", "..", "x" * 256]


@pytest.mark.requirement("NOTIFICATIONS-SEND-001", "NOTIFICATIONS-SEND-005")
@pytest.mark.parametrize("path", PATHS)
async def test_a_service_notifies_a_user(people: People, rest: Rest, path: str):
    """201, and every socket of the user gets it once, with an id and an instant, whichever server it came through."""
    ann, bob = Guest(people, "Ann"), Guest(people, "Bob")
    devices = [await ann.connect() for _ in range(3)]
    other = await bob.connect()

    ids: set[str] = set()
    for number in range(3):
        (await rest.post(path, {"message": f"hello {number}", "userId": ann.id})).must(201, has(**SENT))
        told = [(await device.expect_notified(f"hello {number}"))[0] for device in devices]
        assert told[0] == told[1] == told[2]
        must(told[0], keys("message", "userId", "id", "createdAt"), has(userId=ann.id), instant("createdAt"))
        ids.add(told[0]["id"])
    assert len(ids) == 3
    await devices[0].expect_nothing_more(*devices[1:])
    await other.expect_nothing_more()


@pytest.mark.requirement("NOTIFICATIONS-SEND-003")
@pytest.mark.parametrize("path", PATHS)
async def test_all_keys_of_a_notification_are_forwarded(people: People, rest: Rest, path: str):
    """Keys beside the two are kept as they are, but for `id` and `createdAt`, which are the server's."""
    ann = Guest(people, "Ann")
    device = await ann.connect()
    more: dict[str, Any] = {"order": {"lines": [1, 2.5, None, True, {"é🎈": ""}]}, "__proto__": {"a": 1}, "": "x"}

    forged = {"id": "forged", "createdAt": 7}
    (await rest.post(path, {"message": "hello", "userId": ann.id, **more, **forged})).must(201, has(**SENT))
    await device.notify(ann.id, "hello", **more, **forged)

    for payload in await device.expect_notified("hello", "hello"):
        must(payload, has(**more), keys("message", "userId", "id", "createdAt", *more), instant("createdAt"))
        assert payload["id"] != "forged"


@pytest.mark.requirement("NOTIFICATIONS-SEND-001")
@pytest.mark.parametrize("path", PATHS)
async def test_a_form_is_a_notification_too(people: People, rest: Rest, path: str):
    """As with every other endpoint."""
    ann = Guest(people, "Ann")
    device = await ann.connect()

    (await rest.post(path, form={"message": "hello", "userId": ann.id, "order": "7"})).must(201, has(**SENT))

    must((await device.expect_notified("hello"))[0], has(order="7"))


@pytest.mark.requirement("NOTIFICATIONS-SEND-006", "NOTIFICATIONS-SEND-005")
async def test_a_client_notifies_a_user(people: People):
    """`sendNotification` does what the REST call does; the acknowledgement, where one is asked for, has the id."""
    ann, bob = Guest(people, "Ann"), Guest(people, "Bob")
    sender = await bob.connect()
    devices = [await ann.connect() for _ in range(2)]

    sent = await sender.notify(ann.id, "asked")
    await sender.emit("sendNotification", {"message": "unasked", "userId": ann.id})

    must(sent, has(**SENT), keys("message", "id"))
    for device in devices:
        asked, unasked = await device.expect_notified("asked", "unasked")
        assert asked["id"] == sent["id"]
        assert unasked["userId"] == ann.id
    await sender.expect_nothing_more()
    assert len(sender.inbox.all("ACK")) == 3, "one for what was asked, one for the marker, one for its confirmation"


@pytest.mark.requirement("NOTIFICATIONS-SEND-006")
async def test_a_client_may_notify_its_own_user(people: People):
    """All sockets of the user get it, the one that sent it too, and its payload comes as it was sent."""
    ann = Guest(people, "Ann")
    devices = [await ann.connect() for _ in range(2)]

    await devices[0].notify(ann.id, "note to self")

    for device in devices:
        await device.expect_notified("note to self")
    await devices[0].expect_nothing_more(devices[1])


@pytest.mark.requirement("NOTIFICATIONS-SEND-010")
async def test_notifications_of_one_sender_come_in_their_order(people: People):
    """However fast they are sent, through whichever server."""
    ann, bob = Guest(people, "Ann"), Guest(people, "Bob")
    devices = [await ann.connect(server=server) for server in range(len(people.deployment.servers))]
    sender = await bob.connect()

    for number in range(200):
        await sender.emit("sendNotification", {"message": f"{number}", "userId": ann.id})

    for device in devices:
        await device.expect_notified(*(f"{number}" for number in range(200)))


@pytest.mark.requirement("NOTIFICATIONS-SEND-009")
async def test_the_id_of_a_socket_reaches_nobody(people: People, rest: Rest):
    """A `userId` equal to somebody's socket or session id, or to the name of a room, is that of nobody connected."""
    ann = Guest(people, "Ann")
    device = await ann.connect()
    sid = device.inbox.all("CONNECT")[0].payload["sid"]
    others = [sid, device.handshake["sid"], device.session["sessionID"], f"notifications:user:{ann.id}", "everybody"]

    for other in (*others, f"user:{ann.id}", "notifications:everybody", ann.name, ann.id.upper(), f" {ann.id}"):
        (await rest.post(PATHS[0], {"message": "for somebody else", "userId": other})).must(201)
        await device.notify(other, "for somebody else")

    await device.expect_nothing_more()


@pytest.mark.requirement("NOTIFICATIONS-SEND-009")
@pytest.mark.parametrize("odd", ODD, ids=lambda it: repr(it[:9]))
async def test_an_odd_id_is_that_of_one_user(people: People, rest: Rest, odd: str):
    """Whatever it has in it, it reaches its user, online and offline, and nobody else."""
    own = odd if len(odd) == 256 else f"{odd}{uuid.uuid4().hex}"
    ann, bob = Guest(people, "Ann", id=own), Guest(people, "Bob", id=own[:-1] + "?")
    device, other = await ann.connect(), await bob.connect()

    (await rest.post(PATHS[0], {"message": "hello", "userId": own})).must(201)

    [told] = await device.expect_notified("hello")
    assert (await ann.connect()).session["userID"] == own
    await (again := await ann.connect()).expect_notified("hello")
    must(await again.confirm(told["id"], own), has(notificationId=told["id"], confirmed=True))
    await (await ann.connect()).expect_nothing_more()
    await other.expect_nothing_more()


# with a key


@pytest.mark.requirement("NOTIFICATIONS-SEND-004")
@pytest.mark.parametrize("path", PATHS)
async def test_a_service_may_have_to_show_a_key(fresh_deployment: Fresh, people_of: PeopleOf, path: str):
    """With `NOTIFICATIONS_API_KEY` a request without it is answered 401, and nobody is notified."""
    people = people_of(await fresh_deployment("--memory", NOTIFICATIONS_API_KEY="the key"))
    ann, rest = Guest(people, "Ann"), people.rest()
    device = await ann.connect()

    for headers in ({}, {"X-API-Key": ""}, {"X-API-Key": "another"}, {"Authorization": "Bearer the key"}):
        answer = await rest.post(path, {"message": "unauthorised", "userId": ann.id}, headers=headers)
        answer.must(401, has(message="Unauthorized", error="Unauthorized", statusCode=401))
    (await rest.post(path, {}, headers={"X-API-Key": "the key"})).must(400)
    answer = await rest.post(path, {"message": "authorised", "userId": ann.id}, headers={"X-API-Key": "the key"})

    answer.must(201, has(**SENT))
    await device.expect_next("newNotification", notifies("authorised"), ignoring=["users"])
