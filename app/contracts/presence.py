"""The presence contract's Socket.IO side, for users; `internal` is that for services."""

from __future__ import annotations

from app.contracts.contract import Answer, Contract, Event, Failure, Refusal
from app.contracts.presence_shapes import (
    AUTHENTICATION,
    CONNECTED_USER,
    DISPATCH,
    FAILED,
    LIST_OF_ALL,
    LIST_OF_DETAILS,
    LIST_OF_FRIENDS,
    MESSAGE,
    PONG,
    RECEIPT,
    REFUSED_TOKEN,
    STATUS,
)
from app.contracts.shapes import either, record, text

__all__ = ["NOBODY_REACHED", "PRESENCE", "SENT", "UNREADABLE"]

_USER = "624a1138cda69df1a7c29caf"
_INSTANT = "2024-04-29T12:00:00.000Z"
_LISTED = f'"userId": "{_USER}", "status": "online", "lastSeen": "{_INSTANT}"'
_CONNECTED = f'{{"user": {{"userId": "{_USER}", "email": "han@mail.com", "socketId": "NN2mVKKNuavncuufDYbl"}}}}'
_FRIENDS = Answer(LIST_OF_FRIENDS, f'{{"users": [{{{_LISTED}, "email": "han@mail.com"}}]}}')

_AUTH = record(
    "Auth",
    "The `auth` of a handshake.",
    optional={"deviceInfo": text("What the device is, where the token does not say it.")},
)

SENT = Answer(
    RECEIPT,
    f'{{"status": "sent", "recipients": {{"total": 1, "sent": ["{_USER}"], "failed": []}}, "timestamp": "{_INSTANT}"}}',
)
"""What both gateways answer a message that reaches its recipient."""

UNREADABLE = Refusal(
    packet="acknowledgement",
    payload=(
        '{"status": "error", "error": "Missing required fields: recipientIds (array) and message", '
        f'"timestamp": "{_INSTANT}"}}'
    ),
    cause="A payload breaks the contract; nobody is sent anything.",
    after="Mend it; the connection goes on.",
)
"""What both gateways answer a message that breaks the contract."""

NOBODY_REACHED = Refusal(
    packet="acknowledgement",
    payload=(
        '{"status": "error", "error": "No recipients online", "recipients": {"total": 1, "sent": [], '
        f'"failed": ["{_USER}"]}}, "timestamp": "{_INSTANT}"}}'
    ),
    cause="None of the recipients has a session.",
    after="Send it again when they are online: nothing is kept.",
)
"""What both gateways answer a message that reaches nobody."""

