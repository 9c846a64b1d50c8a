"""`app.domain.tokens`: what is a valid token, and whose it is."""

import time
from typing import Any

import jwt
import pytest

from app.domain.errors import Unauthorized
from app.domain.tokens import Tokens, bearer

SECRET = "a secret of at least thirty-two bytes"


@pytest.fixture
def tokens() -> Tokens:
    return Tokens(SECRET, 60)


def signed(claims: dict[str, Any], secret: str = SECRET, algorithm: str | None = "HS256") -> str:
    return jwt.encode(claims, secret, algorithm=algorithm)  # pyright: ignore[reportArgumentType]  (None is what is tested)


def test_a_token_carries_the_user_and_its_lifetime(tokens: Tokens):
    """`sub` and `_id` are the user's id, and `exp` is `lifetime` seconds after `iat`."""
    claims = jwt.decode(tokens.issue("u1", "u@mail.com"), SECRET, algorithms=["HS256"])
    assert (claims["sub"], claims["_id"], claims["email"]) == ("u1", "u1", "u@mail.com")
    assert claims["exp"] - claims["iat"] == 60
    assert abs(claims["iat"] - time.time()) < 5


def test_an_issued_token_is_verified(tokens: Tokens):
    """What `issue` makes `verify` reads."""
    claims = tokens.verify(tokens.issue("u1", "u@mail.com"))
    assert claims.user_id == "u1"
    assert claims.expires == pytest.approx(time.time() + 60, abs=5)


@pytest.mark.parametrize(
    ("claims", "user"),
    [
        ({"sub": "a", "id": "b"}, "a"),
        ({"sub": 7, "id": "b", "uuid": "c"}, "b"),
        ({"uuid": "c", "userId": "d"}, "c"),
        ({"userId": "d", "_id": "e"}, "d"),
        ({"_id": "e"}, "e"),
    ],
)
def test_the_user_is_the_first_string_among_the_known_claims(tokens: Tokens, claims: dict[str, Any], user: str):
    """Tokens of the documented originals name the user in different claims."""
    assert tokens.verify(signed(claims)).user_id == user


def test_a_token_issued_by_a_server_whose_clock_is_ahead_is_valid(tokens: Tokens):
    """`iat` in the future refuses nobody."""
    assert tokens.verify(signed({"sub": "a", "iat": time.time() + 30})).user_id == "a"


@pytest.mark.parametrize(
    "token",
    [
        "",
        "nonsense",
        "a.b.c",
        "\ud800.\ud800.\ud800",
        signed({"sub": "a"}, "another secret of at least 32 bytes"),
        signed({"sub": "a"}, "", None),
        signed({"sub": "a"}, SECRET + SECRET, "HS512"),
        signed({"sub": "a", "exp": 1}),
        signed({"sub": "a", "exp": "soon"}),
        signed({"sub": "a", "exp": 10**400}),
        signed({"sub": "\ud800"}),
        signed({"sub": "a", "nbf": 9_999_999_999}),
        signed({"sub": 7}),
        signed({"sub": ""}),
        signed({}),
    ],
    ids=[
        "empty", "no-jwt", "no-base64", "surrogates", "other-key", "alg-none", "hs512", "expired", "exp-no-number",
        "exp-too-large", "sub-surrogate", "not-yet", "sub-no-string", "sub-empty", "no-user",
    ],
)  # fmt: skip
def test_what_is_not_valid_is_refused_with_one_text(tokens: Tokens, token: str):
    """Whatever is wrong with a token, the error is "Invalid token"."""
    with pytest.raises(Unauthorized, match=r"^Invalid token$"):
        tokens.verify(token)


@pytest.mark.parametrize("credential", ["abc", "Bearer abc", "bearer  abc", " abc ", "BEARER abc"])
def test_a_credential_is_a_token_raw_or_after_bearer(credential: str):
    """The scheme is optional and its case does not matter."""
    assert bearer(credential) == "abc"
