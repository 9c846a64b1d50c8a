"""The options of a server that is attacked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Setup"]


@dataclass(frozen=True, slots=True)
class Setup:
    """Options of either kind of server; the stock classes have no use for those that they do not know.

    Durations are in seconds. `uvloop` says which event loop there is; the rest is what `app.engine` calls so.
    """

    ping_interval: float = 25.0
    ping_timeout: float = 1.0
    max_payload: int = 100_000
    origins: Sequence[str] = ("*",)
    connect_timeout: float = 10.0
    max_packets: int = 1_000
    max_buffer: int = 1_000_000
    max_pending: int = 64
    trusted_proxies: Sequence[str] = ()
    body_timeout: float = 10.0
    upgrade_timeout: float = 10.0
    close_timeout: float = 0.3
    drain_timeout: float = 3.0
    uvloop: bool = True
