"""What the presence contract and its internal gateway say on the wire."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

import orjson

from app.config import Settings
from app.domain.clock import iso, now_ms
from app.domain.errors import Invalid
from app.domain.online import OnlineUser, SessionRecord
from app.domain.tokens import Claims
from app.domain.users import User
from app.engine.base import Handshake, encode
from app.gateways.courier import Courier

__all__ = ["SERVICE", "Dispatch", "listed", "record_of", "refusal", "status_update", "token"]

SERVICE = "internal_service"
"""The sender of what a service sends, and the source of it."""

MISSING = "Missing required fields: recipientIds (array) and message"

DESCRIPTION = 200
"""Characters that are kept of what a client says of itself."""

SHOWN = 10
"""How many wrong ids an error names."""

SHOWN_LENGTH = 50
"""Characters of one that it shows."""


@dataclass(frozen=True, slots=True)
class Dispatch:
    """A message to some users.

    Attributes:
        recipients: ids, each once; whether they are users is not known.
        text: the message itself.
        metadata: what its sender says of it, None for nothing.

    """

    recipients: tuple[str, ...]
    text: str
    metadata: dict[str, Any] | None

    @classmethod
    def read(cls, payload: Any, settings: Settings) -> Dispatch:
        """Return the dispatch of an event's payload. Raise `Invalid` with the contract's text for what breaks it."""
        fields = payload if isinstance(payload, dict) else {}
        ids, text, metadata = (fields.get(key) for key in ("recipientIds", "message", "metadata"))
        if not (isinstance(ids, list) and ids and isinstance(text, str) and text):
            raise Invalid(MISSING)
        if wrong := [one for one in ids if not isinstance(one, str) or not one.strip()]:
            raise Invalid(f"Invalid recipient IDs found: {_shown(wrong)}")
        recipients = tuple(dict.fromkeys(one.strip() for one in ids))
        if len(recipients) > settings.max_recipients:
            raise Invalid(f"Too many recipients: at most {settings.max_recipients}")
        if len(text) > settings.max_message_length:
            raise Invalid(f"message must be at most {settings.max_message_length} characters")
        if metadata is not None:
            _check(metadata, settings.max_metadata)
        return cls(recipients, text, metadata)

    def of_user(self) -> Dispatch:
        """Return it without a `source`, which is not a user's to set."""
        if not self.metadata or "source" not in self.metadata:
            return self
        return replace(self, metadata={key: value for key, value in self.metadata.items() if key != "source"})

    def of_service(self) -> Dispatch:
        """Return it with the `source` of a service."""
        return replace(self, metadata={**(self.metadata or {}), "source": SERVICE})

    async def hand_to(self, courier: Courier, sender: str) -> dict[str, Any]:
        """Have it handed to its recipients, and return what its sender is told."""
        timestamp = iso(now_ms())
        return self.receipt(await courier.hand(self.packets(sender, timestamp)), timestamp)

    def packets(self, sender: str, timestamp: str) -> dict[str, bytes]:
        """Return for each recipient the packet that is handed to them, all but their id encoded once."""
        metadata = {} if self.metadata is None else {"metadata": self.metadata}
        message = {"recipientId": "", "message": self.text, **metadata, "timestamp": timestamp, "senderId": sender}
        head, tail = encode("message", message).split(b'""', 1)
        return {recipient: head + orjson.dumps(recipient) + tail for recipient in self.recipients}

    def receipt(self, reached: Collection[str], timestamp: str) -> dict[str, Any]:
        """Return the acknowledgement of a dispatch that some users were reached with."""
        sent = [recipient for recipient in self.recipients if recipient in reached]
        failed = [recipient for recipient in self.recipients if recipient not in reached]
        recipients = {"total": len(self.recipients), "sent": sent, "failed": failed}
        outcome = {"status": "sent"} if sent else {"status": "error", "error": "No recipients online"}
        return {**outcome, "recipients": recipients, "timestamp": timestamp}


def refusal(text: str) -> dict[str, Any]:
    """Return the acknowledgement of a dispatch that is handed to nobody."""
    return {"status": "error", "error": text, "timestamp": iso(now_ms())}


def token(payload: Any) -> str | None:
    """Return the token of `authenticate`, None if there is none."""
    found = payload.get("token") if isinstance(payload, dict) else None
    return found if isinstance(found, str) else None


def record_of(user: User, claims: Claims, handshake: Handshake) -> SessionRecord:
    """Return what is kept of a session that begins now: of its device what the token says, else the handshake."""
    auth = handshake.auth if isinstance(handshake.auth, dict) else {}
    device = claims.device_info or auth.get("deviceInfo") or handshake.headers.get("user-agent", "")
    address, now = claims.ip_address or handshake.address, now_ms()
    return SessionRecord(user.email, now, now, _description(device), _description(address))


def _description(said: Any) -> str:
    """Return the beginning of what a client says, as text that JSON can carry."""
    text = said if isinstance(said, str) else json.dumps(said, default=str)
    return text[:DESCRIPTION].encode(errors="replace").decode()


def status_update(user: str, email: str, online: bool) -> bytes:
    """Return the packet that tells the friends of a user that they came, or went."""
    status = "online" if online else "offline"
    return encode("user_status_update", {"userId": user, "status": status, "email": email})


def listed(user: OnlineUser, *keys: str) -> dict[str, Any]:
    """Return a user as a list of those who are online has them, with these keys."""
    known = {
        "userId": user.user_id,
        "email": user.email,
        "status": "online",
        "lastSeen": iso(user.last_seen),
        "sessionCount": user.sessions,
    }
    return {key: known[key] for key in keys}


def _check(metadata: Any, limit: int) -> None:
    if not isinstance(metadata, dict):
        raise Invalid("metadata must be an object")
    try:
        size = len(orjson.dumps(metadata))
    except TypeError:
        raise Invalid("metadata must be JSON, without binary data") from None
    if size > limit:
        raise Invalid(f"metadata must be at most {limit} bytes")


def _shown(values: list[Any]) -> str:
    shown = [json.dumps(value, ensure_ascii=False, default=lambda _: "binary data") for value in values[:SHOWN]]
    cut = [one if len(one) <= SHOWN_LENGTH else f"{one[:SHOWN_LENGTH]}..." for one in shown]
    return ", ".join(cut + ["..."] * (len(values) > SHOWN))
