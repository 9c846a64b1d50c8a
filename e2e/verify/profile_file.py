"""Reads a profile from TOML. `docs/verify.md` tells every key.

A key that is not known is refused: a misspelt one would be a test that is not made.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, get_args

from e2e.harness.features import FEATURES
from e2e.verify.profile import (
    CONTRACTS,
    TRANSPORTS,
    Clients,
    Expected,
    FixedUser,
    Mongo,
    Place,
    Profile,
    ProfileError,
    Source,
    TransportName,
    Users,
)

__all__ = ["load"]


def load(path: Path) -> Profile:
    """Read a profile. Raise `ProfileError` for one that cannot be used."""
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ProfileError(f"{path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProfileError(f"{path}: is no TOML: {error}") from None
    try:
        return _profile(_Table("", found))
    except ProfileError as error:
        raise ProfileError(f"{path}: {error}") from None


_KINDS: dict[type, str] = {
    str: "a string",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    dict: "a table",
    list: "a list",
}
"""What each kind of value is to whoever writes a profile."""


def _written(value: Any) -> str:
    """Return a value as the profile has it, as far as it is a simple one."""
    return str(value).lower() if isinstance(value, bool) else repr(value)


class _Table:
    """A table that is read key by key. `done` refuses the keys that nobody asked for."""

    def __init__(self, name: str, values: Mapping[str, Any]) -> None:
        self._name = name
        self._values = dict(values)

    def take(
        self, key: str, default: Any, *kinds: type, check: Callable[[Any], bool] = lambda value: True, want: str = ""
    ) -> Any:
        """Return a value, which must be of one of these kinds and pass the check; `want` says in words what does."""
        if key not in self._values:
            return default
        value = self._values.pop(key)
        # True is an int to Python, and not to whoever writes a profile
        right = isinstance(value, kinds) and (not isinstance(value, bool) or bool in kinds) and check(value)
        if not right:
            words = want or " or ".join(_KINDS[kind] for kind in kinds)
            raise ProfileError(f"{self._at(key)} is {_written(value)}, want {words}")
        return value

    def need(self, key: str, *kinds: type) -> Any:
        if key not in self._values:
            raise ProfileError(f"{self._at(key)} is missing")
        return self.take(key, None, *kinds)

    def table(self, key: str) -> _Table:
        return _Table(self._at(key), self.take(key, {}, dict))

    def tables(self, key: str) -> list[_Table]:
        tables = "tables, each headed by [[...]]"
        entries = self.take(key, [], list, check=lambda found: all(isinstance(it, dict) for it in found), want=tables)
        return [_Table(f"{self._at(key)}[{number}]", it) for number, it in enumerate(entries)]

    def names(self) -> list[str]:
        return list(self._values)

    def fail(self, text: str) -> ProfileError:
        return ProfileError(f"{self._name}: {text}" if self._name else text)

    def done(self, known: str) -> None:
        if self._values:
            raise ProfileError(f"{self._at(next(iter(self._values)))} is not known; there is {known}")

    def _at(self, key: str) -> str:
        return f"{self._name}.{key}" if self._name else key


def _profile(table: _Table) -> Profile:
    timing, limits = table.table("timing"), table.table("limits")
    profile = Profile(
        name=table.take("name", None, str),
        contracts=_contracts(table.table("contracts")),
        users=_users(table.table("users")),
        clients=_clients(table.table("clients")),
        transports=_transports(table),
        factor=float(
            timing.take("factor", 1.0, int, float, check=lambda it: 0.1 <= it <= 100, want="a number from 0.1 to 100")
        ),
        message_length=limits.take("message_length", 4096, int, check=lambda it: it > 0, want="a number above 0"),
        lacks=_lacks(table.table("features")),
        expected=tuple(_expected(it) for it in table.tables("expected_failures")),
    )
    timing.done("factor")
    limits.done("message_length")
    table.done("name, contracts, users, clients, transports, timing, limits, features, expected_failures")
    return profile


def _contracts(table: _Table) -> dict[str, Place]:
    found = {name: _place(table.table(name)) for name in CONTRACTS if name in table.names()}
    table.done(", ".join(CONTRACTS))
    return found


def _place(table: _Table) -> Place:
    urls = tuple(url.rstrip("/") for url in _several(table, "url", str))
    place = Place(
        urls=urls,
        path=_path(table, "path", "/socket.io" if urls else None),
        internal=_several(table, "internal", str, int),
        internal_path=_path(table, "internal_path", "/socket.io"),
    )
    table.done("url, path, internal, internal_path")
    return place


def _path(table: _Table, key: str, default: str | None) -> Any:
    found = table.take(key, default, str, check=lambda it: it.startswith("/"), want="a string that begins with '/'")
    return found and found.rstrip("/")


def _several(table: _Table, key: str, *kinds: type) -> tuple[Any, ...]:
    """Return a value that stands alone, or a list of them: one for each target."""
    found = table.take(key, [], list, *kinds)
    values = found if isinstance(found, list) else [found]
    if not all(isinstance(it, kinds) for it in values):
        words = " or ".join(_KINDS[kind] for kind in kinds)
        raise table.fail(f"{key} is {_written(found)}, want {words}, or a list of them")
    return tuple(values)


def _users(table: _Table) -> Users:
    source = table.take("source", "rest", str, check=lambda it: it in get_args(Source), want="rest, jwt or fixed")
    users = Users(
        source=source,
        secret=table.take("secret", None, str),
        claims=_claims(table),
        mongo=_mongo(table.table("mongo")) if "mongo" in table.names() else None,
        fixed=tuple(_fixed(it) for it in table.tables("fixed")),
    )
    table.done("source, secret, claims, mongo, fixed")
    if source == "jwt" and (users.secret is None or users.mongo is None):
        raise table.fail("source is 'jwt', which needs secret and mongo")
    if source == "fixed" and not users.fixed:
        raise table.fail("source is 'fixed', which needs a list of users, fixed")
    _must_be_mutual(users.fixed, table)
    return users


def _claims(table: _Table) -> Mapping[str, str]:
    claims = table.take("claims", dict(Users().claims), dict)
    if not claims or not all(value in ("id", "email", "name") for value in claims.values()):
        raise table.fail(f"claims is {claims!r}, want names of claims, each with 'id', 'email' or 'name'")
    return claims


def _mongo(table: _Table) -> Mongo:
    mongo = Mongo(table.need("url", str), table.need("database", str), table.take("collection", "users", str))
    table.done("url, database, collection")
    return mongo


def _fixed(table: _Table) -> FixedUser:
    user = FixedUser(
        id=table.need("id", str),
        name=table.need("name", str),
        token=table.need("token", str),
        email=table.take("email", "", str),
        friends=_several(table, "friends", str),
    )
    table.done("id, name, token, email, friends")
    return user


def _must_be_mutual(users: tuple[FixedUser, ...], table: _Table) -> None:
    friends = {user.id: user.friends for user in users}
    if len(friends) < len(users):
        raise table.fail("two of the fixed users have the same id")
    for user in users:
        for friend in user.friends:
            if friend not in friends:
                raise table.fail(f"the friend {friend} of {user.id} is not in the list")
            if user.id not in friends[friend]:
                raise table.fail(f"{friend} is a friend of {user.id}, and {user.id} none of {friend}")


def _clients(table: _Table) -> Clients:
    clients = Clients(javascript=table.take("javascript", False, bool))
    table.done("javascript")
    return clients


def _transports(table: _Table) -> tuple[TransportName, ...]:
    found = _several(table, "transports", str) or TRANSPORTS
    if not set(found) <= set(TRANSPORTS):
        raise table.fail(f"transports is {list(found)!r}, want some of {list(TRANSPORTS)}")
    return found


def _lacks(table: _Table) -> frozenset[str]:
    lacks = frozenset(name for name in FEATURES if not table.take(name, True, bool))
    table.done(", ".join(FEATURES))
    return lacks


def _expected(table: _Table) -> Expected:
    expected = Expected(table.need("id", str), table.need("reason", str))
    table.done("id, reason")
    if not expected.reason.strip():
        raise table.fail(f"{expected.id} is expected to fail, and no reason says why")
    return expected
