"""The rooms contract's Socket.IO side."""

from __future__ import annotations

from app.contracts.contract import Answer, Contract, Event, Failure, Refusal
from app.contracts.shapes import BOOLEAN, INSTANT, TEXT, constant, either, listed, named, record, text, whole

__all__ = ["ROOMS"]

_MESSAGE = (
    '{"roomId": "3XX", "username": "Dhoni", "content": "Hello there!", "createdAt": "2024-04-29T12:00:00.000Z",'
    ' "order": 1, "socketId": "zQOyVvGUbFRkWLzSAAAB"}'
)
_PARTICIPANTS = (
    '[{"roomId": "3XX", "username": "Kohli", "connected": false},'
    ' {"roomId": "3XX", "username": "Dhoni", "connected": true}]'
)
_LIST_WORDS = "array of objects with the strings `roomId` and `username` and the boolean `connected`"
_PARTICIPANT = '{"roomId": "3XX", "username": "Dhoni", "connected": true}'

_NAME = text(least=1, most=128)
_GIVEN_NAME = named("Name", either(_NAME, {"type": "number"}))
_SAID = record(
    "Exchange",
    "What was said in a room, with whatever else the sender gave.",
    roomId=_NAME,
    username=_NAME,
    content=text("As it was sent."),
    createdAt=INSTANT,
    order=whole("1, 2, 3, ... in the room.", least=1),
    socketId=text("The socket that it was sent from."),
    more=True,
)
_ONE = record("Participant", "Who is in a room, or was.", roomId=_NAME, username=_NAME, connected=BOOLEAN)
_ALL = listed(_ONE)
_NEW = record(
    "NewExchange",
    "Something to be said, with whatever else goes with it.",
    roomId=_GIVEN_NAME,
    username=_GIVEN_NAME,
    content=text(least=1, most=4096),
    optional={"createdAt": either(text('An ISO 8601 instant; `""` is none.'), {"type": "null"})},
    more=True,
)
_PARTICIPATION = record(
    "Participation", "A room to be in, and the name to go by.", roomId=_GIVEN_NAME, username=_GIVEN_NAME
)
_JOINED = record(
    "Joined", "A participant who is in the room now.", roomId=_NAME, username=_NAME, connected=constant(True)
)
_LEAVING = record("Leaving", "A room to be in no more.", roomId=_GIVEN_NAME)
_CLOSED = record("Room", "A room.", roomId=_NAME)
_EXCEPTION = record(
    "Exception",
    "What could not be done, and why.",
    status=constant("error"),
    code=TEXT,
    message=TEXT,
)
_AUTH = record("Auth", "The `auth` of a handshake.", optional={"roomId": _GIVEN_NAME, "username": _GIVEN_NAME})

ROOMS = Contract(
    name="rooms",
    folder="rooms",
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
    auth=_AUTH,
    sent=(
        Event(
            name="participants",
            payload="object with the strings `roomId` and `username`",
            shape=_PARTICIPATION,
            answer=Answer(_JOINED, _PARTICIPANT),
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
            shape=_NEW,
            answer=Answer(either(_SAID, constant("Invalid Room ID")), _MESSAGE),
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
            shape=_LEAVING,
            answer=Answer(_CLOSED, '{"roomId": "3XX"}'),
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
                "`order`, and whatever else the sender gave; or an array, which is the list of `participants/{roomId}`"
            ),
            shape=either(_SAID, _ALL),
            example=_MESSAGE,
            receivers="All members of the room, the sender too.",
            moment="after the message was stored; the list when somebody joins",
        ),
        Event(
            name="participants/{roomId}",
            payload=f"{_LIST_WORDS}: who is there, and who was, those who came last at the end",
            shape=_ALL,
            example=_PARTICIPANTS,
            receivers="All members of the room.",
            moment="when somebody joins or leaves; a lost connection leaves after a grace",
        ),
        Event(
            name="room_closed",
            payload="object with the string `roomId`",
            shape=_CLOSED,
            example='{"roomId": "3XX"}',
            receivers="All members of the room, who are in it no more.",
            moment="when it was closed, after all that was said there",
        ),
    ),
    failure=Failure("exception", _EXCEPTION, _EXCEPTION),
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