PRESENCE = Contract(
    name="presence",
    folder="presence",
    summary="Who is online, and messages to any users that are.",
    port=3001,
    path="/presence/socket.io",
    namespace="/",
    notes=(
        "Everything but `authenticate` is answered by acknowledgement alone, and nothing is stored. Instants are ISO "
        "8601 in UTC with three fractional digits. Services send over a gateway of their own, on port 4000 of the "
        "loopback address: `send_message` and `ping` as below, with `auth` `{serviceName, serviceKey}` where "
        "`INTERNAL_SERVICE_KEYS` is set."
    ),
    handshake=(
        "Nothing. A socket is nobody's until it has sent `authenticate`, and is disconnected if it has not within "
        "`AUTH_TIMEOUT` (10 s)."
    ),
    credentials=(),
    auth=_AUTH,
    sent=(
        Event(
            name="authenticate",
            payload="object with the string `token`, as it is or after `Bearer `",
            shape=AUTHENTICATION,
            answer=Answer(either(CONNECTED_USER, REFUSED_TOKEN), _CONNECTED, fails=False),
            example='{"token": "eyJhbGciOi..."}',
            receivers="Answered with `connected`, which an acknowledgement carries too.",
            moment="once the socket is connected",
        ),
        Event(
            name="send_message",
            payload=(
                "object with `recipientIds`, an array of user ids, the string `message`, and an object `metadata` if "
                "one likes, which is passed on but for its `source`"
            ),
            shape=DISPATCH,
            answer=SENT,
            example=f'{{"recipientIds": ["{_USER}"], "message": "Hello!", "metadata": {{"type": "chat"}}}}',
            receivers=(
                "Written to every session of each recipient. The acknowledgement has `status`, `recipients` with "
                "`total`, `sent` and `failed`, and `timestamp`; `sent` are those who have a session that it was "
                "written to, on whichever server."
            ),
            moment="at any time after `connected`",
        ),
        Event(
            name="get_online_users",
            payload="none",
            shape=None,
            example="",
            answer=_FRIENDS,
            receivers="Acknowledged with `users`: the friends who are online, with `email`.",
            moment="at any time after `connected`",
        ),
        Event(
            name="get_online_friends_only",
            payload="none",
            shape=None,
            example="",
            answer=_FRIENDS,
            receivers="The same as `get_online_users`.",
            moment="at any time after `connected`",
        ),
        Event(
            name="get_all_online_users",
            payload="none",
            shape=None,
            example="",
            answer=Answer(LIST_OF_ALL, f'{{"users": [{{{_LISTED}}}], "total": 1}}'),
            receivers=f"Acknowledged with at most `USERS_LIMIT` `users`, such as `{{{_LISTED}}}`, and their `total`.",
            moment="at any time after `connected`",
        ),
        Event(
            name="get_detailed_online_users",
            payload="none",
            shape=None,
            example="",
            answer=Answer(
                LIST_OF_DETAILS,
                f'{{"users": [{{{_LISTED}, "email": "han@mail.com", "sessionCount": 2}}], "total": 1, '
                f'"timestamp": "{_INSTANT}"}}',
            ),
            receivers="The same, with the `email` and the `sessionCount` of each.",
            moment="at any time after `connected`",
        ),
        Event(
            name="ping",
            payload="none",
            shape=None,
            example="",
            answer=Answer(PONG, f'{{"timestamp": "{_INSTANT}"}}'),
            receivers="Acknowledged with `timestamp`.",
            moment="at any time, also before `authenticate`",
        ),
    ),
    received=(
        Event(
            name="connected",
            payload="object with `user`, an object with the strings `userId`, `email` and `socketId`",
            shape=CONNECTED_USER,
            example=_CONNECTED,
            receivers="The socket that has authenticated.",
            moment="after `authenticate`, before anything else",
        ),
        Event(
            name="message",
            payload="object with the strings `recipientId`, `message`, `senderId`, `timestamp`, and `metadata` if any",
            shape=MESSAGE,
            example=(
                f'{{"recipientId": "{_USER}", "message": "Hello!", "metadata": {{"type": "chat"}}, '
                f'"timestamp": "{_INSTANT}", "senderId": "624a113c721753da2f9e2567"}}'
            ),
            receivers="All sockets of each recipient. Of a service `metadata.source` is `internal_service`.",
            moment="on `send_message`",
        ),
        Event(
            name="user_status_update",
            payload="object with the strings `userId`, `status` (`online` or `offline`) and `email`",
            shape=STATUS,
            example=f'{{"userId": "{_USER}", "status": "online", "email": "han@mail.com"}}',
            receivers="All sockets of all friends, and nobody else.",
            moment="with the first socket of a user, and when the last is gone",
        ),
    ),
    failure=Failure("authentication_error", REFUSED_TOKEN, FAILED),
    refusals=(
        Refusal(
            packet="authentication_error, then a disconnect",
            payload='{"message": "Invalid token"}',
            cause="The token is missing, malformed, forged or expired, or expired while its socket was connected.",
            after="Log in, connect and authenticate again.",
        ),
        Refusal(
            packet="acknowledgement",
            payload=f'{{"status": "error", "error": "User not authenticated", "timestamp": "{_INSTANT}"}}',
            cause="`send_message` before `connected`. The queries are answered with empty lists then.",
            after="Authenticate first.",
        ),
        UNREADABLE,
        NOBODY_REACHED,
    ),
    code="""\
import { io } from "socket.io-client";

const socket = io("BASE", { path: "/presence/socket.io" });
socket.on("connect", () => socket.emit("authenticate", { token }));
socket.on("connected", () => socket.emit("get_online_users", ({ users }) => console.log(users)));
socket.on("message", ({ senderId, message }) => console.log(senderId, message));
socket.on("user_status_update", ({ email, status }) => console.log(email, status));
socket.on("authentication_error", ({ message }) => console.error(message));
""",
)
