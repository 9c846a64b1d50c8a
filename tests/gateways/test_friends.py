"""`app.gateways.friends`, with a store or a cluster that fails or waits at the right moment; e2e shows the rest."""

import asyncio
import gc
import json
from collections.abc import AsyncIterator

import aiohttp
import pytest

from app.domain.clock import now_ms
from app.domain.tokens import Tokens
from app.engine.client import NamespaceConnection
from tests.engine.served import Polling
from tests.gateways.house import House, housed
from tests.waiting import until


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with housed(presence_grace=60, confirm_interval=0.01) as house:
        yield house


def standing(house: House) -> list[NamespaceConnection]:
    """Return the connections of a house that are kept in memory, by whomever."""
    gc.collect()
    found = [one for one in gc.get_objects() if isinstance(one, NamespaceConnection)]
    return [one for one in found if one.application is house.gateway]


# friendships


async def test_a_friendship_and_a_message_of_one_commit_reach_the_new_friend_live(house: House):
    """Who is among the recipients of a message when it is stored hears it without coming again."""
    han = await house.person("Han")
    new = [await house.person(f"New{number}") for number in range(5)]
    async with house.device(han) as ship:
        for number, friend in enumerate(new):
            async with house.device(friend) as device:
                with house.store.held():
                    befriending = asyncio.create_task(house.users.befriend(han, han.id, friend.id))
                    await until(lambda: house.store.queued == 1)
                    await ship.says(f"hello {number}")
                    await until(lambda: house.store.queued == 2)
                await befriending
                assert (await device.hears("message"))["message"] == f"hello {number}"


async def test_a_friendship_that_ends_while_a_connection_is_made_is_not_followed(house: House):
    """What the store said before is not believed over what was heard since."""
    han, obi, leia = [await house.person(name) for name in ("Han", "Obi", "Leia")]
    luke = await house.person("Luke", obi, han)
    await house.users.befriend(leia, leia.id, obi.id)
    house.cluster.held = {f"friends:of:{obi.id}"}
    async with house.device(han) as ship, house.opened(house.users.token(luke)) as device:
        await until(lambda: house.cluster.waiting)
        await house.users.unfriend(luke, luke.id, han.id)
        await house.users.befriend(leia, leia.id, han.id)
        house.cluster.release(f"friends:of:{obi.id}")
        assert (await device.packet()).startswith("40{")
        await device.hears("unseen_messages")
        await ship.says("not for Luke")
        await until(lambda: house.count("parley_messages_total") == 1)
        async with house.device(obi) as marker:
            await device.hears("connected")
            await marker.says("for Luke")
            assert (await device.hears("message"))["message"] == "for Luke"


async def test_a_friendship_that_begins_while_a_connection_is_made_is_followed(house: House):
    """What the new friend says comes after the unseen messages, once."""
    han, obi = [await house.person(name) for name in ("Han", "Obi")]
    luke = await house.person("Luke", obi)
    house.cluster.held = {f"friends:of:{obi.id}"}
    async with house.device(han) as ship, house.opened(house.users.token(luke)) as device:
        await until(lambda: house.cluster.waiting)
        await house.users.befriend(han, han.id, luke.id)
        house.cluster.release(f"friends:of:{obi.id}")
        assert (await device.packet()).startswith("40{")
        assert await device.hears("unseen_messages") == []
        await ship.says("welcome")
        assert (await device.hears("message"))["message"] == "welcome"


async def test_a_friend_who_cannot_be_followed_is_a_reason_to_come_again(house: House):
    """A subscription that fails when a friendship begins closes the transport, so that the client reconnects."""
    han, obi = [await house.person(name) for name in ("Han", "Obi")]
    async with house.device(han) as ship, house.device(obi) as device:
        house.cluster.down = {f"friends:of:{han.id}"}
        await house.users.befriend(han, han.id, obi.id)
        assert await device.ending() == []
        await house.users.befriend(han, han.id, (await house.person("Leia")).id)
        await ship.says("Han is still here")
        await until(lambda: house.count("parley_messages_total") == 1)


# failures


