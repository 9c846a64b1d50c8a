"""What a client of the rooms contract sends that it should not."""

from typing import Any

import pytest

from e2e.gateway.test_payloads import GARBAGE
from e2e.harness.deployment import Fresh
from e2e.harness.match import equals, has, must
from e2e.harness.people import People, PeopleOf
from e2e.harness.rest import Rest
from e2e.harness.rooms import history, lists, new_room, path_of, refuses, visit

NO_OBJECT: list[Any] = [None, 7, True, "", "text", [], ["x"], [{"roomId": "x", "username": "y"}]]

BROKEN: list[dict[str, Any]] = [
    {"content": None},
    {"content": ""},
    {"content": 7},
    {"content": ["x"]},
    {"roomId": None},
    {"roomId": {"$ne": ""}},
    {"roomId": "x" * 10_000},
    {"username": ""},
    {"username": True},
    {"username": "x" * 129},
    {"createdAt": "yesterday"},
    {"createdAt": 7},
    {"createdAt": "1969-12-31T23:59:59Z"},
    {"createdAt": "9999-12-31T23:59:59-14:00"},
]


@pytest.mark.requirement("ROOMS-JOIN-003", "ROOMS-EXCHANGE-005", "ROOMS-CONNECT-004")
@pytest.mark.parametrize("payload", NO_OBJECT, ids=repr)
@pytest.mark.parametrize("event", ["participants", "exchanges", "leave"])
async def test_a_payload_that_is_no_object_is_an_error(people: People, rest: Rest, event: str, payload: object):
    """A payload that is no object, or none at all, is answered with `exception`; the session goes on."""
    room_id = await new_room(rest)
    dhoni = await visit(people, "Dhoni", room_id)

    await dhoni.emit(event, payload)
    await dhoni.emit(event)
    told = await dhoni.call(event)

    for _ in range(3):
        await dhoni.expect("exception", refuses())
    must(told, refuses())
    assert (await dhoni.say(room_id, "marker"))["order"] == 1


@pytest.mark.requirement("ROOMS-JOIN-003")
@pytest.mark.parametrize(
    ("event", "payload", "wrong"),
    [
        ("participants", {}, ["roomId", "username"]),
        ("participants", {"roomId": [], "username": {}}, ["roomId", "username"]),
        ("participants", {"roomId": "x" * 129, "username": "x"}, ["roomId"]),
        ("leave", {}, ["roomId"]),
        ("leave", {"roomId": False}, ["roomId"]),
    ],
)
async def test_a_broken_coming_or_going_has_no_effect(
    people: People, rest: Rest, event: str, payload: Any, wrong: list[str]
):
    """It is answered with what is wrong, at the socket that asked alone."""
    room_id = await new_room(rest)
    dhoni, kohli = await visit(people, "Dhoni", room_id), await visit(people, "Kohli", room_id)
    await dhoni.expect(f"participants/{room_id}", lists(Kohli=True))
    before = dhoni.count(f"participants/{room_id}")

    must(await kohli.call(event, payload), refuses(*wrong))
    await kohli.expect("exception", refuses(*wrong))

    await kohli.say(room_id, "marker")
    await dhoni.expect("exchanges", has(content="marker"))
    assert dhoni.count(f"participants/{room_id}") == before
    assert dhoni.count("exception") == 0


@pytest.mark.requirement("ROOMS-EXCHANGE-005")
@pytest.mark.parametrize("broken", BROKEN, ids=lambda value: str(value)[:40])
async def test_a_broken_message_is_an_error(people: People, rest: Rest, broken: dict[str, Any]):
    """It is answered with what is wrong, is not stored, takes no order, and is heard by nobody."""
    room_id = await new_room(rest)
    dhoni, kohli = await visit(people, "Dhoni", room_id), await visit(people, "Kohli", room_id)
    good = {"roomId": room_id, "username": "Kohli", "content": "hello"}

    told = await kohli.call("exchanges", {**good, **broken})

    must(told, refuses(*broken))
    await kohli.expect("exception", equals(told))
    said = await kohli.say(room_id, "marker")
    assert said["order"] == 1
    await dhoni.hears(equals(said))
    assert [message["content"] for message in await history(rest, room_id)] == ["marker"]


