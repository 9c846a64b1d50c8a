"""One write a socket and pass of the loop."""

from __future__ import annotations

import asyncio
import logging
from typing import Protocol

__all__ = ["Writer", "Writes"]

log = logging.getLogger("parley.engine")


class Writer(Protocol):
    """What has something to write."""

    def flush(self) -> None:
        """Write what is queued."""
        ...

    def abort(self) -> None:
        """Drop the connection, as it cannot be written to."""
        ...


class Writes:
    """Those with something to write, flushed at the end of the loop's pass."""

    def __init__(self) -> None:
        self._dirty: list[Writer] = []

    def add(self, writer: Writer) -> None:
        """Have one flushed."""
        if not self._dirty:
            asyncio.get_running_loop().call_soon(self.flush)
        self._dirty.append(writer)

    def flush(self) -> None:
        """Write what is queued, a write each."""
        dirty, self._dirty = self._dirty, []
        for writer in dirty:
            try:
                writer.flush()
            except Exception:  # of one must not keep what the others are to be sent
                log.exception("a connection could not be written to")
                writer.abort()