async def test_a_store_that_is_down_at_connect_closes_the_transport_without_a_word(house: House):
    """CONNECT_ERROR would be final to a client; from a lost transport it recovers by itself."""
    han = await house.person("Han")
    house.store.down = {"user"}
    async with house.opened(house.users.token(han)) as device:
        assert await device.ending() == []
    async with aiohttp.ClientSession() as http:
        client = Polling(http, house.address)
        await client.open()
        await client.post(f"40{json.dumps({'token': house.users.token(han)})}")
        assert await client.get() == ["1"]
    house.store.down.clear()
    async with house.device(han):
        assert house.engine.connections == 1


async def test_a_token_that_proves_nothing_is_a_final_refusal(house: House):
    """One CONNECT_ERROR with the reason; the store being well, to come again would not help."""
    async with house.opened("nonsense") as device:
        assert await device.packet() == '44{"message":"Invalid token"}'


@pytest.mark.parametrize("failing", ["pending", "own room", "friend's room", "roster"])
async def test_what_fails_while_a_connection_is_made_is_told_and_closes_it(house: House, failing: str):
    """The client gets `exception`, never half of what it was to get, and comes again by itself."""
    obi = await house.person("Obi")
    han = await house.person("Han", obi)
    if failing == "pending":
        house.store.down = {"pending"}
    else:
        room = {"own room": f"friends:user:{han.id}", "friend's room": f"friends:of:{obi.id}", "roster": "arrive"}
        house.cluster.down = {room[failing]}
    async with house.opened(house.users.token(han)) as device:
        assert (await device.packet()).startswith("40{")
        told = {"status": "error", "message": "Service unavailable"}
        assert await device.event() == ("exception", told)
        assert await device.ending() == []
    await until(lambda: house.engine.connections == 0)
    house.store.down.clear()
    house.cluster.down.clear()
    async with house.device(han):
        assert house.engine.connections == 1


# ends


async def test_a_connection_ends_when_its_token_expires(house: House):
    """The client is told why and is disconnected for good."""
    han = await house.person("Han")
    aged = Tokens("a secret of at least thirty-two bytes", 2, lambda: now_ms() - 1000)
    async with house.opened(aged.issue(han.id, han.email)) as device:
        assert (await device.packet()).startswith("40{")
        await device.hears("unseen_messages")
        assert await device.hears("exception") == {"status": "error", "message": "Invalid token"}
        assert await device.ending() == ["41"]


@pytest.mark.parametrize("goodbye", [True, False])
async def test_nothing_is_kept_of_a_connection_that_has_ended(house: House, goodbye: bool):
    """No timer waits for the end of its token, no room and no probe holds it."""
    obi = await house.person("Obi")
    han = await house.person("Han", obi)
    async with house.device(obi) as desert:
        async with house.device(han) as ship:
            await desert.hears("connected")
            await desert.says("any news?")
            await ship.hears("message")
            assert len(standing(house)) == 2
            if goodbye:
                await ship.websocket.send("41")
        await until(lambda: house.engine.connections == 1)
        await until(lambda: len(standing(house)) == 1)


async def test_a_server_is_subscribed_to_nothing_for_a_connection_that_has_ended(house: House):
    """The rooms of the user and of each friend are left when the last connection in them ends."""
    obi = await house.person("Obi")
    han = await house.person("Han", obi)
    async with house.device(obi):
        before = house.cluster.subscribed
        async with house.device(han):
            assert house.cluster.subscribed == before | {f"friends:user:{han.id}", f"friends:of:{obi.id}"}
        await until(lambda: house.cluster.subscribed == before)
    await until(lambda: not house.cluster.subscribed)


async def test_a_grace_that_ends_after_closing_announces_nobody():
    """Who was lost before the server closed will be back on another one."""
    grace = 0.2
    async with housed(presence_grace=grace) as house:
        obi = await house.person("Obi")
        han, luke = [await house.person(name, obi) for name in ("Han", "Luke")]
        async with house.device(obi) as desert, house.device(luke) as farm:
            async with house.device(han):
                assert house.engine.connections == 3
            await until(lambda: house.engine.connections == 2)
            await house.gateway.close()
            passed = asyncio.Event()  # timers of a loop run in the order of their times: this one after the grace
            asyncio.get_running_loop().call_later(2 * grace, passed.set)
            await passed.wait()
            await farm.says("marker")
            heard = [await desert.event() for _ in range(3)]
            assert [name for name, _ in heard] == ["connected", "connected", "message"]


