"""A server of the friends contract as somebody writes it who has read its table of events, and nothing else.

It is stock python-socketio over aiohttp. Nothing in it was made for the suites, and its faults are its own: a payload
is taken as it comes, what was unseen is forgotten once it was emitted, whoever closes one of two windows is gone.

usage: python stranger.py USERS, where USERS is a JSON file: {token: {"id", "name", "friends": [id]}}
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import socketio
from aiohttp import web
from socketio import exceptions

io = socketio.AsyncServer(async_mode="aiohttp", cors_allowed_origins="*")
users: dict[str, dict[str, Any]] = {}
unseen: dict[str, list[dict[str, Any]]] = {}


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def is_online(user: str) -> bool:
    return any(True for _ in io.manager.get_participants("/", user))


async def tell_friends(user: dict[str, Any], event: str, payload: dict[str, Any]) -> None:
    for friend in user["friends"]:
        await io.emit(event, payload, room=friend)


async def announce(user: dict[str, Any], event: str) -> None:
    text = f"{user['name']} {event} now."
    await tell_friends(user, event, {"message": text, "username": user["name"], "createdAt": now()})


@io.event
async def connect(sid: str, environ: dict[str, Any], auth: Any) -> None:
    query = dict(pair.split("=", 1) for pair in environ["QUERY_STRING"].split("&"))
    token = query.get("token") or (auth or {}).get("token") or environ.get("HTTP_AUTHORIZATION", "")[7:]
    if not token:
        raise exceptions.ConnectionRefusedError("Unauthorized")
    user = users.get(token)
    if user is None:
        raise exceptions.ConnectionRefusedError("Invalid token")
    await io.save_session(sid, user)
    first = not is_online(user["id"])
    await io.enter_room(sid, user["id"])
    await io.emit("unseen_messages", unseen.pop(user["id"], [])[::-1], room=sid)
    if first:
        await announce(user, "connected")


@io.event
async def message(sid: str, text: Any) -> None:
    user = await io.get_session(sid)
    payload = {"message": text, "username": user["name"], "createdAt": now()}
    for friend in user["friends"]:
        if not is_online(friend):
            unseen.setdefault(friend, []).append(payload)
    await tell_friends(user, "message", payload)


@io.event
async def disconnect(sid: str) -> None:
    user = await io.get_session(sid)
    if user:
        await announce(user, "disconnected")


def main() -> None:
    users.update(json.loads(Path(sys.argv[1]).read_text()))
    application = web.Application()
    io.attach(application)
    web.run_app(application, host="127.0.0.1", port=0, handle_signals=True)


if __name__ == "__main__":
    main()
