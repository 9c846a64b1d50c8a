"""What a service or a client sends that is no notification, and no confirmation: it is told, and harms nobody."""

from typing import Any

import pytest

from e2e.harness.match import has, must, names
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
]

TOO_LONG: list[tuple[Any, str]] = [
    ({"userId": "x" * 257, "message": "hello"}, "userId"),
    ({"userId": "x" * 10_000, "message": "hello"}, "userId"),
    ({"userId": "ann", "message": "é" * 4097}, "message"),
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
    answer = await rest.post(path, body)

    answer.must(400, has(message=message, error="Bad Request", statusCode=400))


@pytest.mark.requirement("NOTIFICATIONS-SEND-011")
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(("body", "field"), TOO_LONG, ids=_named)
async def test_what_is_too_long_is_answered_400(people: People, rest: Rest, path: str, body: Any, field: str):
    """In the same envelope, with the name of the field."""
    if field == "message":
        people.deployment.require_message_length(4096)
    answer = await rest.post(path, body)

    answer.must(400, has(error="Bad Request", statusCode=400), names(field))


@pytest.mark.requirement("NOTIFICATIONS-SEND-002")
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("raw", [b"{", b"[]", b'"x"', b"\xff"])
async def test_a_malformed_body_is_answered_in_the_same_envelope(rest: Rest, path: str, raw: bytes):
    """400 with what is wrong."""
    answer = await rest.post(path, raw=raw, headers={"Content-Type": "application/json"})

    answer.must(400, has(error="Bad Request", statusCode=400), names())


@pytest.mark.requirement("NOTIFICATIONS-SEND-007")
@pytest.mark.parametrize(("payload", "message"), BROKEN, ids=_named)
async def test_what_is_no_notification_is_told_by_exception(people: People, payload: Any, message: list[str]):
    """And by the acknowledgement, where one is asked for; nobody is notified, and the client stays."""
    device = await Guest(people, "Ann").connect()
    told = has(status="error", message=message)

    must(await device.call("sendNotification", payload), told)
    await device.expect_next("exception", told, ignoring=NOISE)

    await device.emit("sendNotification", payload)
    await device.expect_next("exception", told, ignoring=NOISE)
    await must_go_on(device)


@pytest.mark.requirement("NOTIFICATIONS-SEND-011", "NOTIFICATIONS-SEND-007")
@pytest.mark.parametrize(("payload", "field"), TOO_LONG, ids=_named)
async def test_what_is_too_long_is_told_by_exception(people: People, payload: Any, field: str):
    """With the name of the field, and by the acknowledgement too."""
    if field == "message":
        people.deployment.require_message_length(4096)
    device = await Guest(people, "Ann").connect()

    must(await device.call("sendNotification", payload), has(status="error"), names(field))
    await device.expect_next("exception", has(status="error"), names(field), ignoring=NOISE)
    await must_go_on(device)


@pytest.mark.requirement("NOTIFICATIONS-SEND-008")
@pytest.mark.parametrize("event", ["sendNotification", "confirmNotification"])
async def test_a_frame_without_a_payload_ends_nothing(people: People, event: str):
    """It is told so, like one whose payload is no object; another client does not even notice."""
    ann, bob = Guest(people, "Ann"), Guest(people, "Bob")
    device, other = await ann.connect(), await bob.connect()

    await device.send_raw(f'42["{event}"]')
    for payload in NO_OBJECTS:
        await device.emit(event, payload)
    await device.emit(event, {}, {"message": "hello", "userId": bob.id})

    for _ in range(len(NO_OBJECTS) + 2):
        await device.expect_next("exception", has(status="error"), names(), ignoring=NOISE)
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


@pytest.mark.requirement("NOTIFICATIONS-SEND-008")
async def test_bytes_harm_nobody(people: People):
    """A notification with binary data in it may be refused, or end the session that it came from, at most."""
    ann, bob = Guest(people, "Ann"), Guest(people, "Bob")
    device, other = await ann.connect(), await bob.connect()

    body = f'{{"message":"a","userId":"{ann.id}","x":{{"_placeholder":true,"num":0}}}}'
    await device.send_raw(f'451-["sendNotification",{body}]')
    await device.send_raw(b"bytes")

    await device.expect(("exception", "newNotification", "CLOSED"))
    await must_go_on(other)
    await Guest(people, "Carol").connect()


@pytest.mark.requirement("NOTIFICATIONS-CONFIRM-003")
@pytest.mark.parametrize(
    ("payload", "wrong"),
    [
        ({}, ["notificationId", "userId"]),
        ({"notificationId": "", "userId": "ann"}, ["notificationId"]),
        ({"notificationId": ["x"], "userId": 7}, ["notificationId", "userId"]),
        ({"notificationId": "x"}, ["userId"]),
    ],
    ids=_named,
)
async def test_what_is_no_confirmation_is_told_by_exception(people: People, payload: Any, wrong: list[str]):
    """With the name of each field that is wrong, and by the acknowledgement too."""
    device = await Guest(people, "Ann").connect()

    must(await device.call("confirmNotification", payload), has(status="error"), names(*wrong))
    await device.expect_next("exception", has(status="error"), names(*wrong), ignoring=NOISE)
    await must_go_on(device)


@pytest.mark.requirement("NOTIFICATIONS-SEND-008")
async def test_an_unknown_event_is_ignored(people: People):
    """Whatever it carries; nobody is told anything of it."""
    device = await Guest(people, "Ann").connect()

    await device.emit("users", [])
    await device.emit("newNotification", {"message": "forged", "userId": device.session["userID"]})

    await must_go_on(device)