async def test_on_closing_nobody_is_announced(house: House):
    """Neither who leaves from then on nor who is within the grace: they will be back on another server."""
    han, obi, leia = [await house.person(name) for name in ("Han", "Obi", "Leia")]
    luke = await house.person("Luke", han, obi, leia)
    async with house.device(luke) as farm, house.device(leia) as ship:
        async with house.device(han), house.device(obi) as desert:
            await house.gateway.close()
            await desert.websocket.send("41")
            await until(lambda: house.engine.connections == 3)
        await until(lambda: house.engine.connections == 2)
        await ship.says("marker")
        heard = [await farm.event() for _ in range(4)]
        assert [name for name, _ in heard] == ["connected", "connected", "connected", "message"]


async def test_on_closing_everybody_who_is_there_was_last_seen_then(house: House):
    """Also who is within the grace; who was not there is left alone."""
    han, obi, leia = [await house.person(name) for name in ("Han", "Obi", "Leia")]
    async with house.device(obi):
        await until(lambda: house.engine.connections == 1)
    await until(lambda: house.engine.connections == 0)
    async with house.device(han), house.device(han):
        began = now_ms()
        await house.gateway.close()
        assert await house.last_seen(han) >= began
        assert await house.last_seen(obi) >= began
        assert await house.last_seen(leia) == 1000


@pytest.mark.parametrize("goodbye", [True, False])
async def test_nothing_is_kept_of_a_user_who_is_here_no_more(goodbye: bool):
    """Though the user is connected to another server; when the user was last seen is for that one to say then."""
    async with housed(presence_grace=0.05) as house:
        han = await house.person("Han")
        await house.cluster.arrive("friends", han.id, "a socket of another server")
        async with house.device(han) as one, house.device(han):
            assert len(house.gateway._announcing._sockets[han.id]) == 2
            if goodbye:
                await one.websocket.send("41")
                await until(lambda: len(house.gateway._announcing._sockets[han.id]) == 1)
        await until(lambda: not house.gateway._announcing._sockets)
        before = await house.last_seen(han)
        await house.gateway.close()
        assert await house.last_seen(han) == before


async def test_nothing_is_kept_of_a_user_whose_connection_could_not_be_made():
    """However far it came."""
    async with housed(presence_grace=0.05) as house:
        han = await house.person("Han")
        for room in (f"friends:user:{han.id}", "arrive"):
            house.cluster.down = {room}
            async with house.opened(house.users.token(han)) as device:
                await device.ending()
        await until(lambda: house.engine.connections == 0)
        await until(lambda: not house.gateway._announcing._sockets)


# figures


async def test_messages_count_once_and_deliveries_once_a_connection(house: House):
    """A message to nobody is none; what was unseen counts when it is handed out, and announcements never do."""
    han, obi = [await house.person(name) for name in ("Han", "Obi")]
    async with house.device(han) as ship:
        await ship.says("to nobody")
        await ship.says(7)
        await ship.hears("exception")
        assert house.count("parley_messages_total") == 0
        await house.users.befriend(han, han.id, obi.id)
        await ship.says("unseen")
        await until(lambda: house.count("parley_messages_total") == 1)
        assert house.count("parley_deliveries_total") == 0
        async with house.device(obi) as one:
            assert house.count("parley_deliveries_total") == 1
            async with house.device(obi) as other:
                before = house.count("parley_deliveries_total")
                await ship.says("live")
                await one.hears("message")
                await other.hears("message")
                assert house.count("parley_messages_total") == 2
                assert house.count("parley_deliveries_total") == before + 2


async def test_an_announcement_that_was_held_back_is_no_delivery(house: House):
    """Only messages are delivered, also to a connection that is being made."""
    han, obi = [await house.person(name) for name in ("Han", "Obi")]
    luke = await house.person("Luke", han, obi)
    house.cluster.held = {f"friends:of:{obi.id}"}
    async with house.opened(house.users.token(luke)) as device:
        await until(lambda: house.cluster.waiting)
        async with house.device(han) as ship:
            await ship.says("held back too")
            await until(lambda: house.count("parley_messages_total") == 1)
            house.cluster.release(f"friends:of:{obi.id}")
            assert (await device.packet()).startswith("40{")
            assert [one["message"] for one in await device.hears("unseen_messages")] == ["held back too"]
            await device.hears("connected")
            assert house.count("parley_deliveries_total") == 1
