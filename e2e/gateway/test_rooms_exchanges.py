"""What is said in a room: who hears it, and what comes through."""

from typing import Any
from uuid import uuid4

import pytest

from e2e.harness.deployment import Fresh
from e2e.harness.match import equals, has, instant, keys
from e2e.harness.people import People, PeopleOf
from e2e.harness.rest import Rest
from e2e.harness.rooms import FORBIDDEN, INVALID_ROOM, ROOMS, history, lists, new_room, path_of, refuses, visit

KEYS = ("roomId", "username", "content", "createdAt", "order", "socketId")


@pytest.mark.requirement("ROOMS-EXCHANGE-001", "ROOMS-EXCHANGE-002", "ROOMS-EXCHANGE-007")
async def test_what_is_said_comes_to_every_member(people: People, rest: Rest):
    """All members, on all servers and with all their sockets, the sender too, hear what is acknowledged and stored."""
    room_id = await new_room(rest)
    dhoni = await visit(people, "Dhoni", room_id)
    others = [await visit(people, name, room_id) for name in ("Kohli", "Kohli", "Raina")]

    said = await dhoni.say(room_id, "hello")

    assert keys(*KEYS)(said) is None
    assert (said["roomId"], said["username"], said["content"], said["order"]) == (room_id, "Dhoni", "hello", 1)
    assert said["socketId"] == (dhoni.inbox.all("CONNECT")[0]).payload["sid"]
    assert instant("createdAt")(said) is None
    for device in (dhoni, *others):
        await device.hears(equals(said))
    assert await history(rest, room_id) == [
        {key: said[key] for key in ("order", "username", "content", "createdAt")},
    ]


@pytest.mark.requirement("ROOMS-EXCHANGE-001")
async def test_an_acknowledgement_need_not_be_asked_for(people: People, rest: Rest):
    """A message without one is heard all the same, and nothing else comes of it."""
    room_id = await new_room(rest)
    dhoni = await visit(people, "Dhoni", room_id)

    await dhoni.emit("exchanges", {"roomId": room_id, "username": "Dhoni", "content": "hello"})

    await dhoni.hears(has(content="hello", order=1))


@pytest.mark.requirement("ROOMS-EXCHANGE-008")
@pytest.mark.parametrize(
    "more",
    [
        {"mood": "calm", "reply": {"to": 1, "quote": ["a", None, True, 1.5]}},
        {"": "", "$ne": 1, "a.b": 2, "__proto__": {}, "id": "x", "type": None},
        {"text": "\N{DOG} \u0000 \u2028 é"},
    ],
)
async def test_what_else_is_sent_comes_through(people: People, rest: Rest, more: dict[str, Any]):
    """Keys of any name and any JSON, live and in the acknowledgement; not in the history, which has four keys."""
    room_id = await new_room(rest)
    dhoni, kohli = await visit(people, "Dhoni", room_id), await visit(people, "Kohli", room_id)

    said = await dhoni.say(room_id, "hello", **more)

    assert {key: said[key] for key in more} == more
    await kohli.hears(equals(said))
    [shown] = await history(rest, room_id)
    assert sorted(shown) == ["content", "createdAt", "order", "username"]


@pytest.mark.requirement("ROOMS-EXCHANGE-008", "ROOMS-ORDER-001")
async def test_order_and_socket_are_the_servers_own(people: People, rest: Rest):
    """What a client says of them is overwritten."""
    room_id = await new_room(rest)
    dhoni, kohli = await visit(people, "Dhoni", room_id), await visit(people, "Kohli")
    other = kohli.inbox.all("CONNECT")[0].payload["sid"]

    said = await dhoni.say(room_id, "hello", order=99, socketId=other)

    assert said["order"] == 1
    assert said["socketId"] != other
    await dhoni.hears(equals(said))


@pytest.mark.requirement("ROOMS-EXCHANGE-007")
@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("2024-04-29T12:00:00.000Z", "2024-04-29T12:00:00.000Z"),
        ("2024-04-29T12:00:00Z", "2024-04-29T12:00:00.000Z"),
        ("2024-04-29T14:00:00.123456+02:00", "2024-04-29T12:00:00.123Z"),
        ("2024-04-29", "2024-04-29T00:00:00.000Z"),
        (None, None),
        ("", None),
    ],
)
async def test_an_instant_that_is_given_is_kept(people: People, rest: Rest, given: Any, kept: str | None):
    """As UTC with three fractional digits; where none is given it is now."""
    room_id = await new_room(rest)
    dhoni = await visit(people, "Dhoni", room_id)

    said = await dhoni.say(room_id, "hello", createdAt=given)

    assert instant("createdAt")(said) is None
    if kept:
        assert said["createdAt"] == kept
    [shown] = await history(rest, room_id)
    assert shown["createdAt"] == said["createdAt"]


