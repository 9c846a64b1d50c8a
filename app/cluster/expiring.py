"""Values that are kept for a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

__all__ = ["Expiring"]

T = TypeVar("T")


class Expiring(Generic[T]):
    """Values by name, each until its time has passed.

    What has passed is cleared away as others are added: never more are held than twice those that live, and a few.

    Args:
        clock: returns seconds that never go back.

    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._held: dict[str, tuple[T, float]] = {}
        self._bound = 64

    def __len__(self) -> int:
        return len(self._held)

    def put(self, name: str, value: T, seconds: float) -> None:
        """Keep a value for so many seconds from now, in the place of the one of that name."""
        self._held[name] = (value, self._clock() + seconds)
        if len(self._held) > self._bound:
            now = self._clock()
            self._held = {name: held for name, held in self._held.items() if held[1] > now}
            self._bound = max(64, 2 * len(self._held))

    def get(self, name: str) -> tuple[T, float] | None:
        """Return the value of a name and for how many seconds it is still kept; None if there is none."""
        value, end = self._held.get(name, (None, 0.0))
        left = end - self._clock()
        return None if value is None or left <= 0 else (value, left)

    def drop(self, name: str) -> None:
        """Keep the value of a name no longer."""
        self._held.pop(name, None)

    def clear(self) -> None:
        """Keep nothing any more."""
        self._held.clear()
