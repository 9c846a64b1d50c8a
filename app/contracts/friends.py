"""The friends contract's Socket.IO side."""

from __future__ import annotations

from app.contracts.contract import Contract, Event, Failure, Refusal
from app.contracts.refusals import BAD_TOKEN, NO_CREDENTIAL
from app.contracts.shapes import INSTANT, MESSAGE_ID, TEXT, constant, listed, record, text

__all__ = ["FRIENDS"]

_MESSAGE = (
    '{"message": "Hello there!", "username": "Obivan", "createdAt": "2024-04-29T12:00:00.000Z",'
    ' "id": "18f29b4600000000a1b2c3d4", "senderId": "624a113c721753da2f9e2567"}'
)
_CONNECTED = '{"message": "Obivan connected now.", "username": "Obivan", "createdAt": "2024-04-29T12:00:00.000Z"}'
_DISCONNECTED = _CONNECTED.replace(" connected", " disconnected")
_WORDS = "object with the strings `message`, `username` and `createdAt`"
_MESSAGE_WORDS = "object with the strings `message`, `username`, `createdAt`, `id` and `senderId`; `id` tells a repeat"

_SAID = record(
    "Message",
    "What a friend said.",
    message=text("What was said, as it was sent."),
    username=text("The first name of who said it."),
    createdAt=INSTANT,
    optional={"id": MESSAGE_ID, "senderId": text("Who said it.")},
)
_ANNOUNCEMENT = record(
    "Announcement",
    "A friend came, or went.",
    message=text("`<username> connected now.`, or `<username> disconnected now.`"),
    username=text("The first name of the friend."),
    createdAt=INSTANT,
)
_EXCEPTION = record("Exception", "What could not be done, and why.", status=constant("error"), message=TEXT)
_AUTH = record("Auth", "The `auth` of a handshake.", optional={"token": text("As it is, or after `Bearer `.")})

FRIENDS = Contract(
    name="friends",
    folder="friends",
    summary="What a user says reaches every friend: at once, or with the next connect.",
    port=3000,
    path="/friends/socket.io",
    namespace="/",
    notes=(
        "Every `createdAt` is ISO 8601 in UTC with three fractional digits. Clients pass over keys that they do not "
        "know."
    ),
    credentials=(
        "`query.token`: the token as it is",
        "`auth.token`: the token, as it is or after `Bearer `",
        "the `Authorization` header: the token, as it is or after `Bearer `",
    ),
    required=True,
    auth=_AUTH,
    sent=(
        Event(
            name="message",
            payload="string that is not empty",
            shape=text(most=4096),
            example='"Hello there!"',
            receivers=(
                "Stored, then sent to every socket of every friend. There is no acknowledgement, also where one is "
                "asked for. An empty string, a missing payload and the message of a user without friends are ignored."
            ),
            moment="at any time after the connect",
        ),
    ),
    received=(
        Event(
            name="unseen_messages",
            payload=f"array, newest first, of: {_MESSAGE_WORDS}",
            shape=listed(_SAID),
            example=f"[{_MESSAGE}]",
            receivers="The connecting socket.",
            moment="once a connection, before anything live; `[]` if there is nothing",
        ),
        Event(
            name="connected",
            payload=_WORDS,
            shape=_ANNOUNCEMENT,
            example=_CONNECTED,
            receivers="All sockets of all friends.",
            moment="with the first socket of a user",
        ),
        Event(
            name="message",
            payload=_MESSAGE_WORDS,
            shape=_SAID,
            example=_MESSAGE,
            receivers="All sockets of all friends; not the sender's own.",
            moment="after the message was stored",
        ),
        Event(
            name="disconnected",
            payload=_WORDS,
            shape=_ANNOUNCEMENT,
            example=_DISCONNECTED,
            receivers="All sockets of all friends.",
            moment="when the last socket of a user is gone: at once after a goodbye, after a grace if it was lost",
        ),
    ),
    failure=Failure("exception", _EXCEPTION, None),
    refusals=(
        NO_CREDENTIAL,
        BAD_TOKEN,
        Refusal(
            packet="exception",
            payload='{"status": "error", "message": "message must be a string"}',
            cause="A message is no string, or is too long, or could not be stored. Nobody is sent it.",
            after="Mend the message; the connection goes on.",
        ),
        Refusal(
            packet="exception",
            payload='{"status": "error", "message": "Service unavailable"}',
            cause="The store did not answer; nothing was stored or sent.",
            after="Send it again later.",
        ),
        Refusal(
            packet="exception, then a disconnect",
            payload='{"status": "error", "message": "Invalid token"}',
            cause="The token expired while its socket was connected.",
            after="Log in, then connect again.",
        ),
    ),
    code="""\
import { io } from "socket.io-client";

const socket = io("BASE", { path: "/friends/socket.io", query: { token } });
socket.on("connect", () => {
  socket.on("unseen_messages", (messages) => console.log(messages));
  socket.on("message", ({ username, message }) => console.log(username, message));
  socket.emit("message", "Hello there!");
});
socket.on("connect_error", ({ message }) => console.error(message));
""",
)
