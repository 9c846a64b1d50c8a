"""All mutants, a module for each contract."""

from __future__ import annotations

from itertools import chain

from e2e.mutants.catalog import direct, friends, internal, notifications, presence, rooms
from e2e.mutants.mutant import Mutant

__all__ = ["MUTANTS"]

MUTANTS: tuple[Mutant, ...] = tuple(
    chain.from_iterable(module.MUTANTS for module in (friends, direct, rooms, notifications, presence, internal))
)