@pytest.mark.requirement("ROOMS-EXCHANGE-005")
async def test_all_that_is_wrong_is_told(people: People):
    """A message without anything is told of each field."""
    dhoni = await visit(people, "Dhoni")

    told = await dhoni.call("exchanges", {})

    must(told, refuses("roomId", "username", "content"))


@pytest.mark.requirement("ROOMS-EXCHANGE-005", "ROOMS-CONNECT-004")
async def test_bytes_are_no_text(people: People, rest: Rest):
    """A binary attachment in the place of a field, or beside them, is refused, and ends nothing."""
    room_id = await new_room(rest)
    dhoni = await visit(people, "Dhoni", room_id)

    for field, wrong in (("content", ["content"]), ("more", [])):
        body = f'{{"roomId":"{room_id}","username":"Dhoni","content":"x","{field}":{{"_placeholder":true,"num":0}}}}'
        await dhoni.send_raw(f'451-["exchanges",{body}]')
        await dhoni.send_raw(b"\x00\x01")
        await dhoni.expect("exception", refuses(*wrong))

    assert (await dhoni.say(room_id, "marker"))["order"] == 1


@pytest.mark.requirement("ROOMS-CONNECT-004")
async def test_unknown_events_are_ignored(people: People, rest: Rest):
    """Neither an answer nor an acknowledgement comes, and more arguments than one are no matter."""
    room_id = await new_room(rest)
    dhoni = await visit(people, "Dhoni", room_id)

    await dhoni.emit("message", {"roomId": room_id}, ack=99)
    await dhoni.emit(f"participants/{room_id}", [])
    await dhoni.emit("exchanges", {"roomId": room_id, "username": "Dhoni", "content": "hello"}, "more", 7)

    await dhoni.hears(has(content="hello", order=1))
    assert dhoni.count("ACK") == 0


@pytest.mark.requirement("ROOMS-CONNECT-004")
@pytest.mark.parametrize("packet", GARBAGE, ids=repr)
async def test_garbage_ends_nobody_elses_session(people: People, rest: Rest, packet: str):
    """A packet that is none may end the session that it came on; the room goes on, over all servers."""
    room_id = await new_room(rest)
    members = [await visit(people, name, room_id) for name in ("Dhoni", "Kohli")]
    rude = await visit(people, "Rude", room_id)

    await rude.send_raw(packet)
    await rude.emit("leave", {"roomId": "no such room"}, ack=77)
    await rude.expect(("ACK", "CLOSED"))  # it has been taken, for what it is

    said = await members[0].say(room_id, "marker")
    for device in members:
        await device.hears(equals(said))


@pytest.mark.requirement("ROOMS-CONNECT-004", "ROOMS-CLOSE-003")
async def test_one_client_cannot_end_the_process(fresh_deployment: Fresh, people_of: PeopleOf):
    """Frames without a payload, and leaving after the room was closed and opened anew: all sessions stand.

    The originals die of either.
    """
    deployment = await fresh_deployment("--memory")
    people = people_of(deployment)
    rest = people.rest()
    room_id = await new_room(rest)
    standing = [await visit(people, f"Standing {number}", room_id) for number in range(2)]
    rude = await visit(people, "Rude", room_id)
    for event in ("participants", "exchanges", "leave", "connect", "disconnect", "*", ""):
        await (await visit(people, "Rude", room_id)).send_raw(f'42["{event}"]')
        await (await visit(people, "Rude", room_id)).send_raw(f'42["{event}",null,null]')

    (await rest.delete(path_of(room_id))).must(204)
    (await rest.post("/api/v1/rooms", {"roomId": room_id, "creatorUsername": "x"})).must(201)
    for device in (*standing, rude):
        await device.expect("room_closed")
    await rude.goodbye()

    for device in standing:
        await device.enter(room_id)
    said = await standing[0].say(room_id, "marker")
    for device in standing:
        await device.expect("exchanges", equals(said))
