"""The friends contract's Socket.IO side, as `/docs` tells it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FRIENDS", "Contract", "Event", "Refusal"]


@dataclass(frozen=True, slots=True)
class Event:
    """An event.

    Attributes:
        name: what it is called on the wire.
        payload: the shape of its one argument.
        example: the argument as JSON.
        receivers: who gets it, or what the server does with it.
        moment: when it is sent.

    """

    name: str
    payload: str
    example: str
    receivers: str
    moment: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error, and what causes it.

    Attributes:
        packet: how it arrives.
        payload: its argument as JSON.
        cause: why it is sent.
        after: what a client can do.

    """

    packet: str
    payload: str
    cause: str
    after: str


@dataclass(frozen=True, slots=True)
class Contract:
    """What a client must know to speak with a gateway.

    Attributes:
        path: the Socket.IO path that reaches it on every listener; on its own, `/socket.io` does too.
        credentials: where a token may be, in the order in which the places are looked at.
        code: a client in JavaScript, for `socket.io-client`.

    """

    name: str
    path: str
    namespace: str
    credentials: tuple[str, ...]
    sent: tuple[Event, ...]
    received: tuple[Event, ...]
    refusals: tuple[Refusal, ...]
    code: str


_MESSAGE = (
    '{"message": "Hello there!", "username": "Obivan", "createdAt": "2024-04-29T12:00:00.000Z",'
    ' "id": "18f29b4600000000a1b2c3d4", "senderId": "624a113c721753da2f9e2567"}'
)
_CONNECTED = '{"message": "Obivan connected now.", "username": "Obivan", "createdAt": "2024-04-29T12:00:00.000Z"}'
_DISCONNECTED = _CONNECTED.replace(" connected", " disconnected")
_SHAPE = "object with the strings `message`, `username` and `createdAt`"
_MESSAGE_SHAPE = "object with the strings `message`, `username`, `createdAt`, `id` and `senderId`; `id` tells a repeat"

FRIENDS = Contract(
    name="friends",
    path="/friends/socket.io",
    namespace="/",
    credentials=(
        "`query.token`: the token as it is",
        "`auth.token`: the token, as it is or after `Bearer `",
        "the `Authorization` header: the token, as it is or after `Bearer `",
    ),
    sent=(
        Event(
            name="message",
            payload="string that is not empty",
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
            payload=f"array, newest first, of: {_MESSAGE_SHAPE}",
            example=f"[{_MESSAGE}]",
            receivers="The connecting socket.",
            moment="once a connection, before anything live; `[]` if there is nothing",
        ),
        Event(
            name="connected",
            payload=_SHAPE,
            example=_CONNECTED,
            receivers="All sockets of all friends.",
            moment="with the first socket of a user",
        ),
        Event(
            name="message",
            payload=_MESSAGE_SHAPE,
            example=_MESSAGE,
            receivers="All sockets of all friends; not the sender's own.",
            moment="after the message was stored",
        ),
        Event(
            name="disconnected",
            payload=_SHAPE,
            example=_DISCONNECTED,
            receivers="All sockets of all friends.",
            moment="when the last socket of a user is gone: at once after a goodbye, after a grace if it was lost",
        ),
    ),
    refusals=(
        Refusal(
            packet="connect_error",
            payload='{"message": "Unauthorized"}',
            cause="The handshake has no credential.",
            after="Log in, then connect again.",
        ),
        Refusal(
            packet="connect_error",
            payload='{"message": "Invalid token"}',
            cause="The token is malformed, forged or expired, or its user does not exist any more.",
            after="Log in, then connect again.",
        ),
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
