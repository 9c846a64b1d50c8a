"""What a service or a client sends that is no notification, and no confirmation: it is told, and harms nobody."""

from typing import Any

import pytest

from e2e.harness.match import equals, has, keys, must
from e2e.harness.notifications import NOISE, PATHS, Guest, NotificationsClient
from e2e.harness.people import People
from e2e.harness.rest import Rest

EMPTY, NO_STRING = "message should not be empty", "message must be a string"
NO_USER, NO_NAME = "userId should not be empty", "userId must be a string"
ALL = [EMPTY, NO_STRING, NO_USER, NO_NAME]

BROKEN: list[tuple[Any, list[str]]] = [
    ({}, ALL),
    ({"message": None, "userId": None}, ALL),
    ({"message": "hello"}, [NO_USER, NO_NAME]),
    ({"userId": "ann"}, [EMPTY, NO_STRING]),
    ({"message": "", "userId": "ann"}, [EMPTY]),
    ({"message": "hello", "userId": ""}, [NO_USER]),
    ({"message": 7, "userId": "ann"}, [NO_STRING]),
    ({"message": ["hello"], "userId": {"$ne": ""}}, [NO_STRING, NO_NAME]),
    ({"message": False, "userId": 0}, [NO_STRING, NO_NAME]),
    ({"userId": "x" * 257, "message": "hello"}, ["userId must be shorter than or equal to 256 characters"]),
    ({"userId": "x" * 10_000, "message": "hello"}, ["userId must be shorter than or equal to 256 characters"]),
    ({"userId": "ann", "message": "é" * 4097}, ["message must be shorter than or equal to 4096 characters"]),
]

NO_OBJECTS: list[Any] = [None, "hello", 7, True, [], [{"message": "hello", "userId": "ann"}]]


def _named(case: object) -> str:
    return repr(case)[:60]


async def must_go_on(device: NotificationsClient) -> None:
    """Show that a device is served as before, and that nothing of what it sent became a notification."""
    await device.expect_nothing_more()


@pytest.mark.requirement("NOTIFICATIONS-SEND-002")
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(("body", "message"), BROKEN, ids=_named)
async def test_what_is_no_notification_is_answered_400(people: People, rest: Rest, path: str, body: Any, message: Any):
    """Rule by rule: not empty first, then a string; `message` before `userId`."""
    if "4096" in str(message):
        people.deployment.require_message_length(4096)
    answer = await rest.post(path, body)

    answer.must(400, equals({"message": message, "error": "Bad Request", "statusCode": 400}))


@pytest.mark.requirement("NOTIFICATIONS-SEND-002")
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("raw", "status"),
    [(b"{", 400), (b"[]", 400), (b'"x"', 400), (b"\xff", 400), (b'{"message":"a","userId":"a","n":1e999}', 400)],
)
async def test_a_malformed_body_is_answered_in_the_same_envelope(rest: Rest, path: str, raw: bytes, status: int):
    """As is a method that is not there."""
    answer = await rest.post(path, raw=raw, headers={"Content-Type": "application/json"})

    must(answer.must(status, has(error="Bad Request", statusCode=status)), keys("message", "error", "statusCode"))
    (await rest.get(path)).must(
        405, equals({"message": "Method Not Allowed", "error": "Method Not Allowed", "statusCode": 405})
    )


@pytest.mark.requirement("NOTIFICATIONS-SEND-007")
@pytest.mark.parametrize(("payload", "message"), BROKEN, ids=_named)
async def test_what_is_no_notification_is_told_by_exception(people: People, payload: Any, message: list[str]):
    """And by the acknowledgement, where one is asked for; nobody is notified, and the client stays."""
    device = await Guest(people, "Ann").connect()
    told = {"status": "error", "message": message}

    assert await device.call("sendNotification", payload) == told
    await device.expect_next("exception", equals(told), ignoring=NOISE)

    await device.emit("sendNotification", payload)
    await device.expect_next("exception", equals(told), ignoring=NOISE)
    await must_go_on(device)


@pytest.mark.requirement("NOTIFICATIONS-SEND-008")
@pytest.mark.parametrize("event", ["sendNotification", "confirmNotification"])
async def test_a_frame_without_a_payload_ends_nothing(people: People, event: str):
    """It is told what is missing, like one whose payload is no object; another client does not even notice."""
    ann, bob = Guest(people, "Ann"), Guest(people, "Bob")
    device, other = await ann.connect(), await bob.connect()

    await device.send_raw(f'42["{event}"]')
    for payload in NO_OBJECTS:
        await device.emit(event, payload)
    await device.emit(event, {}, {"message": "hello", "userId": bob.id})

    for _ in range(len(NO_OBJECTS) + 2):
        told = await device.expect_next("exception", has(status="error"), ignoring=NOISE)
        assert [line for line in told.payload["message"] if line in (NO_USER, NO_NAME)] == [NO_USER, NO_NAME]
    await must_go_on(device)
    await other.expect_nothing_more()


@pytest.mark.requirement("NOTIFICATIONS-SEND-008")
@pytest.mark.parametrize("garbage", ["42[", '42["sendNotification"', "42[]", "hello", '42["connect",{}]', "4"])
async def test_garbage_harms_nobody_but_who_sends_it(people: People, garbage: str):
    """A frame that is no packet ends the session that it came from, at most."""
    ann, bob = Guest(people, "Ann"), Guest(people, "Bob")
    device, other = await ann.connect(), await bob.connect()

    await device.send_raw(garbage)

    await must_go_on(other)
    await (await ann.connect()).expect_nothing_more()


@pytest.mark.requirement("NOTIFICATIONS-SEND-007")
async def test_bytes_are_no_notification(people: People):
    """A notification is JSON: one with binary data in it is refused."""
    device = await Guest(people, "Ann").connect()

    await device.send_raw('451-["sendNotification",{"message":"a","userId":"a","x":{"_placeholder":true,"num":0}}]')
    await device.send_raw(b"bytes")

    await device.expect_next("exception", has(status="error"), ignoring=NOISE)
    await must_go_on(device)


@pytest.mark.requirement("NOTIFICATIONS-CONFIRM-003")
@pytest.mark.parametrize(
    ("payload", "message"),
    [
        ({}, ["notificationId should not be empty", "notificationId must be a string", NO_USER, NO_NAME]),
        ({"notificationId": "", "userId": "ann"}, ["notificationId should not be empty"]),
        ({"notificationId": ["x"], "userId": 7}, ["notificationId must be a string", NO_NAME]),
        ({"notificationId": "x"}, [NO_USER, NO_NAME]),
    ],
    ids=_named,
)
async def test_what_is_no_confirmation_is_told_by_exception(people: People, payload: Any, message: list[str]):
    """Rule by rule, and by the acknowledgement too."""
    device = await Guest(people, "Ann").connect()
    told = {"status": "error", "message": message}

    assert await device.call("confirmNotification", payload) == told
    await device.expect_next("exception", equals(told), ignoring=NOISE)
    await must_go_on(device)


@pytest.mark.requirement("NOTIFICATIONS-SEND-008")
async def test_an_unknown_event_is_ignored(people: People):
    """Whatever it carries; nothing is answered."""
    device = await Guest(people, "Ann").connect()

    await device.emit("users", [], ack=7)
    await device.emit("newNotification", {"message": "forged", "userId": device.session["userID"]})

    await must_go_on(device)
    assert [record.ack for record in device.inbox.all("ACK") if record.ack == 7] == []
