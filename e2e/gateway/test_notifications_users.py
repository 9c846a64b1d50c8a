"""`users`: who is here, and who was, as all clients of all servers are told."""

import pytest

from e2e.harness.client import TransportName
from e2e.harness.deployment import Fresh
from e2e.harness.notifications import Guest, NotificationsClient, listed
from e2e.harness.people import People, PeopleOf


def _ids(device: NotificationsClient) -> list[str]:
    """Return whom the last list that a device was sent names."""
    return [user["userID"] for user in device.inbox.all("users")[-1].payload]


@pytest.mark.requirement("NOTIFICATIONS-USERS-001", "NOTIFICATIONS-USERS-003")
async def test_all_clients_are_told_of_a_connect(people: People):
    """The list comes to who connects and to all others, on every server, and has each user once."""
    ann, bob = Guest(people, "Ann"), Guest(people, "Bob")
    watching = [await ann.connect(server=server) for server in range(len(people.deployment.servers))]

    coming = await bob.connect()

    for device in (*watching, coming):
        await device.expect("users", listed(ann, connected=True), listed(bob, connected=True))


@pytest.mark.requirement("NOTIFICATIONS-USERS-001")
async def test_a_second_device_is_told_of_too(people: People):
    """The list comes on every connect; it has the user once, by the name that they came with last."""
    ann, bob = Guest(people, "Ann"), Guest(people, "Bob")
    watching = await ann.connect()
    await bob.connect()
    await watching.expect("users", listed(bob, connected=True))

    again = Guest(people, "Robert", id=bob.id)
    device = await again.connect()

    for told in (watching, device):
        await told.expect("users", listed(again, connected=True))


@pytest.mark.requirement("NOTIFICATIONS-USERS-002")
@pytest.mark.parametrize(
    ("transport", "leave"),
    [
        ("websocket", "goodbye"),
        ("websocket", "close_transport"),
        ("websocket", "abort"),
        ("polling", "goodbye"),
        ("polling", "close_transport"),
    ],
)
async def test_who_left_is_listed_as_such(people: People, transport: TransportName, leave: str):
    """Once the last device of a user is gone, however it went; who comes later is told so too."""
    ann, bob = Guest(people, "Ann"), Guest(people, "Bob")
    watching, leaving = await ann.connect(), await bob.connect(transport=transport)
    await watching.expect("users", listed(bob, connected=True))

    await getattr(leaving, leave)()

    await watching.expect("users", listed(ann, connected=True), listed(bob, connected=False))
    later = await Guest(people, "Eve").connect()
    await later.expect("users", listed(bob, connected=False))


@pytest.mark.requirement("NOTIFICATIONS-USERS-002", "NOTIFICATIONS-USERS-003")
async def test_one_of_two_devices_that_leaves_puts_nobody_offline(people: People):
    """A user is connected while any device is, on any server; lists that come meanwhile say so."""
    ann, bob = Guest(people, "Ann"), Guest(people, "Bob")
    watching = await ann.connect()
    leaving, staying = await bob.connect(), await bob.connect()
    await watching.expect("users", listed(bob, connected=True))

    await leaving.goodbye()
    marker = Guest(people, "Marker")
    await marker.connect()
    await watching.expect("users", listed(marker, connected=True), listed(bob, connected=True))
    await staying.goodbye()

    await watching.expect("users", listed(bob, connected=False))


@pytest.mark.requirement("NOTIFICATIONS-USERS-006")
@pytest.mark.parametrize("leave", ["close_transport", "abort"])
async def test_a_reload_puts_nobody_offline(people: People, leave: str):
    """A transport that is lost and is back within the grace period is not told of as gone.

    Somebody else who is lost after it, and does not come back, is told of later.
    """
    ann, bob, eve = Guest(people, "Ann"), Guest(people, "Bob"), Guest(people, "Eve")
    watching, reloading, lost = await ann.connect(), await bob.connect(), await eve.connect()
    await watching.expect("users", listed(bob, connected=True), listed(eve, connected=True))
    told = watching.count("users")

    await getattr(reloading, leave)()
    await bob.connect(session=reloading.session["sessionID"])
    await getattr(lost, leave)()

    await watching.expect("users", listed(eve, connected=False), listed(bob, connected=True))
    assert all(listed(bob, connected=False)(record.payload) for record in watching.inbox.all("users")[told:])


@pytest.mark.requirement("NOTIFICATIONS-USERS-004")
async def test_a_crowd_costs_two_lists_a_second(fresh_deployment: Fresh, people_of: PeopleOf):
    """However many come and go, each client is told no more often, and in the end what is true."""
    people = people_of(await fresh_deployment("--memory"))
    watching = await Guest(people, "Ann").connect()
    crowd = [Guest(people, f"Guest {number}") for number in range(60)]

    devices = [await guest.connect() for guest in crowd]
    for device in devices[::2]:
        await device.goodbye()

    left, stayed = crowd[::2], crowd[1::2]
    checks = [listed(guest, connected=False) for guest in left] + [listed(guest, connected=True) for guest in stayed]
    for device in (watching, *devices[1::2]):
        await device.expect("users", *checks)
        began, told = device.inbox.all("OPEN")[0].at, [record.at for record in device.inbox.all("users")]
        assert len(told) <= 2.02 * (told[-1] - began) + 1, f"{device.who} was told at {told}"


@pytest.mark.requirement("NOTIFICATIONS-USERS-005")
async def test_the_list_has_a_bound(fresh_deployment: Fresh, people_of: PeopleOf):
    """Of more than `USERS_LIMIT` those who are connected are in it first, then who left last."""
    people = people_of(await fresh_deployment("--memory", USERS_LIMIT="4"))
    ann = Guest(people, "Ann")
    watching = await ann.connect()
    guests = [Guest(people, f"Guest {number}") for number in range(5)]
    for guest in guests:
        await (await guest.connect()).goodbye()
        await watching.expect("users", listed(guest, connected=False))
    assert _ids(watching) == [ann.id, *(guest.id for guest in guests[:1:-1])]

    staying = [Guest(people, f"Staying {number}") for number in range(2)]
    for guest in staying:
        await guest.connect()

    await watching.expect("users", *(listed(guest, connected=True) for guest in staying))
    assert _ids(watching) == [ann.id, *(guest.id for guest in staying), guests[-1].id]
