"""What the server counts, for Prometheus."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)

from app.engine.admission import LIMITS
from app.engine.base import Engine
from app.engine.session import ENDINGS

__all__ = ["Metrics"]

disable_created_metrics()


class Metrics:
    """The counters of one server, in a registry of their own.

    Attributes:
        messages: messages stored, by contract.
        deliveries: messages handed to a connection while it was live, by contract.

    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self.messages = Counter("parley_messages", "Messages stored", ["contract"], registry=self.registry)
        self.deliveries = Counter(
            "parley_deliveries", "Messages handed to a live connection", ["contract"], registry=self.registry
        )
        self._connections = Gauge("parley_connections", "Socket.IO connections", ["contract"], registry=self.registry)
        self._refusals = Gauge(
            "parley_refusals", "Sessions refused, or ended, for a limit", ["contract", "limit"], registry=self.registry
        )
        self._endings = Gauge(
            "parley_session_endings", "Engine.IO sessions ended, by why", ["contract", "why"], registry=self.registry
        )

    def watch_engine(self, contract: str, engine: Engine) -> None:
        """Report what the engine of a contract counts."""
        self._connections.labels(contract).set_function(lambda: engine.connections)
        for limit in LIMITS:
            self._refusals.labels(contract, limit).set_function(partial(engine.refusals.__getitem__, limit))
        for why in ENDINGS:
            self._endings.labels(contract, why).set_function(partial(engine.endings.__getitem__, why))

    def watch(self, name: str, description: str, read: Callable[[], float]) -> None:
        """Report a figure that somebody else keeps by calling `read`."""
        Gauge(name, description, registry=self.registry).set_function(read)
