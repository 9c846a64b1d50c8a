"""How much a client may cost, and how long anything may take."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator
from pydantic_settings import NoDecode

from app.config.options import Options, as_rate, option
from app.domain.rates import Rate

__all__ = ["LimitOptions"]


class LimitOptions(Options):
    """What is bounded. Durations are in seconds."""

    ping_interval: float = option(25.0, "time between two heartbeats", "PING_INTERVAL", gt=0, le=3600)
    ping_timeout: float = option(
        20.0,
        "time in which a heartbeat must be answered; on the presence contract, and by services, in 5 s at most",
        "PING_TIMEOUT",
        gt=0,
        le=3600,
    )
    max_payload: int = option(
        1_000_000, "bytes of one packet or polling request", "MAX_PAYLOAD", ge=10_000, le=100_000_000
    )
    max_buffer: int = option(
        4_000_000, "bytes that may wait for a client to read before it is dropped", "MAX_BUFFER", ge=10_000, le=10**9
    )
    max_packets: int = option(
        10_000, "packets that may wait for a polling client before it is dropped", "MAX_PACKETS", ge=10, le=10**7
    )
    max_pending_events: int = option(
        64, "events of a client that may wait for their handlers", "MAX_PENDING_EVENTS", ge=1, le=100_000
    )
    connect_timeout: float = option(
        10.0, "time in which a client must connect to the namespace", "CONNECT_TIMEOUT", gt=0, le=3600
    )
    max_connections: int = option(100_000, "connections of this server, 0 for no limit", "MAX_CONNECTIONS", ge=0)
    max_connections_per_address: int = option(
        20_000, "connections of one client address, 0 for no limit", "MAX_CONNECTIONS_PER_ADDRESS", ge=0
    )
    max_connects_per_second: int = option(
        500, "new connections of one client address a second, 0 for no limit", "MAX_CONNECTS_PER_SECOND", ge=0
    )
    max_unauthenticated: int = option(
        10_000,
        "connections of one contract whose client has not said who it is, 0 for no limit",
        "MAX_UNAUTHENTICATED",
        ge=0,
    )
    rate_limit_rest: Annotated[Rate | None, NoDecode, BeforeValidator(as_rate)] = option(
        None, "REST requests of one client address, such as 100/60s; more are refused", "RATE_LIMIT_REST"
    )
    rate_limit_events: Annotated[Rate | None, NoDecode, BeforeValidator(as_rate)] = option(
        None, "events of one connection, such as 100/60s; more are refused", "RATE_LIMIT_EVENTS"
    )
    max_events_per_second: int = option(
        5_000, "events of one connection a second, 0 for no limit", "MAX_EVENTS_PER_SECOND", ge=0
    )

    max_body: int = option(
        100_000, "bytes of one REST request body, and of one sendNotification", "MAX_BODY", ge=1000, le=100_000_000
    )
    drain_timeout: float = option(
        5.0, "time that a server which was told to stop has to finish", "DRAIN_TIMEOUT", ge=0, le=3600
    )
