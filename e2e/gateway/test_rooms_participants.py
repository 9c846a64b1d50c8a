"""Who is in a room: joining, leaving, and the lists that members are sent."""

import pytest

from e2e.harness.match import equals, has
from e2e.harness.people import People
from e2e.harness.rest import Rest
from e2e.harness.rooms import FORBIDDEN, history, lists, new_room, visit


@pytest.mark.requirement("ROOMS-JOIN-001", "ROOMS-LIST-001", "ROOMS-LIST-002")
async def test_all_members_are_told_who_joins(people: People, rest: Rest):
    """Everybody gets the whole list, as `participants/<roomId>` and as `exchanges`, on every join."""
    room_id = await new_room(rest)
    one = [{"roomId": room_id, "username": "Dhoni", "connected": True}]
    two = [*one, {"roomId": room_id, "username": "Kohli", "connected": True}]
    dhoni, kohli = await visit(people, "Dhoni"), await visit(people, "Kohli")

    joined = await dhoni.call("participants", {"roomId": room_id, "username": "Dhoni"})
    assert joined == one[0]
    for event in (f"participants/{room_id}", "exchanges"):
        await dhoni.expect_next(event, equals(one))
    await kohli.emit("participants", {"roomId": room_id, "username": "Kohli"})

    for device in (dhoni, kohli):
        for event in (f"participants/{room_id}", "exchanges"):
            await device.expect_next(event, equals(two))


@pytest.mark.requirement("ROOMS-JOIN-005", "ROOMS-LIST-001", "ROOMS-LIST-003")
@pytest.mark.parametrize("how", ["leave", "goodbye", "close_transport", "abort"])
async def test_all_members_are_told_who_leaves(people: People, rest: Rest, how: str):
    """However somebody leaves, the others get the list in which they are not connected, and not as `exchanges`."""
    room_id = await new_room(rest)
    dhoni, kohli = await visit(people, "Dhoni", room_id), await visit(people, "Kohli", room_id)
    await dhoni.expect("exchanges", lists(Kohli=True))

    if how == "leave":
        await kohli.emit("leave", {"roomId": room_id})
    else:
        await getattr(kohli, how)()

    gone = {"roomId": room_id, "username": "Kohli", "connected": False}
    here = {"roomId": room_id, "username": "Dhoni", "connected": True}
    await dhoni.expect(f"participants/{room_id}", equals([here, gone]))
    said = await dhoni.say(room_id, "marker")
    await dhoni.hears(equals(said))
    assert not [it for it in dhoni.inbox.all("exchanges") if lists(Kohli=False)(it.payload) is None]


@pytest.mark.requirement("ROOMS-JOIN-005", "ROOMS-EXCHANGE-006")
async def test_who_has_left_hears_nothing_more(people: People, rest: Rest):
    """After `leave` neither messages nor lists come, while the socket goes on in its other rooms."""
    left, kept = await new_room(rest), await new_room(rest)
    dhoni, kohli = await visit(people, "Dhoni", left, kept), await visit(people, "Kohli", left, kept)

    assert await kohli.call("leave", {"roomId": left}) == {"roomId": left}
    await dhoni.expect(f"participants/{left}", lists(Dhoni=True, Kohli=False))
    await dhoni.say(left, "not for Kohli")
    await visit(people, "Raina", left)
    said = await dhoni.say(kept, "for Kohli")

    await kohli.expect("exchanges", equals(said))
    assert [message["content"] for message in kohli.heard] == ["for Kohli"]
    assert not [it for it in kohli.inbox.all(f"participants/{left}") if lists(Raina=True)(it.payload) is None]


@pytest.mark.requirement("ROOMS-JOIN-005")
async def test_leaving_twice_or_where_one_is_not_is_no_error(people: People, rest: Rest):
    """The answer is the same, and nobody is told anything: the next list is that of the next join."""
    room_id = await new_room(rest)
    event = f"participants/{room_id}"
    dhoni, kohli = await visit(people, "Dhoni", room_id), await visit(people, "Kohli", room_id)
    stranger = await visit(people, "Stranger")
    await dhoni.expect(event, lists(Kohli=True))
    await kohli.call("leave", {"roomId": room_id})
    await dhoni.expect(event, lists(Kohli=False))
    before = dhoni.count(event)

    for device in (kohli, stranger):
        for room in (room_id, "no such room"):
            assert await device.call("leave", {"roomId": room}) == {"roomId": room}
    await visit(people, "Raina", room_id)

    await dhoni.expect(event, lists(Raina=True))
    assert dhoni.count(event) == before + 1


@pytest.mark.requirement("ROOMS-JOIN-002")
@pytest.mark.parametrize("room_id", ["no such room", "*", "3XX:", "x" * 128])
async def test_a_room_that_is_not_open_is_not_joined(people: People, rest: Rest, room_id: str):
    """The client is told by `exception`, and stays connected."""
    device = await visit(people, "Dhoni")

    told = await device.call("participants", {"roomId": room_id, "username": "Dhoni"})

    assert told == FORBIDDEN
    await device.expect_next("exception", has(**FORBIDDEN))
    await device.enter(await new_room(rest))


@pytest.mark.requirement("ROOMS-LIST-003")
async def test_who_is_there_with_several_sockets_leaves_with_the_last(people: People, rest: Rest):
    """Somebody is listed once, as connected, until none of their sockets is there, on any server."""
    room_id = await new_room(rest)
    dhoni = await visit(people, "Dhoni", room_id)
    first, second = await visit(people, "Kohli", room_id), await visit(people, "Kohli", room_id)

    await first.goodbye()
    raina = await visit(people, "Raina", room_id)
    await dhoni.expect(f"participants/{room_id}", lists(Dhoni=True, Kohli=True, Raina=True))
    await raina.goodbye()
    listed = await dhoni.expect(f"participants/{room_id}", lists(Dhoni=True, Kohli=True, Raina=False))
    assert len(listed.payload) == 3
    await second.goodbye()

    await dhoni.expect(f"participants/{room_id}", lists(Dhoni=True, Kohli=False, Raina=False))


