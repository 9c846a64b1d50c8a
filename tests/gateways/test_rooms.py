"""`app.gateways.rooms` on two servers whose cluster loses, delays and forgets; e2e shows the rest."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from app.config import Settings
from app.domain.errors import Unavailable
from app.domain.rooms import Room
from tests.gateways.rooms_house import House
from tests.waiting import until


@pytest.fixture
async def house() -> AsyncIterator[House]:
    house = House(presence_grace=0)
    await house.open(2)
    await house.rooms[0].open_room("3XX", "Dhoni")
    yield house
    await house.close()


# order


async def test_what_overtakes_is_held_back_for_what_it_overtook(house: House):
    """Publications that come in any order are heard in one, without a question to the store."""
    async with house.guest("Dhoni") as dhoni, house.guest("Kohli", 1) as kohli:
        await dhoni.join()
        await kohli.join()
        house.wire.kept = []
        for content in "abcd":
            await dhoni.say(content)
        reads = house.store.reads
        house.wire.release(lambda kept: [kept[i] for i in (2, 1, 3, 0, 0, 3)])
        assert await kohli.orders(4) == [1, 2, 3, 4]
        assert house.store.reads == reads
        await dhoni.say("e")
        assert await kohli.orders(1) == [5]


async def test_what_does_not_come_is_read_from_the_store(house: House):
    """A message that was lost comes before the one behind it, a moment later, with all that was sent with it."""
    async with house.guest("Dhoni") as dhoni, house.guest("Kohli", 1) as kohli:
        await dhoni.join()
        await kohli.join()
        house.wire.lost = True
        told = await dhoni.call("exchanges", {"roomId": "3XX", "username": "Dhoni", "content": "lost", "mood": [1]})
        await dhoni.say("lost too")
        house.wire.lost = False
        await dhoni.say("not lost")
        assert await kohli.hears("exchanges") == told
        assert await kohli.orders(2) == [2, 3]


async def test_what_was_lost_last_is_read_after_the_gap(house: House):
    """Nothing has to be said for it: that something may have been lost is enough."""
    async with house.guest("Dhoni") as dhoni, house.guest("Kohli", 1) as kohli:
        await dhoni.join()
        await kohli.join()
        house.wire.lost = True
        await dhoni.say("lost")
        house.wire.lost = False
        house.store.down = {"exchanges"}
        house.wire.hubs[1].resync(None)
        await asyncio.sleep(0)
        house.store.down = set()
        assert await kohli.orders(1) == [1]


async def test_who_leaves_and_comes_back_is_not_given_what_was_read_for_them_before(house: House):
    """It was said before they came back, and would come after what they have heard since."""
    async with house.guest("Dhoni") as dhoni, house.guest("Kohli", 1) as kohli:
        await dhoni.join()
        await kohli.join()
        house.wire.lost, house.store.held = True, asyncio.Event()
        for word in ("lost", "lost too"):
            await dhoni.say(word)
        house.wire.lost, reads = False, house.store.reads
        house.wire.hubs[1].resync(None)
        await until(lambda: house.store.reads > reads)
        await kohli.call("leave", {"roomId": "3XX"})
        await kohli.join()
        await dhoni.say("heard")
        house.store.held.set()
        await dhoni.say("heard too")
        assert await kohli.orders(2) == [3, 4]


async def test_a_message_of_which_the_sender_was_not_told_is_heard_by_all(
    house: House, monkeypatch: pytest.MonkeyPatch
):
    """It was stored after all: its sender had an error, and the members of all servers hear it."""
    monkeypatch.setattr("app.domain.doubts.INTERVAL", 0.01)
    async with house.guest("Dhoni") as dhoni, house.guest("Kohli", 1) as kohli:
        await dhoni.join()
        await kohli.join()
        house.store.down = {"answer", "said"}
        error = {"status": "error", "code": "unavailable", "message": "Service unavailable"}
        assert await dhoni.say("hello") == error
        assert await dhoni.hears("exception") == error
        house.store.down = set()
        for member in (dhoni, kohli):
            assert (await member.hears("exchanges"))["content"] == "hello"


async def test_who_joins_hears_what_is_said_from_then_on(house: House):
    """Not what was said before, also where that is published late."""
    async with house.guest("Dhoni") as dhoni, house.guest("Kohli", 1) as kohli:
        await dhoni.join()
        await dhoni.say("before")
        house.wire.kept = []
        await dhoni.say("published late")
        await kohli.join()
        house.wire.release()
        await dhoni.say("after")
        assert await kohli.orders(1) == [3]


async def test_a_message_counts_once_for_each_member(house: House):
    """As in every contract."""
    async with house.guest("Dhoni") as dhoni, house.guest("Kohli", 1) as kohli:
        await dhoni.join()
        await kohli.join()
        await dhoni.say("hello")
        await kohli.orders(1)
        assert (house.count("parley_messages_total"), house.count("parley_deliveries_total")) == (1, 2)


# ends


async def test_a_server_that_missed_the_end_of_a_room_finds_it(house: House):
    """When it may have missed something: its members hear what was said before, and of the end."""
    async with house.guest("Dhoni") as dhoni, house.guest("Kohli", 1) as kohli:
        await dhoni.join()
        await kohli.join()
        house.wire.lost = True
        await dhoni.say("the last")
        await house.rooms[0].close_room("3XX")
        await dhoni.orders(1)
        assert await dhoni.hears("room_closed") == {"roomId": "3XX"}
        [name] = house.gateways[1]._rooms.names
        house.wire.hubs[1].resync(["rooms:unknown", name])
        assert (await kohli.hears("exchanges"))["content"] == "the last"
        assert await kohli.hears("room_closed") == {"roomId": "3XX"}


async def test_members_hear_of_an_end_of_which_who_closed_the_room_was_not_told(
    house: House, monkeypatch: pytest.MonkeyPatch
):
    """It was closed after all, as soon as the store says so; the members of all servers hear what was said before."""
    monkeypatch.setattr("app.domain.doubts.INTERVAL", 0.01)
    async with house.guest("Dhoni") as dhoni, house.guest("Kohli", 1) as kohli:
        await dhoni.join()
        await kohli.join()
        await dhoni.say("the last")
        house.store.down = {"answer"}
        with pytest.raises(Unavailable):
            await house.rooms[0].close_room("3XX")
        house.store.down = set()
        for member in (dhoni, kohli):
            await member.orders(1)
            assert await member.hears("room_closed") == {"roomId": "3XX"}


async def test_who_speaks_in_a_room_whose_end_was_missed_is_told_of_it(house: House):
    """Nothing is stored, and all members there hear of the end."""
    async with house.guest("Kohli", 1) as kohli, house.guest("Raina", 1) as raina:
        await kohli.join()
        await raina.join()
        house.wire.lost = True
        await house.rooms[0].close_room("3XX")
        assert await kohli.say("too late") == "Invalid Room ID"
        assert (await kohli.hears("exception"))["code"] == "access-forbidden"
        for member in (kohli, raina):
            assert await member.hears("room_closed") == {"roomId": "3XX"}


async def test_a_room_that_was_opened_anew_is_another(house: House):
    """Who was in the first, on a server that has missed its end, hears of that before joining the second."""
    async with house.guest("Dhoni") as dhoni, house.guest("Kohli", 1) as kohli, house.guest("Raina", 1) as raina:
        for member in (dhoni, kohli, raina):
            await member.join()
        house.wire.lost = True
        await dhoni.say("in the first")
        await house.rooms[0].close_room("3XX")
        await house.rooms[0].open_room("3XX", "Kohli")
        await dhoni.orders(1)
        await dhoni.hears("room_closed")
        house.wire.lost = False
        await kohli.emit("participants", {"roomId": "3XX", "username": "Kohli"})
        for member in (kohli, raina):
            assert (await member.hears("exchanges"))["content"] == "in the first"
            assert await member.hears("room_closed") == {"roomId": "3XX"}
        await kohli.sees("3XX", "Kohli")
        await dhoni.join()
        assert (await dhoni.say("in the second"))["order"] == 1
        assert (await kohli.hears("exchanges"))["content"] == "in the second"
        assert (await raina.say("late"))["order"] == 2  # joins by that, and has heard nothing before
        assert (await raina.hears("exchanges"))["content"] == "late"


async def test_who_speaks_in_a_room_that_was_opened_anew_is_in_that(house: House):
    """Though their server has missed the end of the first, of which they hear before."""
    async with house.guest("Kohli", 1) as kohli, house.guest("Raina", 1) as raina:
        for member in (kohli, raina):
            await member.join()
        house.wire.lost = True
        await house.rooms[0].say(await house.rooms[0].find("3XX"), "Dhoni", "in the first", None, {})
        await house.rooms[0].close_room("3XX")
        await house.rooms[0].open_room("3XX", "Dhoni")
        told = await kohli.say("in the second")
        assert (told["content"], told["order"]) == ("in the second", 1)
        assert (await kohli.hears("exchanges"))["content"] == "in the first"
        await kohli.hears("room_closed")
        assert await kohli.hears("exchanges") == told
        assert (await raina.hears("exchanges"))["content"] == "in the first"
        await raina.hears("room_closed")
        assert (await kohli.say("again"))["order"] == 2


async def test_a_room_that_was_closed_while_somebody_joined_is_not_joined(
    house: House, monkeypatch: pytest.MonkeyPatch
):
    """It was there when it was looked for, and is not any more when they are subscribed."""
    rooms = house.rooms[1]
    find = rooms.find

    async def close_then(room_id: str) -> Room:
        room = await find(room_id)
        await house.rooms[0].close_room(room_id)
        return room

    monkeypatch.setattr(rooms, "find", close_then)
    async with house.guest("Kohli", 1) as kohli:
        told = await kohli.call("participants", {"roomId": "3XX", "username": "Kohli"})
        assert told["code"] == "access-forbidden"
        assert not house.gateways[1]._rooms.names


async def test_a_join_that_failed_leaves_nothing_behind(house: House):
    """Where the store does not answer, the client is told, is in no room, and may try again."""
    async with house.guest("Kohli", 1) as kohli:
        house.store.down = {"exchanges"}
        told = await kohli.call("participants", {"roomId": "3XX", "username": "Kohli"})
        assert told == {"status": "error", "code": "unavailable", "message": "Service unavailable"}
        assert not house.gateways[1]._rooms.names
        house.store.down = set()
        await kohli.hears("exception")
        await kohli.join()


# who is there


async def test_servers_tell_their_members_what_is_true_last(house: House):
    """News that overtakes news is no matter: a list is read when one is heard of."""
    async with house.guest("Dhoni") as dhoni, house.guest("Kohli", 1) as kohli:
        await dhoni.join()
        await kohli.join()
        await dhoni.sees("3XX", "Dhoni", "Kohli")
        house.wire.kept = []
        async with house.guest("Raina") as raina:
            await raina.join()
        await dhoni.sees("3XX", "Dhoni", "Kohli", gone=("Raina",))
        house.wire.release(lambda kept: kept[::-1])
        await kohli.sees("3XX", "Dhoni", "Kohli", gone=("Raina",))


async def test_lists_are_told_once_the_cluster_answers(house: House):
    """Until then nobody is told, and then the members of other servers are told again."""
    async with house.guest("Dhoni") as dhoni, house.guest("Kohli", 1) as kohli:
        await dhoni.join()
        house.clusters[1].silent = True
        await kohli.emit("participants", {"roomId": "3XX", "username": "Kohli"})
        await dhoni.sees("3XX", "Dhoni", "Kohli")
        house.wire.kept = []
        house.clusters[1].silent = False
        await kohli.sees("3XX", "Dhoni", "Kohli")
        assert len(house.wire.kept) == 1


async def test_a_room_is_told_of_many_changes_together(house: House, monkeypatch: pytest.MonkeyPatch):
    """The first at once, and what follows after a pause; the last that is told is true."""
    pace = 0.5
    monkeypatch.setattr("app.gateways.attendance.PACE", pace)
    names = [f"Kohli {number}" for number in range(200)]
    async with house.guest("Dhoni") as dhoni, house.guest("Kohli", 1) as kohli:
        await dhoni.join()
        began = asyncio.get_running_loop().time()
        for name in names:
            await kohli.call("participants", {"roomId": "3XX", "username": name})
        await dhoni.sees("3XX", "Dhoni", names[-1], gone=tuple(names[:-1]))
        pauses = (asyncio.get_running_loop().time() - began) / pace
        assert len([name for name, _ in dhoni.told if name == "participants/3XX"]) <= pauses + 2


async def test_who_came_in_a_pause_is_told_of_as_such(house: House, monkeypatch: pytest.MonkeyPatch):
    """By the event of a join too, though they have left again by then."""
    monkeypatch.setattr("app.gateways.attendance.PACE", 1)
    async with house.guest("Dhoni") as dhoni, house.guest("Kohli", 1) as kohli:
        await dhoni.join()
        await kohli.join()
        await dhoni.sees("3XX", "Kohli")
        await kohli.call("participants", {"roomId": "3XX", "username": "Captain"})
        await kohli.call("leave", {"roomId": "3XX"})
        await dhoni.sees("3XX", "Dhoni", gone=("Kohli", "Captain"))
        listed = dhoni.told[-1][1]
        await dhoni.say("marker")
        assert ("exchanges", listed) in dhoni.told


async def test_long_lists_are_told_less_often(house: House, monkeypatch: pytest.MonkeyPatch):
    """As often as their bytes allow: the change of a short one is told before an earlier one of a long one."""
    monkeypatch.setattr("app.gateways.attendance.RATE", 500)
    long = "x" * 128
    await house.rooms[0].open_room(long, "Dhoni")
    async with house.guest("Dhoni") as dhoni, house.guest("Kohli") as kohli:
        await dhoni.join(long)
        await dhoni.join()
        for room_id in (long, "3XX"):
            await kohli.call("participants", {"roomId": room_id, "username": "Kohli"})
        await dhoni.sees("3XX", "Kohli")
        assert len([name for name, _ in dhoni.told if name == f"participants/{long}"]) == 1
        await dhoni.sees(long, "Kohli")


async def test_a_lost_connection_is_there_for_a_grace(house: House):
    """Who says goodbye is gone at once; who is lost may be back before anybody is told."""
    house.gateways[0]._settings = Settings(memory=True, presence_grace=60)
    async with house.guest("Kohli", 1) as kohli:
        await kohli.join()
        async with house.guest("Dhoni") as dhoni, house.guest("Raina") as raina:
            await dhoni.join()
            await raina.join()
            await kohli.sees("3XX", "Dhoni", "Raina")
            await dhoni.websocket.send("41")
            await kohli.sees("3XX", "Raina", gone=("Dhoni",))
        await until(lambda: not house.gateways[0]._rooms.names)
        await house.rooms[0].participants.enter(await house.rooms[0].find("3XX"), "marker", "socket")
        house.wire.hubs[1].resync(None)
        await kohli.sees("3XX", "Raina", "marker")
        await house.gateways[0].close()  # a server that goes does not wait
        await kohli.sees("3XX", "Kohli", gone=("Raina",))


async def test_a_handshake_may_name_a_room(house: House):
    """Who connects with a room and a name is in it; with a broken or unknown one, is told and stays connected."""
    async with house.guest("Dhoni", roomId="3XX", username="Dhoni") as dhoni:
        await dhoni.sees("3XX", "Dhoni")
    async with house.guest("Dhoni", roomId="3XX") as dhoni:
        assert (await dhoni.hears("exception"))["message"] == "username should not be empty"
        await dhoni.join()
    async with house.guest("Dhoni", roomId="4XX", username="Dhoni") as dhoni:
        assert (await dhoni.hears("exception"))["code"] == "access-forbidden"
    async with house.guest("Dhoni", token="x") as dhoni:
        await dhoni.join()
