"""The notifications contract's Socket.IO side."""

from __future__ import annotations

from app.contracts.contract import Answer, Contract, Event, Failure, Refusal
from app.contracts.shapes import BOOLEAN, INSTANT, MESSAGE_ID, TEXT, constant, either, listed, record, text

__all__ = ["NOTIFICATIONS"]

_ID = "18f29b4600000000a1b2c3d4"
_USER = "624a1138cda69df1a7c29caf"
_BODY = f'"message": "Your order has shipped", "userId": "{_USER}"'
_BODY_WORDS = (
    "object with the strings `message` (1 to 4096 characters) and `userId` (1 to 256), and any other keys, which are "
    "kept as they are"
)

_ID_OF_USER = text(least=1, most=256)
_NEW = record(
    "NewNotification",
    "A notification to be sent, with any other keys, which are kept.",
    message=text(least=1, most=4096),
    userId=_ID_OF_USER,
    more=True,
)
_TOLD = record(
    "Notification",
    "A notification as it was sent, with its id and its instant.",
    message=text(least=1),
    userId=_ID_OF_USER,
    id=MESSAGE_ID,
    createdAt=INSTANT,
    more=True,
)
_SENT = record("Sent", "It is stored.", message=constant("Notification sent successfully"), id=MESSAGE_ID)
_CONFIRMATION = record(
    "Confirmation", "A notification that its user has had.", notificationId=text(least=1, most=256), userId=_ID_OF_USER
)
_CONFIRMED = record("Confirmed", "It does not come again.", notificationId=TEXT, confirmed=constant(True))
_SESSION = record(
    "Session",
    "Who one is, and the name under which that is known.",
    sessionID=text(least=1),
    userID=TEXT,
    username=TEXT,
)
_SOMEBODY = record("User", "Who is here, or was.", userID=TEXT, username=TEXT, connected=BOOLEAN)
_EXCEPTION = record(
    "Exception",
    "What could not be done, and why: a sentence, or one for each rule that is broken.",
    status=constant("error"),
    message=either(TEXT, listed(TEXT, least=1)),
)
_AUTH = record(
    "Auth",
    "The `auth` of a handshake.",
    optional={
        "sessionID": text("The session to go on with, or what a new one is to be called."),
        "userID": _ID_OF_USER,
        "username": _ID_OF_USER,
        "token": text("As it is, or after `Bearer `."),
    },
)

