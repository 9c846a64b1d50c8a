"""`/api/v1/rooms`: the bodies and errors of the contract's document."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from app.domain.clock import iso
from app.domain.rooms import PAGE, Room
from app.store.base import Exchange
from tests.web.service import Service, ask

ROOMS = "/api/v1/rooms"
FORBIDDEN = {"code": "access-forbidden", "message": "The access is forbidden"}
NO_ID = "roomId should not be empty"
NO_CREATOR = "creatorUsername should not be empty"


async def opened(service: Service, room_id: str = "3XX") -> Room:
    return await service.rooms.open_room(room_id, "Dhoni")


async def say(service: Service, room: Room, *contents: str) -> list[Exchange]:
    return [await service.rooms.say(room, "Dhoni", content, None, {"mood": "calm"}) for content in contents]


async def orders(service: Service, query: str = "") -> list[int]:
    response = await service.call("GET", f"{ROOMS}/3XX/messages{query}")
    assert response.status_code == 200
    return [message["order"] for message in await response.get_json()]


def bad(*messages: str) -> dict[str, Any]:
    return {"statusCode": 400, "message": list(messages), "error": "Bad Request"}


# opening


@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded", "text/plain", ""])
async def test_a_room_is_opened_whatever_type_its_body_is_said_to_have(service: Service, kind: str) -> None:
    """201, and nothing else; the document's curl command says that it sends a form."""
    response = await service.raw("POST", ROOMS, b'{\n    "roomId": "3XX",\n    "creatorUsername": "Dhoni"\n}', kind)
    assert (response.status_code, await response.get_data()) == (201, b"")
    room = await service.rooms.find("3XX")
    assert (room.id, room.creator) == ("3XX", "Dhoni")


async def test_a_room_that_is_open_is_in_conflict_with_another(service: Service) -> None:
    """409 by the name of the room; what else the client sends is dropped."""
    await opened(service)
    response = await service.call("POST", ROOMS, json={"roomId": "3XX", "creatorUsername": "Kohli", "more": 1})
    assert response.status_code == 409
    assert await response.get_json() == {"code": "room.conflict", "message": "Room with '3XX' already exists"}


@pytest.mark.parametrize(
    ("body", "messages"),
    [
        ({}, (NO_ID, NO_CREATOR)),
        ({"creatorUsername": "", "roomId": None}, (NO_ID, NO_CREATOR)),
        ({"creatorUsername": "Dhoni"}, (NO_ID,)),
        ({"roomId": "3XX"}, (NO_CREATOR,)),
        ({"roomId": ["3XX"], "creatorUsername": True}, tuple(
            f"{field} must be a string or a number" for field in ("roomId", "creatorUsername")
        )),
        (
            {"roomId": "x" * 129, "creatorUsername": "Dhoni"},
            ("roomId must be shorter than or equal to 128 characters",),
        ),
        ({"roomId": "\ud800", "creatorUsername": "Dhoni"}, ("roomId must be well-formed Unicode",)),
    ],
)  # fmt: skip
async def test_a_broken_room_is_told_what_is_broken(service: Service, body: Any, messages: tuple[str, ...]) -> None:
    """A sentence for each broken field, in the order of the document, and no room."""
    response = await service.call("POST", ROOMS, json=body)
    assert response.status_code == 400
    assert await response.get_json() == bad(*messages)
    assert await service.rooms.overview(10) == []


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"roomId": "3XX"', "body must be well-formed JSON"),
        (b"roomId=3XX&creatorUsername=Dhoni", "body must be well-formed JSON"),
        (b'["3XX", "Dhoni"]', "body must be a JSON object"),
    ],
)
async def test_a_malformed_body_is_told_so_in_one_sentence(service: Service, body: bytes, message: str) -> None:
    """The envelope is the same, and its message a string."""
    response = await service.raw("POST", ROOMS, body)
    assert response.status_code == 400
    assert await response.get_json() == {"statusCode": 400, "message": message, "error": "Bad Request"}


async def test_an_empty_body_has_no_fields(service: Service) -> None:
    """A POST of nothing is told what it lacks."""
    response = await service.call("POST", ROOMS)
    assert (response.status_code, await response.get_json()) == (400, bad(NO_ID, NO_CREATOR))


async def test_a_number_is_taken_as_it_is_written(service: Service) -> None:
    """Ids may be numbers."""
    response = await service.call("POST", ROOMS, json={"roomId": 3, "creatorUsername": 7.5})
    assert response.status_code == 201
    room = await service.rooms.find("3")
    assert room.creator == "7.5"


@pytest.mark.parametrize("room_id", ["a/b", "a//b", "messages", "x/messages", "room-info", "a:b*?#%", " ", "\N{DOG}"])
async def test_a_room_may_have_any_name(service: Service, room_id: str) -> None:
    """Each is opened, read and closed by its name, and by no other."""
    body = json.dumps({"roomId": room_id, "creatorUsername": "Dhoni"}).encode()
    path = f"{ROOMS}/{room_id}"
    assert (await ask(service.app, "POST", ROOMS, body=body))[0] == 201
    assert (await ask(service.app, "GET", f"{path}/messages"))[::2] == (200, b"[]")
    assert (await ask(service.app, "GET", f"{path}x/messages"))[0] == 403
    assert (await ask(service.app, "DELETE", path))[0] == 204
    assert (await ask(service.app, "DELETE", path))[0] == 404


# reading


async def test_what_was_said_is_shown_oldest_first(service: Service) -> None:
    """Just these four keys, whatever else came with a message."""
    said = await say(service, await opened(service), "one", "two \N{DOG}")
    response = await service.call("GET", f"{ROOMS}/3XX/messages")
    assert (response.status_code, response.mimetype) == (200, "application/json")
    assert await response.get_json() == [
        {"order": i, "username": "Dhoni", "content": one.content, "createdAt": iso(one.created_at)}
        for i, one in enumerate(said, 1)
    ]


