"""The requirements of a contract, and which tests prove them.

A test says which ones it proves with `@pytest.mark.requirement("FRIENDS-...")`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

__all__ = ["CONTRACTS", "LEVELS", "Requirement", "load", "unknown", "version"]

_ROOT = Path(__file__).resolve().parents[2]
_INSTALLED = _ROOT / "app" / "_data" / "contracts"

CONTRACTS = _INSTALLED if _INSTALLED.is_dir() else _ROOT / "contracts"
"""The folder of the contracts: where a wheel has it, or in a checkout."""

LEVELS = ("MUST", "SHOULD", "MAY")


@dataclass(frozen=True, slots=True)
class Requirement:
    """One thing that a server has to do.

    Attributes:
        id: stable for ever, such as FRIENDS-OFFLINE-003.
        level: MUST, SHOULD or MAY (RFC 2119).
        text: one sentence.
        source: the section of the seed it comes from, or `decision`.
        since: the version of the contract that brought it.
        contract: whose it is.

    """

    id: str
    level: Literal["MUST", "SHOULD", "MAY"]
    text: str
    source: str
    since: str
    contract: str = ""


def load(contracts: Path = CONTRACTS) -> dict[str, Requirement]:
    """Return the requirements of all contracts by id. Raise `ValueError` for an id given twice."""
    found: dict[str, Requirement] = {}
    for path in sorted(contracts.glob("*/requirements.yaml")):
        for entry in _entries(path):
            requirement = Requirement(**entry, contract=path.parent.name)
            if requirement.id in found:
                raise ValueError(f"{path}: {requirement.id} is given twice")
            found[requirement.id] = requirement
    return found


def version(contracts: Path = CONTRACTS) -> str:
    """Return the version of the contracts."""
    return (contracts / "VERSION").read_text(encoding="utf-8").strip()


def unknown(claims: Mapping[str, Iterable[str]], known: Mapping[str, Requirement]) -> list[str]:
    """Return a line for every test (by node id) that claims to prove a requirement that is none."""
    return [f"{test}: {claim}" for test, claimed in claims.items() for claim in claimed if claim not in known]


def _entries(path: Path) -> list[dict[str, Any]]:
    return yaml.safe_load(path.read_text(encoding="utf-8"))["requirements"]
