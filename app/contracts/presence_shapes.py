"""The shapes that the presence contract has for users, and for services."""

from __future__ import annotations

from app.contracts.shapes import INSTANT, TEXT, constant, either, listed, named, nothing_or, record, text, whole

__all__ = [
    "AUTHENTICATION",
    "CONNECTED_USER",
    "DISPATCH",
    "FAILED",
    "LIST_OF_ALL",
    "LIST_OF_DETAILS",
    "LIST_OF_FRIENDS",
    "MESSAGE",
    "PONG",
    "RECEIPT",
    "REFUSED_TOKEN",
    "STATUS",
]

_USER = text("The id of a user.", least=1)
_ONLINE = constant("online")
_METADATA = {"type": "object", "additionalProperties": True, "description": "What the sender says of the message."}
_COUNT = whole("Of how many there are.", least=0)

AUTHENTICATION = record("Authentication", "Who one is.", token=text("As it is, or after `Bearer `."))
CONNECTED_USER = record(
    "ConnectedUser",
    "One is known from now on.",
    user=record("OneSelf", userId=_USER, email=TEXT, socketId=text(least=1)),
)
REFUSED_TOKEN = record("RefusedToken", "Why one is not known.", message=TEXT)

DISPATCH = record(
    "Dispatch",
    "A message to some users.",
    recipientIds=listed(_USER, least=1),
    message=text(least=1, most=4096),
    optional={"metadata": nothing_or(_METADATA)},
)
MESSAGE = record(
    "Message",
    "A message that was sent to one, and perhaps to others.",
    recipientId=_USER,
    message=text(least=1),
    timestamp=INSTANT,
    senderId=text("A user, or `internal_service`.", least=1),
    optional={"metadata": _METADATA},
)
_RECIPIENTS = record(
    "Recipients",
    "Whom a message was written to, and whom not.",
    total=whole(least=0),
    sent=listed(_USER),
    failed=listed(_USER),
)
RECEIPT = record(
    "Receipt",
    "A message was written to some of its recipients.",
    status=constant("sent"),
    recipients=_RECIPIENTS,
    timestamp=INSTANT,
)
FAILED = record(
    "Failure",
    "What was not done, and why; beside it, what the acknowledgement has always.",
    status=constant("error"),
    error=TEXT,
    timestamp=INSTANT,
    optional={"recipients": _RECIPIENTS, "users": listed({}, most=0), "total": whole(least=0, most=0)},
)

STATUS = record(
    "StatusUpdate",
    "A friend came, or went.",
    userId=_USER,
    status={"type": "string", "enum": ["online", "offline"]},
    email=TEXT,
)
PONG = record("Pong", "That the server is there.", timestamp=INSTANT)

_NOBODY = named("Nobody", {"type": "array", "maxItems": 0, "description": "Before `connected`."})
_FRIEND = record("OnlineFriend", userId=_USER, email=TEXT, status=_ONLINE, lastSeen=INSTANT)
_LISTED = record("OnlineUser", userId=_USER, status=_ONLINE, lastSeen=INSTANT)
_DETAILED = record(
    "DetailedOnlineUser",
    userId=_USER,
    email=TEXT,
    status=_ONLINE,
    lastSeen=INSTANT,
    sessionCount=whole(least=1),
)
LIST_OF_FRIENDS = record("OnlineFriends", "The friends who are online.", users=listed(_FRIEND))
LIST_OF_ALL = record("OnlineUsers", "Some of those who are online.", users=listed(_LISTED), total=_COUNT)
LIST_OF_DETAILS = either(
    record(
        "DetailedOnlineUsers", "Some of those who are online.", users=listed(_DETAILED), total=_COUNT, timestamp=INSTANT
    ),
    record("NoOnlineUsers", "Before `connected`.", users=_NOBODY, total=whole(least=0, most=0)),
)
