"""Tokens as a server must and must not accept them, signed here and not by it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
import warnings
from typing import Any, cast

import jwt

from e2e.harness.features import not_applicable

__all__ = ["Mint"]


class Mint:
    """Makes tokens under a deployment's secret.

    Args:
        secret: what the deployment signs with (HS256); None if nobody told. A test that has to know it is skipped.

    """

    def __init__(self, secret: str | None) -> None:
        self._known = secret

    @property
    def _secret(self) -> str:
        if self._known is None:
            not_applicable(
                "what the target signs tokens with is not known: [users] secret of the profile, or --target-secret"
            )
        return self._known

    def token(self, *, lifetime: float = 3600, secret: str | None = None, **claims: Any) -> str:
        """Return a token that lives `lifetime` seconds (it may be negative), with these claims beside `iat`, `exp`."""
        now = time.time()
        payload = {"iat": int(now) - 1, "exp": now + lifetime, **claims}
        return _encode(payload, secret or self._secret, "HS256")

    def unsigned(self, **claims: Any) -> str:
        """Return a token with `alg: none` and no signature."""
        return f"{_header('none')}.{_part(self._living(claims))}."

    def other_algorithm(self, algorithm: str, **claims: Any) -> str:
        """Return a token rightly signed under the secret, but with HS384 or HS512."""
        return _encode(self._living(claims), self._secret, algorithm)

    def confused(self, **claims: Any) -> str:
        """Return a token that says RS256 and is signed as HS256 is: what a server takes that trusts the header."""
        text = f"{_header('RS256')}.{_part(self._living(claims))}"
        signature = hmac.new(self._secret.encode(), text.encode(), hashlib.sha256).digest()
        return f"{text}.{_base64(signature)}"

    @staticmethod
    def altered(token: str, **claims: Any) -> str:
        """Return the token with other claims under its old signature."""
        if token.count(".") != 2:
            not_applicable("the tokens of the target are no JWT")
        header, payload, signature = token.split(".")
        old = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return f"{header}.{_part({**old, **claims})}.{signature}"

    @staticmethod
    def claims(token: str) -> dict[str, Any]:
        """Return what a token says, unverified."""
        read: Any = jwt.decode(token, options={"verify_signature": False})  # pyright: ignore[reportUnknownMemberType]  (PyJWT's types are partial)
        return cast("dict[str, Any]", read)

    def verified(self, token: str) -> dict[str, Any]:
        """Return what a token says. Raise if it was not signed with HS256 under the secret, or is expired."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the length of a secret that is not ours to choose
            read: Any = jwt.decode(token, self._secret, algorithms=["HS256"])  # pyright: ignore[reportUnknownMemberType]  (PyJWT's types are partial)
        return cast("dict[str, Any]", read)

    @staticmethod
    def _living(claims: dict[str, Any]) -> dict[str, Any]:
        now = int(time.time())
        return {"iat": now - 1, "exp": now + 3600, **claims}


def _encode(claims: dict[str, Any], secret: str, algorithm: str) -> str:
    # by hand: a library warns of a secret that a target may well have
    text = f"{_header(algorithm)}.{_part(claims)}"
    return f"{text}.{_base64(hmac.digest(secret.encode(), text.encode(), f'sha{algorithm[2:]}'))}"


def _header(algorithm: str) -> str:
    return _part({"alg": algorithm, "typ": "JWT"})


def _part(value: dict[str, Any]) -> str:
    return _base64(json.dumps(value, separators=(",", ":")).encode())


def _base64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