@pytest.mark.requirement("ROOMS-LIST-003")
async def test_who_comes_back_is_connected_again(people: People, rest: Rest):
    """They are listed once, behind those who were there before they came back."""
    room_id = await new_room(rest)
    kohli, dhoni = await visit(people, "Kohli", room_id), await visit(people, "Dhoni", room_id)
    await kohli.goodbye()
    await dhoni.expect(f"participants/{room_id}", lists(Kohli=False))

    await visit(people, "Kohli", room_id)

    listed = await dhoni.expect(f"participants/{room_id}", lists(Kohli=True, Dhoni=True))
    assert [one["username"] for one in listed.payload] == ["Dhoni", "Kohli"]


@pytest.mark.requirement("ROOMS-LIST-005")
@pytest.mark.parametrize("leave", ["close_transport", "abort"])
async def test_a_reload_is_no_leaving(people: People, rest: Rest, leave: str):
    """Who is back under the same name within the grace is never listed as gone, not after the grace either."""
    room_id = await new_room(rest)
    dhoni, kohli, raina = [await visit(people, name, room_id) for name in ("Dhoni", "Kohli", "Raina")]

    await getattr(kohli, leave)()
    await visit(people, "Kohli", room_id)
    await raina.close_transport()

    await dhoni.expect(f"participants/{room_id}", lists(Kohli=True, Raina=False))  # after the grace of both
    told = [it.payload for it in dhoni.inbox.all(f"participants/{room_id}")]
    assert not [them for them in told if lists(Kohli=False)(them) is None]


@pytest.mark.requirement("ROOMS-LIST-005")
async def test_a_goodbye_overtakes_a_lost_connection(people: People, rest: Rest):
    """Who is lost first is there still, for the grace, when who said goodbye after them is listed as gone."""
    room_id = await new_room(rest)
    dhoni, kohli, raina = [await visit(people, name, room_id) for name in ("Dhoni", "Kohli", "Raina")]

    await kohli.close_transport()
    await raina.goodbye()

    listed = await dhoni.expect(f"participants/{room_id}", lists(Raina=False))
    assert lists(Dhoni=True, Kohli=True, Raina=False)(listed.payload) is None
    await dhoni.expect(f"participants/{room_id}", lists(Kohli=False, Raina=False))


@pytest.mark.requirement("ROOMS-JOIN-004")
async def test_a_socket_is_in_several_rooms_under_several_names(people: People, rest: Rest):
    """What is said in either is heard, with its room; the same socket may speak in both."""
    one, two = await new_room(rest), await new_room(rest)
    device, dhoni = await visit(people, "Mahi"), await visit(people, "Dhoni", one, two)
    await device.enter(one, "Captain")
    await device.enter(two, "Keeper")

    await dhoni.expect(f"participants/{one}", lists(Captain=True))
    await dhoni.expect(f"participants/{two}", lists(Keeper=True))
    for room_id in (one, two, one):
        await device.hears(equals(await dhoni.say(room_id, f"in {room_id}")))

    assert device.orders(one) == [1, 2]
    assert device.orders(two) == [1]


@pytest.mark.requirement("ROOMS-JOIN-004")
async def test_a_socket_may_go_by_another_name(people: People, rest: Rest):
    """Joining again under another name leaves the first, and hears every message once."""
    room_id = await new_room(rest)
    dhoni, device = await visit(people, "Dhoni", room_id), await visit(people, "Kohli", room_id)

    await device.enter(room_id, "Captain")
    await dhoni.expect(f"participants/{room_id}", lists(Kohli=False, Captain=True))
    for number in range(3):
        await device.hears(equals(await dhoni.say(room_id, str(number))))


@pytest.mark.requirement("ROOMS-LIST-004")
async def test_a_list_is_for_members_alone(people: People, rest: Rest):
    """Who is in another room, or in none, is told nothing of who comes and goes."""
    room_id, other = await new_room(rest), await new_room(rest, "room:*")
    stranger, neighbour = await visit(people, "Stranger"), await visit(people, "Neighbour", other)

    dhoni = await visit(people, "Dhoni", room_id)
    await (await visit(people, "Kohli", room_id)).goodbye()
    await dhoni.expect(f"participants/{room_id}", lists(Kohli=False))
    await stranger.call("leave", {"roomId": room_id})
    await neighbour.say(other, "marker")

    assert [it.label for it in stranger.inbox.received] == ["OPEN", "CONNECT", "ACK"]
    assert neighbour.count(f"participants/{room_id}") == 0
    assert neighbour.count("exchanges") == 2


@pytest.mark.requirement("ROOMS-JOIN-001", "ROOMS-ORDER-002")
async def test_who_joins_hears_what_is_said_from_then_on(people: People, rest: Rest):
    """Not what was said before, which is in the history."""
    room_id = await new_room(rest)
    dhoni = await visit(people, "Dhoni", room_id)
    for number in range(3):
        await dhoni.say(room_id, f"before {number}")

    kohli = await visit(people, "Kohli", room_id)

    await kohli.hears(equals(await dhoni.say(room_id, "after")))
    assert [message["order"] for message in await history(rest, room_id)] == [1, 2, 3, 4]
