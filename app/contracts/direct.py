"""The direct contract's Socket.IO side."""

from __future__ import annotations

from app.contracts.contract import Answer, Contract, Event, Failure, Refusal
from app.contracts.refusals import BAD_TOKEN, NO_CREDENTIAL
from app.contracts.shapes import BOOLEAN, CHAT_ID, TEXT, constant, listed, mapped, named, record, text, whole

__all__ = ["DIRECT"]

_SENDER = "624a113c721753da2f9e2567"
_RECEIVER = "624a1138cda69df1a7c29caf"
_CHAT_ID = "18f29b46-0000-4000-8000-a1b2c3000000"
_CHAT = (
    f'{{"id": "{_CHAT_ID}", "sender": "{_SENDER}", "receiver": "{_RECEIVER}", "message": "Hello there!",'
    ' "createdAt": 1714392000000, "received": false}'
)
_CHAT_WORDS = (
    "Chat: an object with the strings `id` (a UUID), `sender`, `receiver` and `message`, the number `createdAt` and "
    "the boolean `received`"
)

_SAID = record(
    "Chat",
    "A message from one user to one other.",
    id=CHAT_ID,
    sender=text("The user who sent it."),
    receiver=text("Whom it is for.", least=1),
    message=text("As it was sent."),
    createdAt=whole("Milliseconds since the epoch.", least=0),
    received={**BOOLEAN, "description": "Whether the receiver has acknowledged it."},
)
_BY_SENDER = named("ChatsBySender", mapped(listed(_SAID)))
_NEW = record(
    "NewChat",
    "A message to be sent.",
    receiver=text("The id of a user, who need not be there yet.", least=1, most=64),
    message=text(least=1, most=4096),
)
_RECEIVED = record("Received", "A Chat that its receiver has.", chatId=TEXT)
_CONFIRMED = record("Confirmed", "A Chat that is received for good.", chatId=TEXT, received=constant(True))
_PAGE = record(
    "Page",
    "Which Chats are asked for: the newest that a user sent before one of them.",
    sender=text(least=1),
    optional={"before": CHAT_ID, "limit": whole("At most `HISTORY_LIMIT`.", least=1)},
)
_ERROR = record("Failure", "What could not be done, and why.", id=text("The user whose client this is."), message=TEXT)
_AUTH = record("Auth", "The `auth` of a handshake.", optional={"token": text("As it is, or after `Bearer `.")})
_GREETING = '"Hello World!"'

