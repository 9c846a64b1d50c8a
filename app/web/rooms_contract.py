"""The rooms contract's Socket.IO side, as `/docs` tells it."""

from __future__ import annotations

from app.web.contract import Contract, Event, Refusal

__all__ = ["ROOMS"]

_MESSAGE = (
    '{"roomId": "3XX", "username": "Dhoni", "content": "Hello there!", "createdAt": "2024-04-29T12:00:00.000Z",'
    ' "order": 1, "socketId": "zQOyVvGUbFRkWLzSAAAB"}'
)
_PARTICIPANTS = (
    '[{"roomId": "3XX", "username": "Kohli", "connected": false},'
    ' {"roomId": "3XX", "username": "Dhoni", "connected": true}]'
)
_LIST_SHAPE = "array of objects with the strings `roomId` and `username` and the boolean `connected`"

ROOMS = Contract(
    name="rooms",
    summary="Whoever is in a room hears what is said there, in one order for everybody.",
    port=3002,
    path="/rooms/socket.io",
    namespace="/",
    notes=(
        "A room is opened and closed over REST, and has to be open. Names of rooms and of users in them have 1 to 128 "
        "characters of any kind; a number is taken as it is written. `order` is 1, 2, 3, ... in each room, over all "
        "servers: none twice, and none left out. Every member hears each order once, and none before the one below "
        "it. Every event is acknowledged where the client asks for it: with what was done, or with the payload of "
        "`exception`."
    ),
    handshake="`auth.roomId` and `auth.username`, if they are there: the room that is joined at once.",
    credentials=(),
    sent=(
        Event(
            name="participants",
            payload="object with the strings `roomId` and `username`",
            example='{"roomId": "3XX", "username": "Dhoni"}',
            receivers=(
                "The socket is in the room, beside those that it is in, and hears what is said from then on. An "
                "acknowledgement, where one is asked for, has the participant."
            ),
            moment="at any time after the connect; again to go by another name",
        ),
        Event(
            name="exchanges",
            payload=(
                "object with the strings `roomId`, `username` and `content` (1 to 4096 characters), perhaps "
                "`createdAt` (an ISO 8601 instant), and whatever else, up to 16384 bytes of JSON"
            ),
            example='{"roomId": "3XX", "username": "Dhoni", "content": "Hello there!"}',
            receivers=(
                "Stored, then sent to every member of the room. Who has not joined joins by that. An acknowledgement, "
                'where one is asked for, has what was stored; `"Invalid Room ID"` if the room is not open.'
            ),
            moment="at any time after the connect",
        ),
        Event(
            name="leave",
            payload="object with the string `roomId`",
            example='{"roomId": "3XX"}',
            receivers="The socket is in that room no more. An acknowledgement, where one is asked for, has `roomId`.",
            moment="at any time; disconnecting leaves all rooms",
        ),
    ),
    received=(
        Event(
            name="exchanges",
            payload=(
                "object with the strings `roomId`, `username`, `content`, `createdAt` and `socketId`, the number "
                "`order`, and whatever else the sender gave; or an array, which is the list of `participants/<roomId>`"
            ),
            example=_MESSAGE,
            receivers="All members of the room, the sender too.",
            moment="after the message was stored; the list when somebody joins",
        ),
        Event(
            name="participants/<roomId>",
            payload=f"{_LIST_SHAPE}: who is there, and who was, those who came last at the end",
            example=_PARTICIPANTS,
            receivers="All members of the room.",
            moment="when somebody joins or leaves; a lost connection leaves after a grace",
        ),
        Event(
            name="room_closed",
            payload="object with the string `roomId`",
            example='{"roomId": "3XX"}',
            receivers="All members of the room, who are in it no more.",
            moment="when it was closed, after all that was said there",
        ),
    ),
    refusals=(
        Refusal(
            packet="exception",
            payload='{"status": "error", "code": "access-forbidden", "message": "The access is forbidden"}',
            cause="The room is not open, or was closed meanwhile.",
            after="Open it, or name another; the connection goes on.",
        ),
        Refusal(
            packet="exception",
            payload='{"status": "error", "code": "invalid", "message": "roomId should not be empty"}',
            cause="A payload breaks the contract; each field that does is named. Nothing was stored.",
            after="Mend it; the connection goes on.",
        ),
        Refusal(
            packet="exception",
            payload='{"status": "error", "code": "too_many", "message": "Too many requests: try again in 30 s"}',
            cause="The socket sent more events than `RATE_LIMIT_EVENTS` allows.",
            after="Wait; the connection goes on.",
        ),
        Refusal(
            packet="exception",
            payload='{"status": "error", "code": "unavailable", "message": "Service unavailable"}',
            cause="The store did not answer. A message was not stored, or it is found to be later, and heard then.",
            after="Ask again later.",
        ),
    ),
    code="""\
import { io } from "socket.io-client";

const socket = io("BASE", { path: "/rooms/socket.io" });
socket.on("connect", () => socket.emit("participants", { roomId: "3XX", username: "Dhoni" }));
socket.on("participants/3XX", (participants) => console.log(participants));
socket.on("exchanges", (sent) => {
  if (!Array.isArray(sent)) console.log(sent.order, sent.username, sent.content);
});
socket.on("room_closed", ({ roomId }) => console.log(`${roomId} was closed`));
socket.on("exception", ({ message }) => console.error(message));
socket.emit("exchanges", { roomId: "3XX", username: "Dhoni", content: "Hello there!" });
""",
)
