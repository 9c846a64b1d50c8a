"""One user on several contracts and devices at once: none disturbs another."""

import asyncio

import pytest

from e2e.harness.client import Client, TransportName
from e2e.harness.direct import DirectClient
from e2e.harness.friends import FriendsClient
from e2e.harness.match import equals, has, must, says, texts
from e2e.harness.notifications import Guest, NotificationsClient
from e2e.harness.people import People, Person
from e2e.harness.presence import Presence, PresenceClient, reached
from e2e.harness.rest import Rest
from e2e.harness.rooms import RoomsClient, history, new_room, visit


@pytest.mark.requirement("DIRECT-CONNECT-005")
async def test_the_same_event_of_two_contracts_is_two_events(people: People):
    """Both contracts have a `message`: each goes to the devices of its own contract, and to no other."""
    alice, bob = await people.friendship("Alice", "Bob")
    friends = [await alice.connect(), await bob.connect(), await bob.connect(transport="polling")]
    direct = [await alice.connect(DirectClient), await bob.connect(DirectClient), await bob.connect(DirectClient)]

    chat = await direct[0].send(bob.id, "to Bob")
    await friends[0].say("to friends")
    second = await direct[0].send(bob.id, "to Bob again")

    for device in friends[1:]:
        await device.expect_next("message", has(message="to friends", username="Alice"), ignoring=["connected"])
    for device in direct[1:]:
        await device.expect_next("message", equals(chat))
        await device.expect_next("message", equals(second))


@pytest.mark.requirement("DIRECT-CONNECT-005", "DIRECT-EVENT-005")
async def test_an_event_of_another_contract_is_unknown(people: People):
    """What one contract knows has no effect on a connection of another."""
    alice, bob = await people.friendship("Alice", "Bob")
    friends, direct = await alice.connect(), await alice.connect(DirectClient)
    watching, receiving = await bob.connect(), await bob.connect(DirectClient)

    await friends.emit("send message", {"receiver": bob.id, "message": "astray"})
    await friends.emit("ping")
    await friends.say(7)
    await friends.expect_next("exception", ignoring=["connected"])
    await direct.emit("message", "astray")
    await direct.emit("receive message", 7)
    await direct.expect_next("error")
    await friends.say("marker")
    chat = await direct.send(bob.id, "marker")

    await watching.expect_next("message", says("marker"), ignoring=["connected"])
    await receiving.expect_next("message", equals(chat))


@pytest.mark.requirement("DIRECT-CONNECT-005")
async def test_each_contract_has_what_is_pending_of_its_own(people: People):
    """What a user was sent on one contract is not unseen on the other, and what confirms it does not confirm there."""
    alice, bob = await people.friendship("Alice", "Bob")
    friends, direct = await alice.connect(), await alice.connect(DirectClient)
    await friends.say("unseen")
    chat = await direct.send(bob.id, "unreceived")
    await friends.say(7)
    await friends.expect("exception")

    device = await bob.connect(DirectClient)
    assert await device.unreceived() == [chat]
    assert texts(await bob.peek()) == ["unseen"]
    await device.receive(chat)
    assert texts(await bob.peek()) == ["unseen"]
    assert texts(await bob.history()) == ["unseen"]
    await bob.connect()

    assert await device.unreceived() == []


@pytest.mark.requirement("DIRECT-CONNECT-005", "FRIENDS-PRESENCE-004")
async def test_presence_on_one_contract_is_not_presence_on_another(people: People):
    """Friends are told who comes and goes on the friends contract, whatever the same users do on the direct one."""
    bob, alice, carol = await people.friendship("Bob", "Alice", "Carol")
    watching = await bob.connect()

    device = await alice.connect(DirectClient)
    await device.goodbye()
    friends = await carol.connect()
    await watching.expect_next("connected", has(username="Carol"))
    other = await carol.connect(DirectClient)
    await friends.goodbye()

    await watching.expect_next("disconnected", has(username="Carol"))
    assert await other.call("ping") == "Hello World!"


FRIENDS_NEWS, PRESENCE_NEWS = ("connected",), ("user_status_update",)
"""What comes of the coming of others."""

BROKEN = {
    "message": 7,
    "send message": {"receiver": 7},
    "exchanges": {"roomId": 7},
    "sendNotification": {"message": 7},
    "send_message": {"recipientIds": 7},
}
"""An event of each contract that it refuses, and that the others do not know, or refuse too."""


