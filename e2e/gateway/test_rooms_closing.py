"""The end of a room, and its opening anew."""

import asyncio

import pytest

from e2e.harness.match import equals, has
from e2e.harness.people import People
from e2e.harness.rest import Rest
from e2e.harness.rooms import FORBIDDEN, INVALID_ROOM, ROOMS, RoomsClient, history, lists, new_room, path_of, visit


@pytest.mark.requirement("ROOMS-CLOSE-001", "ROOMS-CLOSE-002")
async def test_members_are_told_that_a_room_was_closed(people: People, rest: Rest):
    """On all servers, whichever was asked to close it; they say nothing there any more, and are told so."""
    room_id = await new_room(rest)
    members = [await visit(people, name, room_id) for name in ("Dhoni", "Kohli", "Raina")]

    (await rest.delete(path_of(room_id))).must(204)

    for device in members:
        await device.expect("room_closed", has(roomId=room_id))
        answer = await device.call("exchanges", {"roomId": room_id, "username": device.who, "content": "late"})
        assert answer == INVALID_ROOM
        await device.expect("exception", has(**FORBIDDEN))
        assert await device.call("participants", {"roomId": room_id, "username": device.who}) == FORBIDDEN


@pytest.mark.requirement("ROOMS-CLOSE-001", "ROOMS-CLOSE-002")
async def test_all_that_was_said_is_heard_before_the_end(people: People, rest: Rest):
    """While many speak, whatever was acknowledged is heard by all, before `room_closed` and nothing after it."""
    room_id = await new_room(rest)
    speakers = [await visit(people, f"Speaker {number}", room_id) for number in range(6)]
    told: list[int] = []

    async def speak(device: RoomsClient) -> None:
        while True:
            answer = await device.call("exchanges", {"roomId": room_id, "username": device.who, "content": "x"})
            if answer == INVALID_ROOM:
                return
            told.append(answer["order"])

    speaking = [asyncio.create_task(speak(device)) for device in speakers]
    await speakers[0].expect("exchanges", has(order=30))
    (await rest.delete(path_of(room_id))).must(204)
    await asyncio.gather(*speaking)

    for device in speakers:
        closed = await device.expect("room_closed")
        assert device.orders(room_id) == list(range(1, len(told) + 1))
        last = device.inbox.all("exchanges")[-1]
        assert device.inbox.received.index(last) < device.inbox.received.index(closed)
    assert sorted(told) == list(range(1, len(told) + 1))


@pytest.mark.requirement("ROOMS-CLOSE-003")
async def test_a_room_that_is_opened_anew_is_empty(people: People, rest: Rest):
    """Who was in the one before is not in it, and hears nothing of it, until they join."""
    room_id = await new_room(rest)
    dhoni, kohli = await visit(people, "Dhoni", room_id), await visit(people, "Kohli", room_id)
    await dhoni.say(room_id, "before")

    (await rest.delete(path_of(room_id))).must(204)
    for device in (dhoni, kohli):
        await device.expect("room_closed")
    (await rest.post(ROOMS, {"roomId": room_id, "creatorUsername": "Raina"})).must(201)
    raina = await visit(people, "Raina")
    await raina.emit("participants", {"roomId": room_id, "username": "Raina"})
    await raina.expect(f"participants/{room_id}", equals([{"roomId": room_id, "username": "Raina", "connected": True}]))
    assert (await raina.say(room_id, "not for them"))["order"] == 1
    await dhoni.enter(room_id)
    said = await raina.say(room_id, "for Dhoni")

    await dhoni.expect("exchanges", equals(said))
    await kohli.call("leave", {"roomId": room_id})
    assert [message["content"] for message in kohli.heard] == ["before"]
    assert [message["content"] for message in dhoni.heard] == ["before", "for Dhoni"]
    assert [message["content"] for message in await history(rest, room_id)] == ["not for them", "for Dhoni"]


@pytest.mark.requirement("ROOMS-CLOSE-003", "ROOMS-CONNECT-004")
@pytest.mark.parametrize("how", ["goodbye", "close_transport", "abort"])
async def test_who_was_in_a_closed_room_may_disconnect(people: People, rest: Rest, how: str):
    """Closed, opened anew, and disconnected from: nobody in the new room notices, and no process ends."""
    room_id = await new_room(rest)
    kohli = await visit(people, "Kohli", room_id)
    (await rest.delete(path_of(room_id))).must(204)
    (await rest.post(ROOMS, {"roomId": room_id, "creatorUsername": "Dhoni"})).must(201)
    dhoni = await visit(people, "Dhoni", room_id)

    await getattr(kohli, how)()
    raina = await visit(people, "Raina", room_id)
    await raina.goodbye()

    await dhoni.expect(f"participants/{room_id}", lists(Dhoni=True, Raina=False))
    assert not [it for it in dhoni.inbox.all(f"participants/{room_id}") if "Kohli" in str(it.payload)]
    await dhoni.say(room_id, "marker")
    await dhoni.expect("exchanges", has(content="marker", order=1))


@pytest.mark.requirement("ROOMS-CLOSE-002", "ROOMS-REST-011")
async def test_one_of_many_who_close_a_room_closes_it(people: People, rest: Rest):
    """Of ten calls at once, over all servers, one is answered 204, and members are told once."""
    room_id = await new_room(rest)
    dhoni = await visit(people, "Dhoni", room_id)

    answers = await asyncio.gather(*(rest.delete(path_of(room_id)) for _ in range(10)))

    assert sorted(answer.status for answer in answers) == [204] + [404] * 9
    await dhoni.expect("room_closed")
    other = await new_room(rest)
    await dhoni.enter(other)
    assert dhoni.count("room_closed") == 1


@pytest.mark.requirement("ROOMS-REST-002", "ROOMS-REST-001")
async def test_one_of_many_who_open_a_room_opens_it(rest: Rest):
    """Of ten calls at once, over all servers, one is answered 201."""
    room_id = f"{await new_room(rest)} contended"

    bodies = [{"roomId": room_id, "creatorUsername": f"User {number}"} for number in range(10)]
    answers = await asyncio.gather(*(rest.post(ROOMS, body) for body in bodies))

    assert sorted(answer.status for answer in answers) == [201] + [409] * 9
