"""What the server counts, for Prometheus."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

from prometheus_client import (
    CollectorRegistry,
    Counter,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from app.engine.admission import LIMITS
from app.engine.base import Engine
from app.engine.session import ENDINGS

__all__ = ["Metrics"]

disable_created_metrics()


class Metrics:
    """The figures of one server, in a registry of their own.

    Attributes:
        messages: messages stored, by contract.
        deliveries: messages handed to a connection, by contract; a message counts once for each connection.

    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self.messages = Counter("parley_messages", "Messages stored", ["contract"], registry=self.registry)
        self.deliveries = Counter(
            "parley_deliveries", "Messages handed to a connection", ["contract"], registry=self.registry
        )
        self._engines: dict[str, Engine] = {}
        self._counts: list[tuple[str, str, Callable[[], float]]] = []
        self.registry.register(self)

    def watch_engine(self, contract: str, engine: Engine) -> None:
        """Report what the engine of a contract counts."""
        self._engines[contract] = engine

    def watch(self, name: str, description: str, read: Callable[[], float]) -> None:
        """Report, as a counter, a figure that somebody else keeps and that only grows."""
        self._counts.append((name, description, read))

    def collect(self) -> Iterator[Metric]:
        """Return the figures that others keep, as they are now. It has to be called in the loop of the server."""
        connections = GaugeMetricFamily("parley_connections", "Socket.IO connections", labels=["contract"])
        queued = GaugeMetricFamily("parley_queued_bytes", "Bytes that wait for slow clients", labels=["contract"])
        refusals = CounterMetricFamily(
            "parley_refusals", "Sessions refused, or ended, for a limit", labels=["contract", "limit"]
        )
        endings = CounterMetricFamily(
            "parley_session_endings", "Engine.IO sessions ended, by why", labels=["contract", "why"]
        )
        for contract, engine in self._engines.items():
            connections.add_metric([contract], engine.connections)
            queued.add_metric([contract], engine.queued)
            for limit in LIMITS:
                refusals.add_metric([contract, limit], engine.refusals[limit])
            for why in ENDINGS:
                endings.add_metric([contract, why], engine.endings[why])
        yield from (connections, queued, refusals, endings)
        yield GaugeMetricFamily("parley_tasks", "Tasks of asyncio", value=len(asyncio.all_tasks()))
        for name, description, read in self._counts:
            yield CounterMetricFamily(name, description, value=read())
