"""`app.gateways.presence`, with a store or a cluster that fails or waits at the right moment; e2e shows the rest."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import connect

from app.config import Settings
from app.domain.clock import user_id
from app.domain.online import SessionRecord
from app.domain.passwords import Passwords
from app.domain.tokens import Tokens
from app.domain.users import Users
from app.engine.base import Options
from app.engine.socket_io import SocketIO
from app.gateways import presence
from app.gateways.base import Envelope, Hub
from app.gateways.courier import Courier
from app.gateways.presence import PresenceGateway
from app.gateways.presence_wire import DESCRIPTION
from app.metrics import Metrics
from app.store.base import User
from tests.engine.served import received, served
from tests.gateways.house import Device, FaultyCluster, FaultyStore
from tests.waiting import until


class Place:
    """The gateway and what it stands on.

    Attributes:
        address: where the engine is served.

    """

    def __init__(self) -> None:
        self.store, self.cluster, self.hub = FaultyStore(), FaultyCluster(), Hub()
        metrics, settings = Metrics(), Settings(memory=True, presence_grace=0)
        self.passwords = Passwords(4)
        tokens = Tokens("a secret of at least thirty-two bytes", 3600)
        self.users = Users(self.store, tokens, self.passwords, on_friendship=self.hub.friendship)
        courier = Courier("presence", self.cluster, metrics, 0.1)
        self.gateway = PresenceGateway(settings, self.users, courier, self.cluster, metrics)
        options = Options(ping_interval=25, ping_timeout=20, max_payload=100_000, origins=("*",))
        self.engine = SocketIO({"/": self.gateway}, options)
        self.gateway.bind(self.engine)
        self.hub.add(self.gateway)
        self.address = ""

    async def person(self, name: str, *friends: User) -> User:
        """Add a user with friends."""
        one = User(user_id(), f"{name.lower()}@mail.com", "", name, "", (), 1000)
        await self.store.add_user(one)
        for friend in friends:
            await self.store.befriend(one.id, friend.id)
        return one

    @asynccontextmanager
    async def dialled(self, user: User, **headers: str) -> AsyncIterator[Device]:
        """Connect a device that asks to be a user's; the answer is left to be read."""
        url = f"ws://{self.address}/socket.io/?EIO=4&transport=websocket"
        async with connect(url, compression=None, additional_headers=headers) as websocket:
            assert str(await received(websocket)).startswith("0{")
            await websocket.send("40")
            assert str(await received(websocket)).startswith("40{")
            device = Device(websocket)
            await emit(device, "authenticate", {"token": self.users.token(user)})
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


async def emit(device: Device, event: str, *args: Any) -> None:
    await device.websocket.send(f"42{json.dumps([event, *args])}")


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    place = Place()
    await place.store.open()
    await place.cluster.open(place.hub)
    try:
        async with served(place.engine) as place.address:
            yield place
    finally:
        await place.gateway.close()
        await place.cluster.close()
        await place.store.close()
        place.passwords.close()


async def test_nothing_comes_before_one_is_told_that_one_is_connected(place: Place):
    """What is sent to somebody in the middle of their connecting is handed over after that, and counts as sent."""
    ann = await place.person("Ann")
    bob = await place.person("Bob", ann)
    room = f"presence:of:{ann.id}"
    place.cluster.held.add(room)
    async with place.device(ann) as sender, place.dialled(bob) as device:
        await until(lambda: room in place.cluster.waiting)
        await place.cluster.arrive("presence", bob.id, "on another server")
        await emit(sender, "send_message", {"recipientIds": [bob.id], "message": "early"})
        [connection] = place.engine.members(f"presence:user:{bob.id}")
        await until(lambda: connection.state.feed._held)
        place.cluster.release(room)
        assert (await device.hears("connected"))["user"]["userId"] == bob.id
        assert (await device.hears("message"))["message"] == "early"


@pytest.mark.parametrize("call", ["user", "arrive"])
async def test_a_store_or_cluster_that_does_not_answer_puts_an_authentication_off(place: Place, call: str):
    """The client is told why, and its transport closed without a goodbye: so it comes back by itself."""
    ann = await place.person("Ann")
    (place.store.down if call == "user" else place.cluster.down).add(call)
    async with place.dialled(ann) as device:
        assert await device.hears("authentication_error") == {"message": "Service unavailable"}
        assert await device.ending() == []


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