DIRECT = Contract(
    name="direct",
    folder="direct",
    summary="From one user to one other, at least once, until the receiver acknowledges it.",
    port=3100,
    path="/direct/socket.io",
    namespace="/",
    notes=(
        "Nothing is sent on a connect: the client asks. `createdAt` is in milliseconds since the epoch. Every event is "
        "acknowledged where the client asks for it: with what it is answered with, or with the payload of `error`. A "
        "message may come twice, with the same `id`. Clients pass over keys that they do not know."
    ),
    credentials=(
        "`query.token`: the token, as it is or after `Bearer `",
        "`auth.token`: the token, as it is or after `Bearer `",
        "the `Authorization` header, which is the contract's own way: the token, as it is or after `Bearer `. A "
        "browser can set it on polling alone; it holds after the upgrade",
    ),
    required=True,
    auth=_AUTH,
    sent=(
        Event(
            name="ping",
            payload="none",
            shape=None,
            example="",
            answer=Answer(constant("Hello World!"), _GREETING),
            receivers="Answered with `pong`.",
            moment="at any time after the connect",
        ),
        Event(
            name="send message",
            payload="object with the strings `receiver` (1 to 64 characters) and `message` (1 to 4096 characters)",
            shape=_NEW,
            answer=Answer(_SAID, _CHAT),
            example=f'{{"receiver": "{_RECEIVER}", "message": "Hello there!"}}',
            receivers=(
                "Stored, then sent to every socket of the receiver as `message`. Nothing is sent to the sender; an "
                "acknowledgement, where one is asked for, has the Chat: then it is stored."
            ),
            moment="at any time after the connect",
        ),
        Event(
            name="receive message",
            payload="object with the string `chatId`",
            shape=_RECEIVED,
            answer=Answer(_CONFIRMED, f'{{"chatId": "{_CHAT_ID}", "received": true}}'),
            example=f'{{"chatId": "{_CHAT_ID}"}}',
            receivers=(
                "The Chat is received for good. One device of the receiver is enough, and again is no error. Nothing "
                "is sent for it; an acknowledgement, where one is asked for, has `chatId` and `received`."
            ),
            moment="after a `message`, or for what was unreceived",
        ),
        Event(
            name="unreceived messages",
            payload="none",
            shape=None,
            example="",
            answer=Answer(listed(_SAID), f"[{_CHAT}]"),
            receivers="Answered with `unreceived messages`. That acknowledges nothing.",
            moment="after each connect, and until the answer is empty",
        ),
        Event(
            name="all messages",
            payload=(
                "none; or an object with the string `sender`, and perhaps `before`, the id of a Chat, and `limit`, a "
                "number: the newest that this sender sent before that Chat"
            ),
            shape=_PAGE,
            optional=True,
            answer=Answer(_BY_SENDER, f'{{"{_SENDER}": [{_CHAT}]}}'),
            example=f'{{"sender": "{_SENDER}", "before": "{_CHAT_ID}", "limit": 50}}',
            receivers="Answered with `all messages`.",
            moment="at any time after the connect",
        ),
    ),
    received=(
        Event(
            name="pong",
            payload="string",
            shape=constant("Hello World!"),
            example=_GREETING,
            receivers="The socket that sent `ping`.",
            moment="at once",
        ),
        Event(
            name="message",
            payload=_CHAT_WORDS,
            shape=_SAID,
            example=_CHAT,
            receivers="All sockets of the receiver.",
            moment="after the message was stored; what one socket sends to one receiver comes in the order of sending",
        ),
        Event(
            name="unreceived messages",
            payload="array, oldest first, of Chats",
            shape=listed(_SAID),
            example=f"[{_CHAT}]",
            receivers="The socket that asked.",
            moment=(
                "when it asks: what was sent to the user and not acknowledged, the oldest `HISTORY_LIMIT` of it; `[]` "
                "if there is nothing"
            ),
        ),
        Event(
            name="all messages",
            payload="object of arrays of Chats, oldest first, by the id of who sent them",
            shape=_BY_SENDER,
            example=f'{{"{_SENDER}": [{_CHAT}]}}',
            receivers="The socket that asked.",
            moment=(
                "when it asks: what was sent to the user, at most the newest `HISTORY_LIMIT` of each sender; `{}` if "
                "there is nothing"
            ),
        ),
    ),
    failure=Failure("error", _ERROR, _ERROR),
    refusals=(
        NO_CREDENTIAL,
        BAD_TOKEN,
        Refusal(
            packet="error",
            payload=f'{{"id": "{_SENDER}", "message": "receiver is required, message must be a string"}}',
            cause="A payload breaks the contract; each field that does is named. `id` is the user of this client.",
            after="Mend it; the connection goes on.",
        ),
        Refusal(
            packet="error",
            payload=f'{{"id": "{_SENDER}", "message": "Chat not found"}}',
            cause="A chat that is acknowledged does not exist, or was not sent to this user.",
            after="Forget it; the connection goes on.",
        ),
        Refusal(
            packet="error",
            payload=f'{{"id": "{_SENDER}", "message": "Too many requests: try again in 30 s"}}',
            cause="The socket sent more events than `RATE_LIMIT_EVENTS` allows.",
            after="Wait; the connection goes on.",
        ),
        Refusal(
            packet="error",
            payload=f'{{"id": "{_SENDER}", "message": "Service unavailable"}}',
            cause="The store did not answer. A message was not stored, or it is found to be later, and delivered then.",
            after="Ask again later.",
        ),
        Refusal(
            packet="error, then a disconnect",
            payload=f'{{"id": "{_SENDER}", "message": "Invalid token"}}',
            cause="The token expired while its socket was connected.",
            after="Log in, then connect again.",
        ),
    ),
    code="""\
import { io } from "socket.io-client";

const socket = io("BASE", { path: "/direct/socket.io", extraHeaders: { Authorization: `Bearer ${token}` } });
const take = (chat) => {
  console.log(chat.sender, chat.message);
  socket.emit("receive message", { chatId: chat.id });
};
socket.on("message", take);
socket.on("unreceived messages", (chats) => chats.forEach(take));
socket.on("error", ({ message }) => console.error(message));
socket.on("connect", () => socket.emit("unreceived messages"));
socket.on("connect_error", ({ message }) => console.error(message));
socket.emit("send message", { receiver, message: "Hello there!" }, (chat) => console.log("stored", chat.id));
""",
)
