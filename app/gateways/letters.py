"""Letters: what `send_message` of the presence contract carries, to whom, and what its acknowledgement says."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import orjson

from app.config import Settings
from app.domain.clock import iso, now_ms
from app.domain.errors import Invalid
from app.engine.base import encode

__all__ = ["Letter", "refusal"]

MISSING = "Missing required fields: recipientIds (array) and message"

SHOWN = 10
"""How many wrong ids an error names."""

SHOWN_LENGTH = 50
"""Characters of one that it shows."""


@dataclass(frozen=True, slots=True)
class Letter:
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
    def read(cls, payload: Any, settings: Settings) -> Letter:
        """Return the letter of an event's payload. Raise `Invalid` with the contract's text for what breaks it."""
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

    def packets(self, sender: str, timestamp: str) -> dict[str, bytes]:
        """Return for each recipient the packet that is handed to them, all but their id encoded once."""
        metadata = {} if self.metadata is None else {"metadata": self.metadata}
        message = {"recipientId": "", "message": self.text, **metadata, "timestamp": timestamp, "senderId": sender}
        head, tail = encode("message", message).split(b'""', 1)
        return {recipient: head + orjson.dumps(recipient) + tail for recipient in self.recipients}

    def receipt(self, reached: Collection[str], timestamp: str) -> dict[str, Any]:
        """Return the acknowledgement of a letter that some users were reached with."""
        sent = [recipient for recipient in self.recipients if recipient in reached]
        failed = [recipient for recipient in self.recipients if recipient not in reached]
        recipients = {"total": len(self.recipients), "sent": sent, "failed": failed}
        outcome = {"status": "sent"} if sent else {"status": "error", "error": "No recipients online"}
        return {**outcome, "recipients": recipients, "timestamp": timestamp}


def refusal(text: str) -> dict[str, Any]:
    """Return the acknowledgement of a letter that is handed to nobody."""
    return {"status": "error", "error": text, "timestamp": iso(now_ms())}


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
