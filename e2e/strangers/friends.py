"""The friends contract as an afternoon's work: stock python-socketio and aiohttp, everything in memory.

    JWT_SECRET=... python -m e2e.strangers.friends 8080

It does what the document of the contract shows, and nothing was tried but two browsers beside each other. Its faults
are those that come by themselves, and none was put in: `tests/harness/test_strangers.py` tells them one by one.
"""

import os
import sys
import time
import uuid
from datetime import UTC, datetime

import jwt
import socketio
import socketio.exceptions
from aiohttp import web

SECRET = os.environ["JWT_SECRET"]

sio = socketio.AsyncServer(async_mode="aiohttp", cors_allowed_origins="*")
users = {}  # by id: {_id, email, password, name, surname, friends, lastSeen}
online = {}  # by user id: the sids
unseen = {}  # by user id: messages


def now():
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def sign(user):
    claims = {"sub": user["_id"], "_id": user["_id"], "email": user["email"]}
    return jwt.encode(claims | {"iat": int(time.time()), "exp": int(time.time()) + 86_400}, SECRET, "HS256")


def user_of(token):
    try:
        return users.get(jwt.decode(token, SECRET, ["HS256"])["sub"])
    except (jwt.InvalidTokenError, KeyError):
        return None


def public(user):
    return {key: value for key, value in user.items() if key != "password"}


def add(name, surname, email, password):
    user_id = uuid.uuid4().hex[:24]
    known = {"email": email, "password": password, "name": name, "surname": surname}
    users[user_id] = {"_id": user_id, **known, "friends": [], "lastSeen": now()}
    return users[user_id]


def befriend(one, other):
    for a, b in ((one, other), (other, one)):
        if b["_id"] not in a["friends"]:
            a["friends"].append(b["_id"])


# REST


@web.middleware
async def errors_as_json(request, handler):
    try:
        return await handler(request)
    except web.HTTPException as error:
        name = type(error).__name__.removeprefix("HTTP") + "Exception"
        text = f"Cannot {request.method} {request.path}" if error.status == 404 else error.text
        about = {"timestamp": now(), "path": request.path, "method": request.method}
        body = {"httpStatus": error.status, **about, "errorName": name, "message": text}
        return web.json_response(body, status=error.status)


def actor(request):
    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    user = user_of(token)
    if user is None:
        raise web.HTTPUnauthorized(text="Invalid token" if token else "Unauthorized")
    return user


async def register(request):
    body = await request.json()
    if any(user["email"] == body["email"] for user in users.values()):
        raise web.HTTPConflict(text="Email already in use")
    user = add(body.get("name", ""), body.get("surname", ""), body["email"], body["password"])
    return web.json_response({"user": public(user), "token": sign(user)}, status=201)


async def login(request):
    body = await request.json()
    user = next((user for user in users.values() if user["email"] == body["email"]), None)
    if user is None:
        raise web.HTTPUnauthorized(text="User not found!")
    if user["password"] != body["password"]:
        raise web.HTTPUnauthorized(text="Wrong password!")
    return web.json_response({"user": public(user), "token": sign(user)})


async def me(request):
    return web.json_response(public(actor(request)))


async def friends(request):
    found = [public(users[friend]) for friend in actor(request)["friends"]]
    return web.json_response([{**user, "online": user["_id"] in online} for user in found])


async def add_friend(request):
    user, friend = actor(request), users[(await request.json())["friendId"]]
    befriend(user, friend)
    return web.json_response([public(user), public(friend)])


async def remove_friend(request):
    user, friend = actor(request), users[request.match_info["friend"]]
    user["friends"].remove(friend["_id"])
    friend["friends"].remove(user["_id"])
    return web.Response(status=204)


async def hello(request):
    return web.Response(text="Hello World!")


# Socket.IO


async def tell_friends(user, event, payload):
    for friend in user["friends"]:
        await sio.emit(event, payload, room=friend)


async def announce(user, event):
    text = f"{user['name']} {event} now."
    await tell_friends(user, event, {"message": text, "username": user["name"], "createdAt": now()})


@sio.event
async def connect(sid, environ, auth):
    query = dict(pair.split("=", 1) for pair in environ["QUERY_STRING"].split("&"))
    token = query.get("token") or (auth or {}).get("token") or environ.get("HTTP_AUTHORIZATION")
    if not token:
        raise socketio.exceptions.ConnectionRefusedError("Unauthorized")
    user = user_of(token.removeprefix("Bearer "))
    if user is None:
        raise socketio.exceptions.ConnectionRefusedError("Invalid token")
    await sio.save_session(sid, {"user": user})
    await sio.enter_room(sid, user["_id"])
    online.setdefault(user["_id"], set()).add(sid)
    await sio.emit("unseen_messages", unseen.pop(user["_id"], [])[::-1], to=sid)
    await announce(user, "connected")


@sio.event
async def message(sid, text):
    user = (await sio.get_session(sid))["user"]
    if not text:
        return
    payload = {"message": text, "username": user["name"], "createdAt": now()}
    for friend in user["friends"]:
        if friend not in online:
            unseen.setdefault(friend, []).append(payload)
    await tell_friends(user, "message", payload)


@sio.event
async def disconnect(sid):
    user = (await sio.get_session(sid))["user"]
    online[user["_id"]].discard(sid)
    if not online[user["_id"]]:
        del online[user["_id"]]
        user["lastSeen"] = now()
    await announce(user, "disconnected")


def main():
    obi = add("Obivan", "Kenobi", "obi@mail.com", "123456")
    han = add("Han", "Solo", "han@mail.com", "123456")
    anakin = add("Anakin", "Skywalker", "anakin@mail.com", "123456")
    befriend(obi, han)
    befriend(obi, anakin)
    app = web.Application(middlewares=[errors_as_json])
    app.add_routes(
        [
            web.get("/", hello),
            web.post("/auth/login", login),
            web.post("/users", register),
            web.get("/users/me", me),
            web.get("/users/me/friends", friends),
            web.post("/users/{id}/friends", add_friend),
            web.delete("/users/{id}/friends/{friend}", remove_friend),
        ]
    )
    sio.attach(app)
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]))


if __name__ == "__main__":
    main()
