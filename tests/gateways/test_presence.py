"""`app.gateways.presence`, with a store or a cluster that fails or waits at the right moment; e2e shows the rest."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import connect

from app.domain.online import SessionRecord
from app.gateways import presence
from app.gateways.base import Envelope
from app.gateways.courier import Courier
from app.gateways.presence import PresenceGateway
from app.gateways.presence_wire import DESCRIPTION
from app.store.base import User
from tests.engine.served import received
from tests.gateways.house import Device, House, housed
from tests.waiting import until


class Place(House):
    """A house whose gateway is that of the presence contract."""

    def made(self) -> PresenceGateway:
        courier = Courier("presence", self.cluster, self.metrics, 0.1)
        return PresenceGateway(self.settings, self.users, courier, self.cluster, self.metrics)

    @asynccontextmanager
    async def dialled(self, user: User, **headers: str) -> AsyncIterator[Device]:
        """Connect a device that asks to be a user's; the answer is left to be read."""
        url = f"ws://{self.address}/socket.io/?EIO=4&transport=websocket"
        async with connect(url, compression=None, additional_headers=headers) as websocket:
            assert str(await received(websocket)).startswith("0{")
            await websocket.send("40")
            assert str(await received(websocket)).startswith("40{")
            device = Device(websocket)
            await device.sends("authenticate", {"token": self.users.token(user)})
            yield device

    @asynccontextmanager
    async def device(self, user: User, **headers: str) -> AsyncIterator[Device]:
        """Connect a device of a user."""
        async with self.dialled(user, **headers) as device:
            await device.hears("connected")
            yield device

    async def record(self, user: User) -> SessionRecord:
        """Return what the roster keeps of the one session of a user."""
        _, [kept] = (await self.cluster.sockets("presence", [user.id], 10))[user.id]
        return SessionRecord.decode(kept)


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    async with housed(Place, presence_grace=0) as place:
        yield place


@asynccontextmanager
async def in_the_middle(place: Place, one: User, friend: User) -> AsyncIterator[Device]:
    """Connect a device that waits, within its authentication, to hear of a friend, until the caller releases that."""
    room = f"presence:of:{friend.id}"
    place.cluster.held.add(room)
    async with place.dialled(one) as device:
        await until(lambda: room in place.cluster.waiting)
        yield device


async def test_nothing_comes_before_one_is_told_that_one_is_connected(place: Place):
    """What the friends of somebody do in the middle of their connecting is told after that."""
    ann = await place.person("Ann")
    bob = await place.person("Bob", ann)
    async with in_the_middle(place, bob, ann) as device:
        place.hub.deliver(f"presence:user:{bob.id}", Envelope(b'42["early",1]').encode())
        place.cluster.release(f"presence:of:{ann.id}")
        assert [(await device.event())[0] for _ in range(2)] == ["connected", "early"]


async def test_who_is_connecting_is_not_reached(place: Place):
    """Whether they will be connected is not known yet: what is said to be sent was written to a session."""
    ann = await place.person("Ann")
    bob = await place.person("Bob", ann)
    room = f"presence:of:{ann.id}"
    async with place.device(ann) as sender, in_the_middle(place, bob, ann) as device:
        await place.cluster.arrive("presence", bob.id, "on another server")
        await sender.websocket.send(f'421["send_message",{json.dumps({"recipientIds": [bob.id], "message": "early"})}]')
        [answer] = json.loads((await sender.packet()).removeprefix("431"))
        assert answer["recipients"] == {"total": 1, "sent": [], "failed": [bob.id]}
        place.cluster.release(room)
        assert (await device.event())[0] == "connected"
        await sender.sends("send_message", {"recipientIds": [bob.id], "message": "marker"})
        assert (await device.hears("message"))["message"] == "marker"


@pytest.mark.parametrize("call", ["user", "arrive"])
async def test_a_store_or_cluster_that_does_not_answer_puts_an_authentication_off(place: Place, call: str):
    """The client is told why, and its transport closed without a goodbye: so it comes back by itself."""
    ann = await place.person("Ann")
    (place.store.down if call == "user" else place.cluster.down).add(call)
    async with place.dialled(ann) as device:
        assert await device.hears("authentication_error") == {"message": "Service unavailable"}
        assert await device.ending() == []


async def test_a_session_stands_though_it_cannot_be_authenticated_again(place: Place):
    """While the store is away those who are connected stay."""
    ann = await place.person("Ann")
    async with place.device(ann) as device:
        place.store.down.add("user")
        await device.sends("authenticate", {"token": place.users.token(ann)})
        assert await device.hears("authentication_error") == {"message": "Service unavailable"}
        place.store.down.clear()
        await device.sends("authenticate", {"token": place.users.token(ann)})
        assert (await device.hears("connected"))["user"]["userId"] == ann.id


async def test_a_user_who_is_gone_by_then_is_nobody(place: Place, monkeypatch: pytest.MonkeyPatch):
    """A token of a user who was removed a moment ago is no good."""
    ann = await place.person("Ann")
    user = place.store.user

    async def once(wanted: str) -> User | None:
        found = await user(wanted)
        place.store.gone.add(wanted)
        return found

    monkeypatch.setattr(place.store, "user", once)
    async with place.dialled(ann) as device:
        assert await device.hears("authentication_error") == {"message": "Invalid token"}
        assert await device.ending() == ["41"]


