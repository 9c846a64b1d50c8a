"""From a profile to what the harness knows of a target."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from e2e.harness.deployment import RemoteServer, Target
from e2e.verify.profile import Place, Profile, ProfileError

__all__ = ["target_of"]


def target_of(profile: Profile, urls: Sequence[str]) -> Target:
    """Return the target that these URLs and a profile describe.

    Raises:
        ProfileError: if the profile says where a contract listens for another number of servers.

    """
    bases = [url.rstrip("/") for url in urls]
    listeners: list[dict[str, str]] = [{} for _ in bases]
    for contract, place in profile.contracts.items():
        _must_fit(contract, "url", place.urls, bases)
        _must_fit(contract, "internal", place.internal, bases)
        for number, base in enumerate(bases):
            if place.urls:
                listeners[number][contract] = place.urls[number]
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
