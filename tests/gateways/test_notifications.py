"""`app.gateways.notifications`: what becomes of connects and notifications when the store or the cluster fails."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from app.domain.errors import Unavailable
from app.gateways.base import Envelope
from app.gateways.notifications import NotificationsGateway
from tests.engine.served import received
from tests.gateways.house import Device, House, housed
from tests.waiting import until

EVERYBODY = "notifications:everybody"
CHANGED = Envelope(note="users").encode()


class Agency(House):
    """A house whose gateway is that of the notifications contract."""

    GATEWAY = NotificationsGateway

    async def notify(self, user: str, message: str) -> str:
        return await self.gateway.notify({"message": message, "userId": user})

    @asynccontextmanager
    async def guest(self, user: str, **auth: Any) -> AsyncIterator[Device]:
        """Connect somebody, and read up to the session; the device has been given its first list."""
        before = self.listed
        async with self.opened("", userID=user, username=user.title(), **auth) as device:
            assert (await device.packet()).startswith("40{")
            await device.hears("session")
            await until(lambda: self.listed > before)
            yield device

    @property
    def listed(self) -> int:
        """How many devices have been given their first list."""
        return sum(connection.state.feed.listed for connection in self.engine.members(EVERYBODY))


@pytest.fixture
async def house() -> AsyncIterator[Agency]:
    async with housed(Agency, presence_grace=60) as house:
        yield house


async def told(device: Device, count: int) -> list[str]:
    """Return the messages of the next so many notifications; lists of users are passed over."""
    messages: list[str] = []
    while len(messages) < count:
        name, payload = await device.event()
        if name != "users":
            assert name == "newNotification", (name, payload)
            messages.append(payload["message"])
    return messages


async def listed(device: Device) -> list[tuple[str, bool]]:
    """Return who is connected and who is not by the next list of users."""
    return [(user["userID"], user["connected"]) for user in await device.hears("users")]


@pytest.mark.parametrize("call", ["recall", "remember", "arrive", EVERYBODY, "notifications:user:ann"])
async def test_a_connect_that_the_cluster_fails_is_put_off(house: Agency, call: str):
    """The transport is closed, and no word of it would keep a client from trying again; nobody is left in a room."""
    house.cluster.down.add(call)
    async with house.opened("", userID="ann", username="Ann") as device:
        packets = await device.ending()
    assert not [packet for packet in packets if packet.startswith("44")]
    house.cluster.down.clear()
    await until(lambda: not house.cluster.subscribed)
    async with house.guest("ann") as device:
        assert await listed(device) == [("ann", True)]


async def test_a_connect_that_the_store_fails_is_put_off(house: Agency):
    """The client is told why, and is given what is pending when it comes again."""
    await house.notify("ann", "hello")
    house.store.down.add("pending")
    async with house.opened("", userID="ann", username="Ann") as device:
        packets = await device.ending()
    assert '42["exception",{"status":"error","message":"Service unavailable"}]' in packets
    house.store.down.clear()
    async with house.guest("ann") as device:
        assert await told(device, 1) == ["hello"]


async def test_what_the_cluster_loses_is_given_from_the_store(house: Agency):
    """Before anything that is live, once, also where it was confirmed elsewhere meanwhile."""
    async with house.guest("ann") as one, house.guest("ann") as other:
        house.cluster.losing = True
        lost = await house.notify("ann", "lost")
        await house.notify("ann", "lost too")
        await house.store.confirm("ann", [lost])
        house.cluster.losing = False
        house.hub.resync(["notifications:user:ann"])
        await house.notify("ann", "live")
        for device in (one, other):
            assert await told(device, 3) == ["lost", "lost too", "live"]


async def test_what_a_list_that_was_cut_left_out_is_not_given_after_a_gap():
    """It would come after what is newer; another connect brings it, once there is room."""
    async with housed(Agency, unseen_limit=2) as house:
        for number in range(4):
            await house.notify("ann", f"{number}")
        async with house.guest("ann") as device:
            assert await told(device, 2) == ["2", "3"]
            house.hub.resync(None)
            await house.notify("ann", "live")
            assert await told(device, 1) == ["live"]


async def test_what_turns_out_to_be_stored_is_told_late(house: Agency):
    """Who sent it was told that it may not be; it is not kept until the next connect."""
    async with house.guest("ann") as device:
        house.store.down.add("answer")
        with pytest.raises(Unavailable):
            await house.notify("ann", "in doubt")
        house.store.down.clear()
        assert await told(device, 1) == ["in doubt"]


async def test_nobody_is_looked_up_for_news_of_others(house: Agency):
    """A gap in the room of everybody has the list told again, and no mailbox read."""
    async with house.guest("ann") as device:
        await listed(device)
        house.hub.resync([EVERYBODY])
        assert await listed(device) == [("ann", True)]
        assert house.store.recoveries == []


async def test_news_of_other_servers_has_the_list_told(house: Agency):
    """Who came and went there, and who turns out to have."""
    async with house.guest("ann") as device:
        await listed(device)
        for news in (
            lambda: house.hub.deliver(EVERYBODY, CHANGED),
            lambda: house.hub.arrived("notifications", "bob"),
            lambda: house.hub.departed("notifications", "bob"),
        ):
            news()
            assert await listed(device) == [("ann", True)]


async def test_who_is_connected_stays_in_the_list_while_others_come(house: Agency):
    """A list is for those who are there when it is told, and comes after their session."""
    async with house.guest("ann") as ann, house.guest("bob") as bob:
        while await listed(bob) != [("ann", True), ("bob", True)]:
            pass
        await bob.websocket.send("41")
        while await listed(ann) != [("ann", True), ("bob", False)]:
            pass


async def test_the_sessions_of_who_stays_are_kept_again_after_a_gap(house: Agency):
    """A cluster that comes back may have forgotten them."""
    async with house.guest("ann", sessionID="s1"):
        house.cluster._sessions.clear()
        house.hub.resync(None)
        await until(lambda: len(house.cluster._sessions) == 1)
    async with house.opened("", sessionID="s1") as device:
        assert (await device.packet()).startswith("40{")
        assert await device.hears("session") == {"sessionID": "s1", "userID": "ann", "username": "Ann"}


async def test_a_session_that_stays_outlives_its_time():
    """It is renewed while it is connected, again and again."""
    async with housed(Agency, session_ttl=1) as house:
        now, clock = [0.0], lambda: now[0]
        house.cluster._sessions._clock = clock
        async with house.guest("ann", sessionID="s1"):
            for _ in range(3):
                now[0] += 0.9
                [(_, end)] = house.cluster._sessions._held.values()
                await until(lambda end=end: [it[1] for it in house.cluster._sessions._held.values()] != [end])
            async with house.opened("", sessionID="s1") as device:
                assert (await device.packet()).startswith("40{")


async def test_nothing_is_told_after_the_end(house: Agency):
    """A server that goes away announces nobody."""
    async with house.guest("ann") as ann, house.guest("bob") as bob:
        await house.gateway.close()
        await bob.websocket.close()
        await until(lambda: house.engine.connections == 1)
        house.hub.deliver(EVERYBODY, CHANGED)
        await ann.websocket.send('42["unknown"]')
        await ann.websocket.send('420["confirmNotification"]')
        events: list[str] = []
        while not (packet := str(await received(ann.websocket))).startswith("430"):
            events.append(json.loads(packet[2:])[0])
        assert [event for event in events if event != "users"] == ["exception"]
