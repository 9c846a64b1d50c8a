"""What the server counts, for Prometheus."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)

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

    def watch_connections(self, contract: str, count: Callable[[], int]) -> None:
        """Report the connections of a contract by calling `count`."""
        self._connections.labels(contract).set_function(count)

    def watch(self, name: str, description: str, read: Callable[[], float]) -> None:
        """Report a figure that somebody else keeps by calling `read`."""
        Gauge(name, description, registry=self.registry).set_function(read)