async def test_of_a_silent_room_an_empty_array_is_shown(service: Service) -> None:
    """200 and `[]`."""
    await opened(service)
    assert await orders(service) == []
    assert await orders(service, "?fromIndex=5&limit=3") == []


@pytest.mark.parametrize("query", ["", "?limit=1", "?fromIndex=1"])
async def test_a_room_that_is_not_open_is_not_read(service: Service, query: str) -> None:
    """403 for one that never was, and for one that was closed, with what the document says."""
    room = await opened(service, "closed")
    await say(service, room, "secret")
    await service.rooms.close_room("closed")
    for room_id in ("123", "closed", "x" * 1000):
        response = await service.call("GET", f"{ROOMS}/{room_id}/messages{query}")
        assert (response.status_code, await response.get_json()) == (403, FORBIDDEN)


async def test_a_part_of_what_was_said_is_shown(service: Service) -> None:
    """By order, both ends included, and at most so many."""
    await say(service, await opened(service), *"abcde")
    assert await orders(service, "?fromIndex=2&toIndex=4") == [2, 3, 4]
    assert await orders(service, "?fromIndex=4") == [4, 5]
    assert await orders(service, "?toIndex=2") == [1, 2]
    assert await orders(service, "?limit=2") == [4, 5]
    assert await orders(service, "?fromIndex=2&limit=2") == [2, 3]
    assert await orders(service, "?fromIndex=9999999999") == []


@pytest.mark.parametrize(
    ("query", "messages"),
    [
        ("fromIndex=0", ["fromIndex must be an integer from 1 on"]),
        ("toIndex=two&fromIndex=", [f"{field} must be an integer from 1 on" for field in ("fromIndex", "toIndex")]),
        ("limit=1001", ["limit must be an integer from 1 to 1000"]),
        ("fromIndex=3&toIndex=2", "toIndex must not be less than fromIndex"),
    ],
)
async def test_a_part_that_is_none_is_refused(service: Service, query: str, messages: str | list[str]) -> None:
    """400, by field."""
    await opened(service)
    response = await service.call("GET", f"{ROOMS}/3XX/messages?{query}")
    assert response.status_code == 400
    assert await response.get_json() == {"statusCode": 400, "message": messages, "error": "Bad Request"}


async def test_a_long_history_is_shown_whole(service: Service) -> None:
    """However much was said."""
    room = await opened(service)
    await asyncio.gather(*(say(service, room, "hello") for _ in range(PAGE + 1)))
    assert await orders(service) == list(range(1, PAGE + 2))


# closing


async def test_a_room_is_closed_once(service: Service) -> None:
    """204 and nothing else, then 404 with what the document says."""
    await opened(service)
    response = await service.call("DELETE", f"{ROOMS}/3XX")
    assert (response.status_code, await response.get_data()) == (204, b"")
    for room_id in ("3XX", "4XX"):
        response = await service.call("DELETE", f"{ROOMS}/{room_id}")
        assert response.status_code == 404
        assert await response.get_json() == {
            "code": "room.not-found",
            "message": f"Room with '{room_id}' not found",
        }


async def test_a_room_is_opened_anew_without_a_history(service: Service) -> None:
    """What was said before it was closed is gone."""
    await say(service, await opened(service), "before")
    await service.call("DELETE", f"{ROOMS}/3XX")
    assert (await service.call("POST", ROOMS, json={"roomId": "3XX", "creatorUsername": "x"})).status_code == 201
    assert await orders(service) == []


# all of them


async def test_rooms_that_are_open_are_shown(service: Service) -> None:
    """The newest first, with who is there and how much was said."""
    room, other = await opened(service), await opened(service, "4XX")
    await say(service, room, "one", "two")
    await service.rooms.participants.enter(room, "Dhoni", "socket")
    response = await service.call("GET", f"{ROOMS}/room-info")
    assert await response.get_json() == [
        {
            "roomId": "4XX",
            "createdBy": "Dhoni",
            "createdDate": iso(other.created_at),
            "participants": [],
            "messageCount": 0,
        },
        {
            "roomId": "3XX",
            "createdBy": "Dhoni",
            "createdDate": iso(room.created_at),
            "participants": [{"roomId": "3XX", "username": "Dhoni", "connected": True}],
            "messageCount": 2,
        },
    ]


@pytest.mark.parametrize("mode", ["dev", "prod"])
@pytest.mark.parametrize(
    ("method", "path", "status", "message", "error"),
    [
        ("GET", ROOMS, 405, "Method Not Allowed", "Method Not Allowed"),
        ("GET", f"{ROOMS}/3XX/nope", 405, "Method Not Allowed", "Method Not Allowed"),
        ("PATCH", f"{ROOMS}/", 404, f"Cannot PATCH {ROOMS}/", "Not Found"),
    ],
)
async def test_an_error_of_any_path_of_rooms_has_their_envelope(
    mode: str, method: str, path: str, status: int, message: str, error: str
) -> None:
    """In either mode, also where no view was asked."""
    service = await Service.start(mode=mode)
    response = await service.call(method, path)
    assert response.status_code == status
    assert await response.get_json() == {"statusCode": status, "message": message, "error": error}
    await service.close()


async def test_a_store_that_does_not_answer_is_told_of_in_their_envelope(service: Service) -> None:
    """503, and when to ask again."""
    await service.store.close()
    response = await service.call("GET", f"{ROOMS}/3XX/messages")
    assert (response.status_code, response.headers["Retry-After"]) == (503, "1")
    assert await response.get_json() == {
        "statusCode": 503,
        "message": "Service unavailable",
        "error": "Service Unavailable",
    }
