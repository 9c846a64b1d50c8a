"""A listener that may fail without harm."""

from __future__ import annotations

import logging
from collections.abc import Collection

from app.cluster.base import Listener

__all__ = ["Guarded"]

log = logging.getLogger("parley.cluster")


class Guarded(Listener):
    """Passes the news on to another listener; what that one raises is logged, and nothing else comes of it."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener

    def deliver(self, room: str, payload: bytes) -> None:
        try:
            self._listener.deliver(room, payload)
        except Exception:
            log.exception("a publication could not be delivered")

    def resync(self, rooms: Collection[str] | None) -> None:
        try:
            self._listener.resync(rooms)
        except Exception:
            log.exception("what was missed could not be made up for")

    def arrived(self, roster: str, user: str) -> None:
        try:
            self._listener.arrived(roster, user)
        except Exception:
            log.exception("an arrival could not be told of")

    def departed(self, roster: str, user: str) -> None:
        try:
            self._listener.departed(roster, user)
        except Exception:
            log.exception("a departure could not be told of")