NOTIFICATIONS = Contract(
    name="notifications",
    folder="notifications",
    summary="What a service tells a user stays until the user's client has confirmed it.",
    port=5002,
    path="/notifications/socket.io",
    namespace="/",
    notes=(
        "A service sends at `POST /notification/send`, a client as below. `createdAt` is ISO 8601 in UTC with three "
        "fractional digits. Events are acknowledged where the client asks for it; what is refused, with the payload of "
        "`exception`. A notification may come twice, with the same `id`. Clients pass over keys that they do not know."
    ),
    handshake=(
        "`auth` is an object with the strings `userID` and `username` (1 to 256 characters), who the client says to "
        "be, and `sessionID`, what it wants its session to be called. A `sessionID` that is known, on any server, "
        "stands for the user that it was begun with, whatever else is said. Where `NOTIFICATIONS_AUTH` is `token` the "
        "client must also prove to be that user."
    ),
    credentials=(
        "`query.token`: the token, as it is or after `Bearer `",
        "`auth.token`: the token, as it is or after `Bearer `",
        "the `Authorization` header: the token, as it is or after `Bearer `",
    ),
    auth=_AUTH,
    sent=(
        Event(
            name="sendNotification",
            payload=_BODY_WORDS,
            shape=_NEW,
            answer=Answer(_SENT, f'{{"message": "Notification sent successfully", "id": "{_ID}"}}'),
            example=f'{{{_BODY}, "order": 7}}',
            receivers=(
                "Stored, then sent to every socket of the user as `newNotification`. An acknowledgement, where one is "
                "asked for, has `message` and the `id`: then it is stored."
            ),
            moment="at any time after the connect",
        ),
        Event(
            name="confirmNotification",
            payload="object with the strings `notificationId` and `userId`, which is the client's own",
            shape=_CONFIRMATION,
            answer=Answer(_CONFIRMED, f'{{"notificationId": "{_ID}", "confirmed": true}}'),
            example=f'{{"notificationId": "{_ID}", "userId": "{_USER}"}}',
            receivers=(
                "The notification does not come again. One device of the user is enough, and again is no error. An "
                "acknowledgement, where one is asked for, has `notificationId` and `confirmed`."
            ),
            moment="after a `newNotification`",
        ),
    ),
    received=(
        Event(
            name="session",
            payload="object with the strings `sessionID`, `userID` and `username`",
            shape=_SESSION,
            example=f'{{"sessionID": "7b0e1b5c-64f0-4d3e-9a53-0b3f5a6c1d2e", "userID": "{_USER}", "username": "Han"}}',
            receivers="The connecting socket. Whoever knows a `sessionID` can connect as its user: keep it.",
            moment="once a connection, before anything else",
        ),
        Event(
            name="users",
            payload=(
                "array of objects with the strings `userID` and `username` and the boolean `connected`; each user "
                "once, those who are connected first, at most `USERS_LIMIT`"
            ),
            shape=listed(_SOMEBODY),
            example=f'[{{"userID": "{_USER}", "username": "Han", "connected": true}}]',
            receivers="All sockets.",
            moment="after every connect, and when the last socket of a user is gone; at most twice a second",
        ),
        Event(
            name="newNotification",
            payload="what was sent, with the strings `id` and `createdAt`",
            shape=_TOLD,
            example=f'{{{_BODY}, "order": 7, "id": "{_ID}", "createdAt": "2024-04-29T12:00:00.000Z"}}',
            receivers="All sockets of the user.",
            moment=(
                "after it was stored, and again with every connect until it is confirmed: oldest first, the newest "
                "`UNSEEN_LIMIT` of what is pending"
            ),
        ),
    ),
    failure=Failure("exception", _EXCEPTION, _EXCEPTION),
    refusals=(
        Refusal(
            packet="connect_error",
            payload='{"message": "Username and userID are required"}',
            cause="The session is not known, and `userID` or `username` is no string with something in it.",
            after="Say who it is, then connect again.",
        ),
        Refusal(
            packet="connect_error",
            payload='{"message": "Unauthorized"}',
            cause="`NOTIFICATIONS_AUTH` is `token`, and there is none.",
            after="Log in, then connect again.",
        ),
        Refusal(
            packet="connect_error",
            payload='{"message": "Invalid token"}',
            cause="The token is malformed, forged or expired, or another user's.",
            after="Log in, then connect again.",
        ),
        Refusal(
            packet="exception",
            payload='{"status": "error", "message": ["message should not be empty", "message must be a string"]}',
            cause="A payload breaks the contract; each rule is named. Nothing is stored or sent.",
            after="Mend it; the connection goes on.",
        ),
        Refusal(
            packet="exception",
            payload='{"status": "error", "message": "Notification not found"}',
            cause="A notification that is confirmed does not exist, or is another user's.",
            after="Forget it; the connection goes on.",
        ),
        Refusal(
            packet="exception",
            payload='{"status": "error", "message": "Too many requests: try again in 30 s"}',
            cause="The socket sent more events than `RATE_LIMIT_EVENTS` allows.",
            after="Wait; the connection goes on.",
        ),
        Refusal(
            packet="exception",
            payload='{"status": "error", "message": "Service unavailable"}',
            cause="The store did not answer. Nothing was stored, or it is found to be later, and sent then.",
            after="Ask again later.",
        ),
        Refusal(
            packet="exception, then a disconnect",
            payload='{"status": "error", "message": "Invalid token"}',
            cause="A token that had to be shown expired while its socket was connected.",
            after="Log in, then connect again.",
        ),
    ),
    code="""\
import { io } from "socket.io-client";

const auth = { sessionID: localStorage.sessionID, userID, username };
const socket = io("BASE", { path: "/notifications/socket.io", auth });
socket.on("session", ({ sessionID }) => (auth.sessionID = localStorage.sessionID = sessionID));
socket.on("users", (users) => console.log(users));
socket.on("newNotification", ({ id, userId, message }) => {
  console.log(message);
  socket.emit("confirmNotification", { notificationId: id, userId });
});
socket.on("exception", ({ message }) => console.error(message));
socket.on("connect_error", ({ message }) => console.error(message));
""",
)
