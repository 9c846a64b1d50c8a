"""The data files that ship with the package: the contracts, the examples and the seed."""

from __future__ import annotations

from pathlib import Path

__all__ = ["path"]

_PACKAGE = Path(__file__).parent


def path(name: str) -> Path:
    """Return the folder `contracts`, `examples` or `seed`: inside a wheel, or beside the package in a checkout."""
    installed = _PACKAGE / "_data" / name
    return installed if installed.is_dir() else _PACKAGE.parent / name
