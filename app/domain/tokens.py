"""JSON Web Tokens: one token serves every contract.

HS256 only. A token of ours carries `sub` and `_id` (the user's id), `email`, `iat` and `exp`. On reading, the user is
the first string among `sub`, `id`, `uuid`, `userId` and `_id`, so tokens of the documented originals are read too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jwt
from jwt.types import Options

from app.domain.clock import now_ms
from app.domain.errors import Unauthorized

__all__ = ["Claims", "Tokens", "bearer"]

_ALGORITHM = "HS256"
_SUBJECT_CLAIMS = ("sub", "id", "uuid", "userId", "_id")
_INVALID = "Invalid token"

# `sub` need not be a string, nor `iat` in the past: one server's clock may be behind another's
_OPTIONS: Options = {"verify_sub": False, "verify_iat": False, "verify_aud": False}


@dataclass(frozen=True, slots=True)
class Claims:
    """What a valid token says.

    Attributes:
        user_id: whom it is for; whether that user exists is for the caller to find out.
        expires: seconds since the epoch, None if it never expires.
        device_info: what the device is that it was issued to, None if that is not said.
        ip_address: where that device was, likewise.

    """

    user_id: str
    expires: float | None
    device_info: Any = None
    ip_address: Any = None


class Tokens:
    """Issues and verifies tokens under one secret.

    Attributes:
        lifetime: seconds that a token is good for.

    """

    def __init__(self, secret: str, lifetime: int, clock: Callable[[], int] = now_ms) -> None:
        self._secret = secret
        self._clock = clock
        self.lifetime = lifetime

    def issue(self, user_id: str, email: str) -> str:
        """Return a token for the user that expires `lifetime` seconds from now."""
        now = self._clock() // 1000
        claims = {"sub": user_id, "_id": user_id, "email": email, "iat": now, "exp": now + self.lifetime}
        return jwt.encode(claims, self._secret, algorithm=_ALGORITHM)  # pyright: ignore[reportUnknownMemberType]  (PyJWT's types are partial)

    def verify(self, token: str) -> Claims:
        """Return what the token says. Raise `Unauthorized` "Invalid token", whatever is wrong with it."""
        try:
            claims = jwt.decode(  # pyright: ignore[reportUnknownMemberType]  (PyJWT's types are partial)
                token, self._secret, algorithms=[_ALGORITHM], options=_OPTIONS
            )
            subject = next((claims[key] for key in _SUBJECT_CLAIMS if isinstance(claims.get(key), str)), "")
            subject.encode()  # half a surrogate pair names nobody
            expires = claims.get("exp")
            lifetime = None if expires is None else float(expires)
        except (jwt.InvalidTokenError, ValueError, OverflowError) as error:
            raise Unauthorized(_INVALID) from error
        if not subject:
            raise Unauthorized(_INVALID)
        return Claims(subject, lifetime, claims.get("deviceInfo"), claims.get("ipAddress"))


def bearer(credential: str) -> str:
    """Return the token of a credential that is a raw token or `Bearer <token>`."""
    scheme, _, token = credential.strip().partition(" ")
    return token.strip() if token and scheme.lower() == "bearer" else credential.strip()
