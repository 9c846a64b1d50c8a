"""What a report must not give away: CI keeps reports where more people read than may log in."""

from __future__ import annotations

import re

__all__ = ["KEYS", "masked", "unsigned"]

KEYS = frozenset(
    {"token", "accessToken", "refreshToken", "authorization", "Authorization", "secret", "apiKey", "X-API-Key"}
)
"""What credentials are called."""

_TOKEN = re.compile(r"\b(eyJ[\w-]{5,}\.[\w-]{2,})\.[\w-]{20,}")
"""A JSON web token: a header that begins with `{"`, the claims, and a signature."""

_OPAQUE = re.compile(rf"""(['"](?:{"|".join(sorted(KEYS))})['"]: ?['"](?:Bearer )?)((?!eyJ)[^'"\s]{{16,}})(?=['"])""")
"""Another credential, in the notation of JSON or of Python."""


def unsigned(text: str) -> str:
    """Return a text whose credentials open nothing.

    A JSON web token loses its signature, so that it can still be read; another has its first four characters left.
    What is too short for a credential stays: tests send it to be refused.
    """
    if "eyJ" in text:
        text = _TOKEN.sub(r"\1.(signature)", text)
    return _OPAQUE.sub(lambda found: f"{found[1]}{masked(found[2])}", text) if ": " in text or '":' in text else text


def masked(credential: str) -> str:
    """Return what is shown of a credential that is no JSON web token."""
    if credential.startswith("Bearer "):
        return f"Bearer {masked(credential.removeprefix('Bearer '))}"
    is_short = len(credential) < 16 or any(character.isspace() for character in credential)
    return credential if is_short or credential.startswith("eyJ") else f"{credential[:4]}…(masked)"