@pytest.mark.requirement("ROOMS-EXCHANGE-004")
async def test_who_speaks_joins_by_that(people: People, rest: Rest):
    """The sender hears it, is listed, and hears what others say."""
    room_id = await new_room(rest)
    dhoni, kohli = await visit(people, "Dhoni", room_id), await visit(people, "Kohli")

    said = await kohli.say(room_id, "hello")

    await dhoni.expect(f"participants/{room_id}", lists(Dhoni=True, Kohli=True))
    await kohli.expect("exchanges", equals(said))
    answer = await dhoni.say(room_id, "hi")
    await kohli.expect("exchanges", equals(answer))


@pytest.mark.requirement("ROOMS-EXCHANGE-003")
async def test_nothing_is_said_in_a_room_that_is_not_open(people: People, rest: Rest):
    """The acknowledgement is the documented text, and `exception` says why; nobody hears it, not even who says it."""
    room_id = await new_room(rest)
    dhoni = await visit(people, "Dhoni", room_id)

    for unknown in (f"{room_id}x", "*", " "):
        answer = await dhoni.call("exchanges", {"roomId": unknown, "username": "Dhoni", "content": "hello"})
        assert answer == INVALID_ROOM
        await dhoni.expect("exception", has(**FORBIDDEN))

    assert (await dhoni.say(room_id, "marker"))["order"] == 1
    await dhoni.hears(has(content="marker"))


@pytest.mark.requirement("ROOMS-EXCHANGE-006")
async def test_strangers_hear_nothing(people: People, rest: Rest):
    """Who is in no room, or in one whose id looks much the same, hears nothing of what is said."""
    base = await new_room(rest)
    likes = [f"{base}:*", f"{base} ", f"{base}*", f"*{base}", base.upper(), f"user:{base}", "x" * 96 + uuid4().hex]
    for room_id in likes:
        (await rest.post(ROOMS, {"roomId": room_id, "creatorUsername": "x"})).must(201)
    stranger = await visit(people, base)
    neighbours = [await visit(people, "Neighbour", room_id) for room_id in likes]
    dhoni = await visit(people, "Dhoni", base)

    await dhoni.say(base, "secret")
    for device, room_id in zip(neighbours, likes, strict=True):
        await device.say(room_id, "marker")
    await stranger.call("leave", {"roomId": base})

    for device in neighbours:
        assert [message["content"] for message in device.heard] == ["marker"]
    assert not stranger.heard


@pytest.mark.requirement("ROOMS-EXCHANGE-006")
async def test_the_id_of_a_socket_is_no_room(people: People, rest: Rest):
    """A room that is called as somebody's socket reaches its members, and not that socket."""
    dhoni, victim = await visit(people, "Dhoni"), await visit(people, "Victim")
    room_id = victim.inbox.all("CONNECT")[0].payload["sid"]
    (await rest.post(ROOMS, {"roomId": room_id, "creatorUsername": "x"})).must(201)

    await dhoni.say(room_id, "hello")
    await victim.call("leave", {"roomId": room_id})

    assert not victim.heard
    (await rest.delete(path_of(room_id))).must(204)


@pytest.mark.requirement("ROOMS-EXCHANGE-009")
async def test_the_limits_are_those_that_are_set(fresh_deployment: Fresh, people_of: PeopleOf):
    """A content of so many characters, and 16384 bytes of JSON beside it, are taken, and one more is refused."""
    deployment = await fresh_deployment("--memory", MAX_MESSAGE_LENGTH="10")
    people = people_of(deployment)
    room_id = await new_room(people.rest())
    dhoni = await visit(people, "Dhoni", room_id)
    filler = "x" * (16_384 - len('42["",{"pad":""}]'))

    await dhoni.say(room_id, "\N{DOG}" * 10, pad=filler)
    for content, pad, wrong in (("x" * 11, "", ["content"]), ("x", f"{filler}x", [])):
        await dhoni.emit("exchanges", {"roomId": room_id, "username": "Dhoni", "content": content, "pad": pad})
        await dhoni.expect("exception", refuses(*wrong))

    assert (await dhoni.say(room_id, "marker"))["order"] == 2
