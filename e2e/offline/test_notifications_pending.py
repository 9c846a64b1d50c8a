"""Notifications of who is away, and of who has not confirmed: they come until they are confirmed."""

import asyncio
import uuid

import pytest

from e2e.harness.deployment import Fresh
from e2e.harness.match import equals, has, instant, keys, must, present
from e2e.harness.notifications import NOISE, PATHS, Guest, notifies
from e2e.harness.people import People, PeopleOf
from e2e.harness.process import ServerProcess
from e2e.harness.rest import Rest

NOT_FOUND = {"status": "error", "message": "Notification not found"}


@pytest.mark.requirement("NOTIFICATIONS-OFFLINE-001")
async def test_what_was_sent_to_somebody_away_comes_with_the_next_connect(people: People, rest: Rest):
    """All of it, oldest first, by either way of sending; then what is live."""
    ann = Guest(people, "Ann")
    sender = await Guest(people, "Bob").connect()
    expected = [f"{number}" for number in range(20)]

    for message in expected[:10]:
        (await rest.post(PATHS[0], {"message": message, "userId": ann.id, "n": int(message)})).must(201)
    for message in expected[10:]:
        await sender.notify(ann.id, message, n=int(message))

    device = await ann.connect()
    told = await device.expect_notified(*expected)
    for payload in told:
        must(payload, keys("message", "userId", "n", "id", "createdAt"), has(userId=ann.id), instant("createdAt"))
    assert [payload["n"] for payload in told] == list(range(20))
    assert len({payload["id"] for payload in told}) == len(expected), "an id came twice"
    await sender.notify(ann.id, "live")
    await device.expect_notified("live")


@pytest.mark.requirement("NOTIFICATIONS-OFFLINE-002", "NOTIFICATIONS-OFFLINE-004", "NOTIFICATIONS-CONFIRM-001")
async def test_what_is_not_confirmed_comes_again(people: People):
    """With every connect, with the same id and instant, until a device confirms it; then never."""
    ann = Guest(people, "Ann")
    first = await ann.connect()
    for message in ("one", "two", "three"):
        await first.notify(ann.id, message)
    one, two, three = await first.expect_notified("one", "two", "three")

    second = await ann.connect()
    assert await second.expect_notified("one", "two", "three") == [one, two, three]
    must(await second.confirm(two["id"], ann.id), has(notificationId=two["id"], confirmed=True))
    third = await ann.connect()
    assert await third.expect_notified("one", "three") == [one, three]
    for payload in (one, three):
        await third.confirm(payload["id"], ann.id)

    await (await ann.connect()).expect_nothing_more(first, second, third)


@pytest.mark.requirement("NOTIFICATIONS-CONFIRM-001")
async def test_a_confirmation_may_be_repeated(people: People):
    """By the same device and by others, on any server, at once or later; each is answered as the first."""
    ann = Guest(people, "Ann")
    devices = [await ann.connect() for _ in range(3)]
    sent = await devices[0].notify(ann.id, "hello")
    confirmed = {"notificationId": sent["id"], "confirmed": True}

    for device in devices:
        await device.expect_notified("hello")
    answers = await asyncio.gather(*(device.confirm(sent["id"], ann.id) for device in devices * 2))

    assert answers == [confirmed] * 6
    await devices[0].emit("confirmNotification", {"notificationId": sent["id"], "userId": ann.id})
    assert await devices[0].confirm(sent["id"], ann.id) == confirmed
    await (await ann.connect()).expect_nothing_more()


@pytest.mark.requirement("NOTIFICATIONS-CONFIRM-002")
async def test_nobody_confirms_for_another(people: People):
    """Somebody else's notification and an unknown one are not found, whoever is named; it still comes."""
    ann, eve = Guest(people, "Ann"), Guest(people, "Eve")
    device, thief = await ann.connect(), await eve.connect()
    sent = await thief.notify(ann.id, "for Ann")
    await device.expect_notified("for Ann")

    wrong = [(sent["id"], ann.id), (sent["id"], eve.id), ("0" * 24, eve.id), (uuid.uuid4().hex, eve.id), ("*", eve.id)]
    for notification, user in wrong:
        assert await thief.confirm(notification, user) == NOT_FOUND
        await thief.expect_next("exception", equals(NOT_FOUND), ignoring=NOISE)
    assert await device.confirm(sent["id"], eve.id) == NOT_FOUND
    await device.expect_next("exception", equals(NOT_FOUND), ignoring=NOISE)

    await (await ann.connect()).expect_notified("for Ann")


