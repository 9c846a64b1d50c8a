"""What a report must not give away: CI keeps reports where more people read than may log in."""

from __future__ import annotations

import re

__all__ = ["unsigned"]

_TOKEN = re.compile(r"\b(eyJ[\w-]{5,}\.[\w-]{2,})\.[\w-]{20,}")
"""A JSON web token: a header that begins with `{"`, the claims, and a signature."""


def unsigned(text: str) -> str:
    """Return a text whose tokens have lost their signatures: who they are of can be read, but they open nothing."""
    return _TOKEN.sub(r"\1.(signature)", text) if "eyJ" in text else text
