"""The presence contract's Socket.IO side for services: a gateway of its own, on a port of its own."""

from __future__ import annotations

from app.contracts.contract import Answer, Contract, Event, Failure, Refusal
from app.contracts.presence import NOBODY_REACHED, SENT, UNREADABLE
from app.contracts.presence_shapes import DISPATCH, FAILED
from app.contracts.shapes import INSTANT, TEXT, constant, record, text

__all__ = ["INTERNAL"]

_USER = "624a1138cda69df1a7c29caf"
_INSTANT = "2024-04-29T12:00:00.000Z"
_CONNECTED = record(
    "ConnectedService",
    "A service may send from now on.",
    message=constant("Connected to internal WebSocket service"),
    socketId=text(least=1),
)
_PONG = record("ServicePong", "That the gateway is there.", timestamp=INSTANT, service=constant("internal_websocket"))
_AUTH = record("ServiceAuth", "The `auth` of a handshake.", optional={"serviceName": TEXT, "serviceKey": TEXT})

INTERNAL = Contract(
    name="internal",
    folder="presence",
    summary="Services send to any users who are online on the presence contract.",
    port=4000,
    path="/socket.io",
    namespace="/",
    notes=(
        "It listens on the loopback address unless `INTERNAL_HOST` says otherwise, and is served nowhere else. What a "
        "service sends reaches users as `message` of the presence contract, with `internal_service` as its `senderId` "
        "and as the `source` in its `metadata`."
    ),
    handshake=(
        "`auth.serviceName` and `auth.serviceKey`, where `INTERNAL_SERVICE_KEYS` is set; where it is not, everybody "
        "who reaches the port as `localhost` may send to everybody, and all others are answered 403."
    ),
    credentials=(),
    auth=_AUTH,
    sent=(
        Event(
            name="send_message",
            payload=(
                "object with `recipientIds`, an array of user ids, the string `message`, and an object `metadata` if "
                "one likes, which is passed on, with its `source` set"
            ),
            shape=DISPATCH,
            answer=SENT,
            example=(f'{{"recipientIds": ["{_USER}"], "message": "Hello!", "metadata": {{"serviceName": "orders"}}}}'),
            receivers=(
                "Written to every session of each recipient. The acknowledgement has `status`, `recipients` with "
                "`total`, `sent` and `failed`, and `timestamp`, as that of a user has."
            ),
            moment="at any time after `connected`",
        ),
        Event(
            name="ping",
            payload="none",
            shape=None,
            example="",
            answer=Answer(_PONG, f'{{"timestamp": "{_INSTANT}", "service": "internal_websocket"}}'),
            receivers="Acknowledged with `timestamp` and `service`.",
            moment="at any time after the connect",
        ),
    ),
    received=(
        Event(
            name="connected",
            payload="object with the strings `message` and `socketId`",
            shape=_CONNECTED,
            example='{"message": "Connected to internal WebSocket service", "socketId": "NN2mVKKNuavncuufDYbl"}',
            receivers="The socket that has connected.",
            moment="after the connect, before anything else",
        ),
    ),
    failure=Failure("", None, FAILED),
    refusals=(
        Refusal(
            packet="connect_error",
            payload='{"message": "Invalid service key"}',
            cause="`INTERNAL_SERVICE_KEYS` is set, and the handshake has no name and key of it.",
            after="Connect again with the key.",
        ),
        UNREADABLE,
        NOBODY_REACHED,
    ),
    code="""\
import { io } from "socket.io-client";

const socket = io("http://localhost:4000", { auth: { serviceName: "orders", serviceKey } });
const dispatch = { recipientIds, message: "Your order has shipped", metadata: { serviceName: "orders" } };
socket.on("connected", () => socket.emit("send_message", dispatch, ({ recipients }) => console.log(recipients.sent)));
socket.on("connect_error", ({ message }) => console.error(message));
""",
)
