"""From a profile to what the harness knows of a target and of its users."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from e2e.harness.deployment import RemoteServer, Target
from e2e.harness.tokens import Mint
from e2e.harness.users import Account, LentUser, LentUsers, RegisteredUsers, SignedUsers, Users
from e2e.verify.profile import FixedUser, Place, Profile, ProfileError

__all__ = ["circles", "target_of", "users_of"]


def target_of(profile: Profile, urls: Sequence[str], contract: str) -> Target:
    """Return the target that these URLs and a profile describe, for a run of a contract.

    Raises:
        ProfileError: if the profile says where a contract listens for another number of servers.

    """
    bases = [url.rstrip("/") for url in urls]
    listeners: list[dict[str, str]] = [{} for _ in bases]
    for name, place in profile.contracts.items():
        _must_fit(name, "url", place.urls, bases)
        _must_fit(name, "internal", place.internal, bases)
        for number, base in enumerate(bases):
            if place.urls:
                listeners[number][name] = place.urls[number]
            if place.internal:
                listeners[number]["internal"] = _internal(place, number, base)
    paths = {name: place.path for name, place in profile.contracts.items() if place.path}
    for place in profile.contracts.values():
        if place.internal:
            paths["internal"] = place.internal_path
    return Target(
        tuple(RemoteServer(base, urls) for base, urls in zip(bases, listeners, strict=True)),
        profile.users.secret,
        paths,
        profile.transports,
        profile.lacks,
        contract,
        profile.message_length,
    )


def _must_fit(contract: str, key: str, given: Sequence[object], bases: Sequence[str]) -> None:
    if given and len(given) != len(bases):
        raise ProfileError(f"contracts.{contract}.{key} has {len(given)} for {len(bases)} targets: want one for each")


def _internal(place: Place, number: int, base: str) -> str:
    """Return the URL of the gateway for services, of which the profile may name the port alone."""
    given = place.internal[number]
    if isinstance(given, str):
        return given.rstrip("/")
    host = urlsplit(place.urls[number] if place.urls else base)
    return f"{host.scheme}://{host.hostname}:{given}"


def users_of(profile: Profile, share: tuple[int, int] = (0, 1)) -> Users:
    """Return where users come from. Of a fixed list this process lends a share: one part of so many."""
    users = profile.users
    if users.source == "jwt" and users.mongo is not None:
        mongo = users.mongo
        return SignedUsers(mongo.url, mongo.database, mongo.collection, Mint(users.secret), users.claims)
    if users.source == "fixed":
        part, parts = share
        return LentUsers([_lent(user) for circle in circles(users.fixed)[part::parts] for user in circle])
    return RegisteredUsers()


def circles(users: Sequence[FixedUser]) -> list[list[FixedUser]]:
    """Return users in groups that no friendship joins, the largest first: each can be given to a worker of its own."""
    by_id = {user.id: user for user in users}
    found: list[list[FixedUser]] = []
    while by_id:
        circle, waiting = list[FixedUser](), [next(iter(by_id))]
        while waiting:
            user = by_id.pop(waiting.pop(), None)
            if user is not None:
                circle.append(user)
                waiting += user.friends
        found.append(circle)
    return sorted(found, key=len, reverse=True)


def _lent(user: FixedUser) -> LentUser:
    return LentUser(Account(user.id, user.email, "", user.name, user.token), frozenset(user.friends))