class Everywhere:
    """A person on all five contracts, with as many devices on each.

    Attributes:
        friends, direct, rooms, notifications, presence: the devices.

    """

    def __init__(self, people: People, person: Person, room_id: str) -> None:
        self._people = people
        self._presence = Presence(people)
        self._guest = Guest(people, person.name, person.id)
        self._person = person
        self._room_id = room_id
        self.friends: list[FriendsClient] = []
        self.direct: list[DirectClient] = []
        self.rooms: list[RoomsClient] = []
        self.notifications: list[NotificationsClient] = []
        self.presence: list[PresenceClient] = []

    async def connect(self, transport: TransportName = "websocket") -> list[Client]:
        """Connect one more device on each, and return these."""
        person, room_id = self._person, self._room_id
        self.friends.append(await person.connect(transport=transport))
        self.direct.append(await person.connect(DirectClient, transport=transport))
        self.rooms.append(await visit(self._people, person.name, room_id, transport=transport))
        self.notifications.append(await self._guest.connect(transport=transport))
        self.presence.append(await self._presence.connect(person, transport=transport))
        return [kind[-1] for kind in (self.friends, self.direct, self.rooms, self.notifications, self.presence)]

    async def tell(self, other: Person, text: str) -> None:
        """Write to another on each contract, with the first device."""
        _, _, _, _, answer = await asyncio.gather(
            self.friends[0].say(text),
            self.direct[0].send(other.id, text),
            self.rooms[0].say(self._room_id, text),
            self.notifications[0].notify(other.id, text),
            self.presence[0].send([other], text),
        )
        must(answer, reached([other]))

    async def hear(self, text: str) -> None:
        """Have every device be given this next, and nothing before it but who comes and goes."""
        for device in self.friends:
            await device.expect_next("message", says(text), ignoring=FRIENDS_NEWS)
        for device in self.direct:
            await device.expect_next("message", says(text))
        for device in self.rooms:
            await device.hears(has(content=text))
        for device in self.notifications:
            await device.expect_notified(text)
        for device in self.presence:
            await device.expect_next("message", says(text), ignoring=PRESENCE_NEWS)


async def be_refused(people: People, person: Person) -> None:
    """Try to be a person on each contract that asks for a proof, and to be in a room that is not open."""
    for device in (await person.dial(token="garbage"), await person.dial(DirectClient, token="garbage")):
        await device.expect("CONNECT_ERROR")
    await (await people.dial("Nobody", NotificationsClient, auth={"userID": person.id})).expect("CONNECT_ERROR")
    stranger = await Presence(people).dial()
    await stranger.call("authenticate", {"token": "garbage"})
    await stranger.expect("CLOSED")
    outside = await visit(people, person.name)
    await outside.emit("participants", {"roomId": "no such room", "username": person.name})
    await outside.expect("exception")
    await outside.send_raw('42["participants"')
    await outside.expect("CLOSED")


@pytest.mark.requirement(
    "DIRECT-CONNECT-005",
    "DIRECT-SEND-007",
    "FRIENDS-MESSAGE-012",
    "NOTIFICATIONS-CONNECT-001",
    "PRESENCE-MESSAGE-001",
    "ROOMS-CONNECT-004",
)
@pytest.mark.timeout(120)
async def test_devices_on_all_five_contracts_disturb_none(people: People, rest: Rest):
    """While devices of a user come, go and are refused on every contract, every other gets everything in order.

    One person writes on all five; another has two lasting devices on each, and more that come, send what is broken
    and what is another contract's, and go in every way. Nothing of it reaches a device that lasts.
    """
    alice, bob = await people.friendship("Alice", "Bob")
    room_id = await new_room(rest)
    writer, lasting = Everywhere(people, alice, room_id), Everywhere(people, bob, room_id)
    await lasting.connect()
    await lasting.connect("polling")
    await writer.connect()
    sent = [f"number {number}" for number in range(30)]

    async def write() -> None:
        for text in sent:
            await writer.tell(bob, text)

    async def come_and_go(leave: str) -> None:
        for device in await Everywhere(people, bob, room_id).connect():
            for event, payload in BROKEN.items():
                await device.emit(event, payload)
            await getattr(device, leave)()
        await be_refused(people, bob)

    await asyncio.gather(write(), *(come_and_go(leave) for leave in ("goodbye", "close_transport", "abort")))
    await writer.tell(bob, "marker")

    for text in (*sent, "marker"):
        await lasting.hear(text)
    assert texts((await lasting.direct[0].all())[alice.id]) == [*sent, "marker"]
    assert [message["content"] for message in await history(rest, room_id)] == [*sent, "marker"]
