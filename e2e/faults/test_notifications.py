"""Notifications while servers and their engines fail: none is lost, and the list of users is true again."""

import pytest

from e2e.faults.fault import network, restarted
from e2e.faults.stage import Stage
from e2e.harness.deadline import SECOND, eventually
from e2e.harness.match import equals
from e2e.harness.notifications import PATHS, Guest, NotificationsClient, listed
from e2e.harness.people import PeopleOf

pytestmark = [pytest.mark.faults, pytest.mark.timeout(150)]

WHILE = 15 * SECOND
"""In which all is well again after a fault."""

MESSAGES = [f"{number}" for number in range(20)]


@pytest.mark.requirement("NOTIFICATIONS-OFFLINE-008", "NOTIFICATIONS-SEND-005")
@pytest.mark.parametrize("how", ["cut", "black-holed"])
async def test_what_is_sent_while_redis_is_away_arrives_when_it_is_back(stage: Stage, people_of: PeopleOf, how: str):
    """At once on the server that it came through, and on the other afterwards, once, without a new connect."""
    people, fault = people_of(stage.cluster), network("redis", how)
    ann = Guest(people, "Ann")
    near, far = await ann.connect(server=0), await ann.connect(server=1)
    await near.expect_nothing_more(far)  # what is pending has been read

    await fault.begin(stage)
    for message in MESSAGES:
        (await people.rest(0).post(PATHS[0], {"message": message, "userId": ann.id})).must(201)
    await near.expect_notified(*MESSAGES)
    assert far.count("newNotification") == 1  # the marker
    await fault.end(stage)

    await far.expect("newNotification", within=WHILE)
    await far.expect_notified(*MESSAGES[1:])
    await near.expect_nothing_more(far)


@pytest.mark.requirement("NOTIFICATIONS-CONNECT-005")
async def test_a_connect_waits_for_redis(stage: Stage, people_of: PeopleOf):
    """Nobody is taken for another meanwhile: the transport is closed without a word, and the client tries again."""
    people, fault = people_of(stage.cluster), network("redis", "cut")
    ann = Guest(people, "Ann")
    session = (await ann.connect(server=0)).session["sessionID"]

    await fault.begin(stage)
    await (await ann.dial(session=session, server=1)).expect_next("CLOSED")
    await fault.end(stage)

    async def label() -> str:
        device = await people.dial("Ann", NotificationsClient, auth={"sessionID": session}, server=1)
        return (await device.expect_next(("CONNECT", "CLOSED"))).label

    await eventually(label, equals("CONNECT"), within=WHILE)


@pytest.mark.requirement("NOTIFICATIONS-CONNECT-005", "NOTIFICATIONS-USERS-003")
async def test_a_redis_that_comes_back_empty_learns_the_sessions_of_who_is_connected(stage: Stage, people_of: PeopleOf):
    """And who is here; nobody has to connect again."""
    people, fault = people_of(stage.cluster), restarted("redis", empty=True)
    ann, bob = Guest(people, "Ann"), Guest(people, "Bob")
    device, other = await ann.connect(server=0), await bob.connect(server=1)
    for told in (device, other):
        await told.expect("users", listed(ann, connected=True), listed(bob, connected=True))

    await fault.begin(stage)
    await fault.end(stage)

    async def label() -> str:
        auth = {"sessionID": device.session["sessionID"]}
        again = await people.dial("Ann", NotificationsClient, auth=auth, server=1)
        return (await again.expect_next(("CONNECT", "CONNECT_ERROR", "CLOSED"))).label

    await eventually(label, equals("CONNECT"), within=WHILE)
    eve = Guest(people, "Eve")
    watching, all_of_them = await eve.connect(server=0), [listed(it, connected=True) for it in (ann, bob, eve)]
    for told in (watching, device, other):
        await told.expect("users", *all_of_them, within=WHILE)


@pytest.mark.requirement("NOTIFICATIONS-USERS-003", "NOTIFICATIONS-CONNECT-005")
async def test_the_guests_of_a_server_that_died_have_left_and_may_come_elsewhere(stage: Stage, people_of: PeopleOf):
    """Another server notices and tells; and it knows the session."""
    people = people_of(stage.cluster)
    ann, bob = Guest(people, "Ann"), Guest(people, "Bob")
    watching, dying = await ann.connect(server=1), await bob.connect(server=0)
    await watching.expect("users", listed(bob, connected=True))

    await stage.cluster.kill(0)

    await dying.expect("CLOSED")
    await watching.expect("users", listed(bob, connected=False), listed(ann, connected=True), within=WHILE)
    auth = {"sessionID": dying.session["sessionID"]}
    again = await people.dial("Bob", NotificationsClient, auth=auth, server=1)
    await again.arrive()
    assert again.session == dying.session
    await watching.expect("users", listed(bob, connected=True))
    await stage.cluster.restart(0)
