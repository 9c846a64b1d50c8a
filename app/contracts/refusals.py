"""Refusals that several contracts have."""

from __future__ import annotations

from app.contracts.contract import Refusal

__all__ = ["BAD_TOKEN", "NO_CREDENTIAL"]

NO_CREDENTIAL = Refusal(
    packet="connect_error",
    payload='{"message": "Unauthorized"}',
    cause="The handshake has no credential.",
    after="Log in, then connect again.",
)
"""What a contract that asks for a token answers a connect without one."""

BAD_TOKEN = Refusal(
    packet="connect_error",
    payload='{"message": "Invalid token"}',
    cause="The token is malformed, forged or expired, or its user does not exist any more.",
    after="Log in, then connect again.",
)
"""What it answers a connect with one that is no good."""
