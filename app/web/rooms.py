"""`/api/v1/rooms`: rooms are opened and closed, and what was said in them is read, by anybody who knows their name."""

from __future__ import annotations

from collections.abc import AsyncIterator

from quart import Blueprint, Response, request
from quart.blueprints import BlueprintSetupState
from werkzeug.routing import PathConverter

from app.domain.rooms import Exchange, RoomConflict, RoomForbidden, RoomNotFound, Rooms
from app.web import room_models as models
from app.web.answers import empty, shown
from app.web.body import json_body
from app.web.fields import read
from app.web.schema import STORED, documented

__all__ = ["blueprint"]

MOST = 50
"""How many rooms an overview has."""


class _Name(PathConverter):
    """Any text at all: slashes at its beginning too, and line breaks."""

    regex = "(?s:.+?)"
    part_isolating = False


_BROKEN = ("roomId should not be empty", "creatorUsername should not be empty")


def blueprint(rooms: Rooms) -> Blueprint:
    """Return the routes of `/api/v1/rooms`. The name of a room may be any text."""
    routes = Blueprint("rooms", __name__)

    @routes.record_once
    def name(state: BlueprintSetupState) -> None:
        state.app.url_map.converters["name"] = _Name

    @routes.post("/api/v1/rooms")
    @documented(
        "Rooms",
        None,
        status=201,
        request=models.NewRoom,
        json=True,
        errors=STORED | {400: _BROKEN, 409: RoomConflict(f"Room with '{models.ROOM_ID}' already exists")},
    )
    async def create() -> Response:
        """Open a room.

        Its id may be that of a room that was closed: nothing was said in it yet. A number is taken as a string.
        """
        new = await json_body(models.NewRoom)
        await rooms.open_room(new.roomId, new.creatorUsername)
        return empty(201)

    @routes.get("/api/v1/rooms/<name:roomId>/messages")
    @documented(
        "Rooms",
        models.RoomMessages,
        query=models.RoomPage,
        errors=STORED | {400: ("limit must be an integer from 1 to 1000",), 403: RoomForbidden()},
    )
    async def messages(roomId: str) -> Response:  # noqa: N803  (the contract's name)
        """Show what was said in a room, oldest first."""
        page = read(models.RoomPage, request.args.to_dict())
        pages = rooms.history(roomId, page.from_index, page.to_index, page.limit)
        first = await anext(pages, [])  # what is wrong is known before anything is answered
        answer = Response(_listed(first, pages), mimetype="application/json")
        answer.timeout = None
        return answer

    @routes.delete("/api/v1/rooms/<name:roomId>")
    @documented(
        "Rooms",
        None,
        status=204,
        errors=STORED | {404: RoomNotFound(f"Room with '{models.ROOM_ID}' not found")},
    )
    async def close(roomId: str) -> Response:  # noqa: N803  (the contract's name)
        """Close a room, for good.

        Who is in it is told, and is in it no more; what was said in it is read by nobody any more.
        """
        await rooms.close_room(roomId)
        return empty()

    @routes.get("/api/v1/rooms/room-info")
    @documented("Rooms", models.Rooms, errors=STORED)
    async def overview() -> Response:
        """Show the newest rooms that are open, newest first."""
        return shown(models.Rooms([models.RoomSummary.of(info) for info in await rooms.overview(MOST)]))

    return routes


async def _listed(page: list[Exchange], pages: AsyncIterator[list[Exchange]]) -> AsyncIterator[bytes]:
    """Return a JSON array of what is on all pages, while they are read."""
    start = b"["
    while page:
        shown = ",".join(models.RoomMessage.of(exchange).model_dump_json() for exchange in page)
        yield start + shown.encode()
        start = b","
        page = await anext(pages, [])
    yield b"[]" if start == b"[" else b"]"