@pytest.mark.requirement("NOTIFICATIONS-OFFLINE-005", "NOTIFICATIONS-SEND-005")
async def test_who_connects_amid_a_stream_misses_nothing(people: People):
    """Each device gets each notification once, in order, whatever was sent before it was there."""
    ann = Guest(people, "Ann")
    watching, sender = await ann.connect(), await Guest(people, "Bob").connect()
    expected = [f"{number}" for number in range(300)]

    async def stream() -> None:
        for message in expected:
            await sender.emit("sendNotification", {"message": message, "userId": ann.id})
            await asyncio.sleep(0)

    streaming = asyncio.create_task(stream())
    await watching.expect("newNotification", notifies("40"))
    devices = [await ann.connect() for _ in range(4)]
    await streaming

    for device in devices:
        await device.expect_notified(*expected)
    await devices[0].expect_nothing_more()


@pytest.mark.requirement("NOTIFICATIONS-OFFLINE-003", "NOTIFICATIONS-CONNECT-005")
async def test_a_kill_loses_no_notification_and_forgets_no_confirmation(fresh_deployment: Fresh, people_of: PeopleOf):
    """What was answered 201 comes after `kill -9`, and what was confirmed does not."""
    deployment = await fresh_deployment()
    people = people_of(deployment)
    ann, rest = Guest(people, "Ann"), people.rest()
    device = await ann.connect(server=0)
    for number in range(10):
        (await rest.post(PATHS[0], {"message": f"{number}", "userId": ann.id})).must(201)
    told = await device.expect_notified(*(f"{number}" for number in range(10)))
    for payload in told[::2]:
        must(await device.confirm(payload["id"], ann.id), has(confirmed=True))

    for server in range(len(deployment.servers)):
        await deployment.kill(server)
    await device.expect("CLOSED")
    for server in range(len(deployment.servers)):
        await deployment.restart(server)

    again = await ann.connect(session=device.session["sessionID"])
    assert await again.expect_notified(*(f"{number}" for number in range(1, 10, 2))) == told[1::2]
    await again.expect_nothing_more()


@pytest.mark.requirement("NOTIFICATIONS-OFFLINE-006")
@pytest.mark.embedded("fills the disk that the database is on")
async def test_what_cannot_be_stored_is_not_sent(fresh_deployment: Fresh, people_of: PeopleOf):
    """REST answers 503, a client gets `exception`; nobody is notified, and the server goes on."""
    deployment = await fresh_deployment()
    [server] = deployment.servers
    assert isinstance(server, ServerProcess)
    people = people_of(deployment)
    ann, rest = Guest(people, "Ann"), people.rest()
    device = await ann.connect()

    server.allow_growth(0)
    unavailable = {"message": "Service unavailable", "error": "Service Unavailable", "statusCode": 503}
    answer = await rest.post(PATHS[0], {"message": "lost", "userId": ann.id})
    answer.must(503, equals(unavailable))
    assert "Retry-After" in answer.headers
    told = {"status": "error", "message": "Service unavailable"}
    assert await device.notify(ann.id, "lost") == told
    await device.expect_next("exception", equals(told), ignoring=NOISE)
    server.allow_growth(None)

    await device.expect_nothing_more()


@pytest.mark.requirement("NOTIFICATIONS-OFFLINE-007")
async def test_of_too_many_the_newest_come_first(fresh_deployment: Fresh, people_of: PeopleOf):
    """Of more than `UNSEEN_LIMIT` the newest come with a connect; the others once those are confirmed."""
    people = people_of(await fresh_deployment("--memory", UNSEEN_LIMIT="5"))
    ann, rest = Guest(people, "Ann"), people.rest()
    for number in range(8):
        (await rest.post(PATHS[0], {"message": f"{number}", "userId": ann.id})).must(201)

    device = await ann.connect()
    for payload in await device.expect_notified("3", "4", "5", "6", "7"):
        must(await device.confirm(payload["id"], ann.id), present("confirmed"))
    await device.goodbye()

    later = await ann.connect()
    await later.expect_notified("0", "1", "2")
    await later.expect_nothing_more()
