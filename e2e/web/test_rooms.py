"""REST of the rooms contract: the document's own commands, to the letter, and what they answer."""

import json
import shlex
from typing import Any

import pytest

from e2e.harness.match import equals, has, instant, keys, names
from e2e.harness.people import People
from e2e.harness.rest import Answer, Rest
from e2e.harness.rooms import ROOMS, history, new_room, path_of, visit

CREATE = """\
curl -X POST 'http://localhost:3000/api/v1/rooms' \\
--data-raw '{
    "roomId": "3XX",
    "creatorUsername": "Dhoni"
}'
"""
MESSAGES = "curl -X GET 'http://localhost:3000/api/v1/rooms/123/messages'"
CLOSE = "curl -X DELETE http://localhost:3000/api/v1/rooms/123"
"""The commands of the document."""

FORBIDDEN = {"code": "access-forbidden", "message": "The access is forbidden"}
NO_ID = "roomId should not be empty"
NO_CREATOR = "creatorUsername should not be empty"
AS_CURL = {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": "curl/7.88.1", "Accept": "*/*"}

STRANGE = ["a:b", "a*b?[c]#", " ", "room-info", "messages", "a/b", "//a/messages", "%2F", "\N{DOG}\n", "$ne", "x" * 90]
"""What the names of rooms may begin with."""


async def paste(rest: Rest, command: str, document_s: str, room_id: str) -> Answer:
    """Send what curl makes of a command of the document, of another room than the document's."""
    words = shlex.split(command.replace("\\\n", "").replace(document_s, room_id))
    assert words[:2] == ["curl", "-X"]
    body = words[5].encode() if "--data-raw" in words else None
    path = words[3].removeprefix("http://localhost:3000")
    return await rest.call(words[2], path, raw=body, headers=AS_CURL)


def nothing(answer: Answer, status: int) -> None:
    """Check that an answer has this status and no body."""
    assert (answer.status, answer.text) == (status, ""), answer
    assert "Content-Type" not in answer.headers, answer


def bad(*sentences: str) -> Any:
    return has(statusCode=400, message=list(sentences), error="Bad Request")


# opening


@pytest.mark.requirement("ROOMS-REST-001", "ROOMS-REST-002", "ROOMS-REST-004")
async def test_the_command_that_creates_a_room(rest: Rest):
    """The document's command opens a room, once: 201 and nothing, then 409 with its name."""
    room_id = f"{await new_room(rest)} 3XX"

    nothing(await paste(rest, CREATE, "3XX", room_id), 201)

    again = await paste(rest, CREATE, "3XX", room_id)
    again.must(409, has(code="room.conflict", message=f"Room with '{room_id}' already exists"))
    assert await history(rest, room_id) == []


@pytest.mark.requirement("ROOMS-REST-004")
@pytest.mark.parametrize("kind", ["application/json", "text/plain", "multipart/form-data", "nonsense"])
async def test_a_body_is_json_whatever_it_is_said_to_be(rest: Rest, kind: str):
    """The content type says nothing."""
    room_id = f"{await new_room(rest)}-{kind}"
    body = json.dumps({"roomId": room_id, "creatorUsername": "Dhoni", "more": 1}).encode()

    nothing(await rest.call("POST", ROOMS, raw=body, headers={"Content-Type": kind}), 201)


@pytest.mark.requirement("ROOMS-REST-003", "ROOMS-REST-006")
@pytest.mark.parametrize(
    ("body", "sentences"),
    [
        ({}, [NO_ID, NO_CREATOR]),
        ({"creatorUsername": None, "roomId": ""}, [NO_ID, NO_CREATOR]),
        ({"creatorUsername": "Dhoni"}, [NO_ID]),
        ({"roomId": "3XX"}, [NO_CREATOR]),
    ],
)
async def test_a_broken_room_is_told_what_is_broken(rest: Rest, body: Any, sentences: list[str]):
    """400 with a sentence for each field that is broken, in the document's order and envelope."""
    (await rest.post(ROOMS, body)).must(400, bad(*sentences))


@pytest.mark.requirement("ROOMS-REST-003", "ROOMS-REST-006")
@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"roomId": {"$ne": ""}, "creatorUsername": "Dhoni"}, "roomId"),
        ({"roomId": "3XX", "creatorUsername": [1]}, "creatorUsername"),
        ({"roomId": "x" * 129, "creatorUsername": "D"}, "roomId"),
        ({"roomId": "x", "creatorUsername": "x" * 10_000}, "creatorUsername"),
    ],
)
async def test_a_field_that_is_no_name_is_named(rest: Rest, body: Any, field: str):
    """400 in the same envelope, with what is wrong with the field."""
    (await rest.post(ROOMS, body)).must(400, has(statusCode=400, error="Bad Request"), names(field))


@pytest.mark.requirement("ROOMS-REST-003")
async def test_a_post_of_nothing_lacks_both_fields(rest: Rest):
    """The document's example of an error, to the letter."""
    answer = await rest.call("POST", ROOMS)

    answer.must(400, bad(NO_ID, NO_CREATOR))
    assert list(answer.json) == ["statusCode", "message", "error"]


@pytest.mark.requirement("ROOMS-REST-005")
@pytest.mark.parametrize("raw", [b'{"roomId": "3XX"', b"roomId=3XX&creatorUsername=Dhoni", b"[]", b'"3XX"', b"\xff{}"])
async def test_a_body_that_is_no_json_object_is_told_so(rest: Rest, raw: bytes):
    """400 in the same envelope, whose message is one sentence."""
    answer = await rest.call("POST", ROOMS, raw=raw, headers={"Content-Type": "application/json"})

    body = answer.must(400, keys("statusCode", "message", "error"))
    assert isinstance(body["message"], str)
    assert (body["statusCode"], body["error"]) == (400, "Bad Request")


@pytest.mark.requirement("ROOMS-REST-006")
async def test_a_number_is_a_name(rest: Rest):
    """A number is taken as the string that it is written as, and as no other room."""
    number = int((await new_room(rest)).rpartition("-")[2], 16)

    nothing(await rest.post(ROOMS, {"roomId": number, "creatorUsername": 7}), 201)

    (await rest.post(ROOMS, {"roomId": str(number), "creatorUsername": "x"})).must(409)
    assert await history(rest, str(number)) == []


@pytest.mark.requirement("ROOMS-REST-006")
@pytest.mark.parametrize("start", STRANGE)
async def test_a_room_may_have_any_name(rest: Rest, start: str):
    """A name of any characters is opened, read and closed under its escaped form, and is nobody else's."""
    other = await new_room(rest)
    room_id = f"{start}{other}"[:128]

    nothing(await rest.post(ROOMS, {"roomId": room_id, "creatorUsername": "Dhoni"}), 201)
    assert await history(rest, room_id) == []
    (await rest.get(f"{path_of(f'{room_id[:-1]}')}/messages")).must(403, has(**FORBIDDEN))
    nothing(await rest.delete(path_of(room_id)), 204)

    (await rest.get(f"{path_of(room_id)}/messages")).must(403, has(**FORBIDDEN))
    assert await history(rest, other) == []


# reading


@pytest.mark.requirement("ROOMS-REST-007", "ROOMS-REST-008")
async def test_the_command_that_reads_a_room(people: People, rest: Rest):
    """The document's command shows what was said, oldest first, in four keys; of a room that is none it is told 403."""
    room_id = await new_room(rest)
    (await paste(rest, MESSAGES, "123", f"{room_id}x")).must(403, has(**FORBIDDEN))
    dhoni, kohli = await visit(people, "Dhoni"), await visit(people, "Kohli")

    said = [await device.say(room_id, f"{i}", mood=i) for i, device in enumerate((dhoni, kohli, dhoni))]

    shown = (await paste(rest, MESSAGES, "123", room_id)).must(200)
    four = ("order", "username", "content", "createdAt")
    assert shown == [{key: message[key] for key in four} for message in said]
    assert [list(message) for message in shown] == [list(four)] * 3
    assert [instant("createdAt")(message) for message in shown] == [None] * 3


@pytest.mark.requirement("ROOMS-REST-009")
async def test_a_part_of_what_was_said_is_read_by_order(people: People, rest: Rest):
    """Both ends are included; a limit leaves the oldest out, unless it is said from which order on."""
    room_id = await new_room(rest)
    dhoni = await visit(people, "Dhoni")
    for number in range(1, 6):
        await dhoni.say(room_id, str(number))

    async def part(query: str) -> list[int]:
        return [message["order"] for message in (await rest.get(f"{path_of(room_id)}/messages?{query}")).must(200)]

    assert await part("fromIndex=2&toIndex=4") == [2, 3, 4]
    assert await part("fromIndex=4") == [4, 5]
    assert await part("toIndex=2") == [1, 2]
    assert await part("limit=2") == [4, 5]
    assert await part("fromIndex=2&limit=2") == [2, 3]
    assert await part("fromIndex=6") == []


@pytest.mark.requirement("ROOMS-REST-009")
@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ("fromIndex=0", ["fromIndex"]),
        ("fromIndex=x&toIndex=-1", ["fromIndex", "toIndex"]),
        ("limit=0", ["limit"]),
        ("limit=1001", ["limit"]),
        ("fromIndex=2&toIndex=1", []),
    ],
)
async def test_a_part_that_is_none_is_refused(rest: Rest, query: str, wrong: list[str]):
    """400 with what is wrong."""
    answer = await rest.get(f"{path_of(await new_room(rest))}/messages?{query}")

    answer.must(400, has(statusCode=400, error="Bad Request"), names(*wrong))


# closing


@pytest.mark.requirement("ROOMS-REST-010", "ROOMS-REST-011")
async def test_the_command_that_closes_a_room(people: People, rest: Rest):
    """The document's command closes a room, once: 204 and nothing, then 404 with its name, and nobody reads it."""
    room_id = await new_room(rest)
    await (await visit(people, "Dhoni")).say(room_id, "hello")

    nothing(await paste(rest, CLOSE, "123", room_id), 204)

    gone = has(code="room.not-found", message=f"Room with '{room_id}' not found")
    (await paste(rest, CLOSE, "123", room_id)).must(404, gone)
    (await paste(rest, MESSAGES, "123", room_id)).must(403, has(**FORBIDDEN))


@pytest.mark.requirement("ROOMS-REST-012", "ROOMS-CLOSE-003")
async def test_a_room_that_is_opened_anew_has_no_history(people: People, rest: Rest):
    """Its orders begin at 1 again."""
    room_id = await new_room(rest)
    dhoni = await visit(people, "Dhoni")
    await dhoni.say(room_id, "before")

    nothing(await rest.delete(path_of(room_id)), 204)
    await dhoni.expect("room_closed")
    nothing(await rest.post(ROOMS, {"roomId": room_id, "creatorUsername": "Kohli"}), 201)

    assert await history(rest, room_id) == []
    assert (await dhoni.say(room_id, "after"))["order"] == 1


# all of them


@pytest.mark.requirement("ROOMS-REST-013")
async def test_open_rooms_are_listed(people: People, rest: Rest):
    """Each with its creator, its date, who is and was there, and how much was said; the newest first."""
    older, newer = await new_room(rest), await new_room(rest)
    dhoni = await visit(people, "Dhoni", older)
    kohli = await visit(people, "Kohli", older)
    await dhoni.say(older, "hello")
    await kohli.goodbye()
    await dhoni.expect(
        f"participants/{older}", lambda them: None if len(them) == 2 and not them[1]["connected"] else ""
    )

    shown = (await rest.get(f"{ROOMS}/room-info")).must(200)

    ids = [room["roomId"] for room in shown]
    assert ids.index(newer) < ids.index(older)
    room = shown[ids.index(older)]
    assert instant("createdDate")(room) is None
    del room["createdDate"]
    assert room == {
        "roomId": older,
        "createdBy": "Dhoni",
        "participants": [
            {"roomId": older, "username": "Dhoni", "connected": True},
            {"roomId": older, "username": "Kohli", "connected": False},
        ],
        "messageCount": 1,
    }


@pytest.mark.requirement("ROOMS-REST-014")
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "", 405), ("PUT", "/x", 405), ("POST", "/x/messages", 405), ("DELETE", "/", 404), ("GET", "/", 404)],
)
async def test_every_error_has_the_envelope_of_the_contract(rest: Rest, method: str, path: str, status: int):
    """Also where the path or the method names nothing, and a browser may read it."""
    answer = await rest.call(method, f"{ROOMS}{path}", headers={"Origin": "http://front.example"})

    body = answer.must(status, keys("statusCode", "message", "error"))
    assert body["statusCode"] == status
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.requirement("ROOMS-REST-014")
async def test_a_credential_makes_no_difference(rest: Rest):
    """None is needed, and one that proves nothing harms nobody."""
    room_id = await new_room(rest)

    answer = await rest.get(f"{path_of(room_id)}/messages", headers={"Authorization": "Bearer garbage"})

    answer.must(200, equals([]))
