"""All contracts, and their version."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from app import resources
from app.contracts.contract import Contract
from app.contracts.direct import DIRECT
from app.contracts.friends import FRIENDS
from app.contracts.internal import INTERNAL
from app.contracts.notifications import NOTIFICATIONS
from app.contracts.presence import PRESENCE
from app.contracts.rooms import ROOMS

__all__ = ["CONTRACTS", "FOLDERS", "version"]

CONTRACTS: tuple[Contract, ...] = (FRIENDS, DIRECT, ROOMS, NOTIFICATIONS, PRESENCE, INTERNAL)
"""The gateways in the order in which they are told of."""

FOLDERS: Mapping[str, tuple[Contract, ...]] = {
    folder: tuple(one for one in CONTRACTS if one.folder == folder)
    for folder in dict.fromkeys(contract.folder for contract in CONTRACTS)
}
"""The gateways by the folder in `contracts` that their documents are in."""


@cache
def version() -> str:
    """Return the version of the contracts, such as 1.0."""
    return (resources.path("contracts") / "VERSION").read_text(encoding="utf-8").strip()
