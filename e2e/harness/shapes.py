"""The shapes of the friends contract: which keys an object on the wire has at least."""

__all__ = ["ENVELOPE", "FRIEND", "HISTORY", "LIVE", "PRODUCTION_ENVELOPE", "USER"]

USER = ("_id", "email", "name", "surname", "friends", "lastSeen")
"""A user, as REST answers one."""

FRIEND = ("_id", "email", "name", "surname", "online", "lastSeen")
"""A user in the list of somebody's friends."""

HISTORY = ("id", "message", "username", "createdAt", "senderId")
"""A message in `GET /messages`."""

LIVE = ("message", "username", "createdAt")
"""A message, as an event has it."""

ENVELOPE = ("httpStatus", "timestamp", "path", "method", "errorName", "message")
"""An error of REST."""

PRODUCTION_ENVELOPE = ("statusCode", "timestamp", "message", "path")
"""An error of REST with `MODE=prod`."""