async def test_the_roster_keeps_what_a_session_says_of_itself(place: Place):
    """As far as it is text of some length."""
    ann = await place.person("Ann")
    async with place.device(ann, **{"User-Agent": "a browser " * 100}):
        record = await place.record(ann)
        assert (record.email, record.ip_address) == ("ann@mail.com", "127.0.0.1")
        assert record.device_info == ("a browser " * 100)[:DESCRIPTION]
        assert record.connected_at == record.last_activity


async def test_activity_is_recorded_now_and_then(place: Place, monkeypatch: pytest.MonkeyPatch):
    """Not at every event."""
    ann = await place.person("Ann")
    now = [presence.now_ms()]
    monkeypatch.setattr(presence, "now_ms", lambda: now[0])
    async with place.device(ann) as device:
        connected = (await place.record(ann)).connected_at
        for later, recorded in ((presence.ACTIVITY_MS // 2, False), (presence.ACTIVITY_MS + 5_000, True)):
            now[0] = connected + later
            await device.websocket.send('421["ping"]')
            await device.packet()
            await until(lambda: not place.gateway._chores)
            assert ((await place.record(ann)).last_activity == now[0]) is recorded
        assert (await place.record(ann)).connected_at == connected


async def test_a_friendship_whose_news_was_lost_is_heard_of_after_the_gap(place: Place):
    """Both that it began and that it ended."""
    ann, bob, eve = [await place.person(name) for name in ("Ann", "Bob", "Eve")]
    await place.store.befriend(ann.id, bob.id)
    async with place.device(ann) as device:
        await place.store.unfriend(ann.id, bob.id)
        await place.store.befriend(ann.id, eve.id)
        place.hub.resync([f"presence:user:{ann.id}"])
        await until(lambda: f"presence:of:{eve.id}" in place.cluster.subscribed)
        async with place.device(bob), place.device(eve):
            assert (await device.hears("user_status_update"))["userId"] == eve.id


async def test_a_gap_in_the_last_moment_of_an_authentication_is_made_up_for(
    place: Place, monkeypatch: pytest.MonkeyPatch
):
    """The friends had been read, and the session was not connected yet."""
    ann, eve = [await place.person(name) for name in ("Ann", "Eve")]
    arrive, going_on = place.cluster.arrive, asyncio.Event()

    async def held(*arguments: Any) -> Any:
        await going_on.wait()
        return await arrive(*arguments)

    monkeypatch.setattr(place.cluster, "arrive", held)
    async with place.dialled(ann) as device:
        await until(lambda: f"presence:user:{ann.id}" in place.cluster.subscribed)
        await place.store.befriend(ann.id, eve.id)
        place.hub.resync(None)
        await until(lambda: f"presence:of:{eve.id}" in place.cluster.subscribed)
        going_on.set()
        await device.hears("connected")


@pytest.mark.parametrize("late", ["began", "ended"])
async def test_a_note_that_comes_late_is_a_hint(place: Place, late: str):
    """Whether two are friends is for the store to say, whatever is heard last."""
    ann, eve = [await place.person(name) for name in ("Ann", "Eve")]
    if late == "ended":
        await place.store.befriend(ann.id, eve.id)
    room, friends = f"presence:of:{eve.id}", late == "ended"
    async with place.device(ann):
        assert (room in place.cluster.subscribed) is friends
        place.hub.deliver(f"presence:user:{ann.id}", Envelope(note=f"{late} {eve.id}").encode())
        assert (room in place.cluster.subscribed) is not friends
        await until(lambda: (room in place.cluster.subscribed) is friends)


async def test_what_a_new_friend_is_told_meanwhile_is_handed_over(place: Place):
    """A session that waits for a room is given all else when it has it."""
    ann, bob = [await place.person(name) for name in ("Ann", "Bob")]
    room = f"presence:of:{bob.id}"
    async with place.device(ann) as device:
        place.cluster.held.add(room)
        await place.users.befriend(ann, ann.id, bob.id)
        await until(lambda: room in place.cluster.waiting)
        place.hub.deliver(f"presence:user:{ann.id}", Envelope(b'42["message","held"]').encode())
        place.cluster.release(room)
        assert await device.hears("message") == "held"


async def test_who_came_or_went_unheard_is_announced_later(place: Place):
    """Under the e-mail that the store has."""
    ann = await place.person("Ann")
    bob = await place.person("Bob", ann)
    async with place.device(ann) as device:
        for told, status in ((place.hub.arrived, "online"), (place.hub.departed, "offline")):
            told("presence", bob.id)
            update = {"userId": bob.id, "status": status, "email": "bob@mail.com"}
            assert await device.hears("user_status_update") == update


async def test_nothing_is_kept_of_those_who_have_left(place: Place):
    """However they left, authenticated or not."""
    ann = await place.person("Ann")
    for _ in range(3):
        async with place.device(ann) as device:
            await device.websocket.send("41")
        async with place.dialled(ann), place.device(ann):
            pass
    await until(lambda: not place.engine.connections and not place.gateway._announcing._sockets)
    await asyncio.sleep(0)
    assert place.cluster.subscribed == set()
    assert await place.cluster.count("presence") == 0
