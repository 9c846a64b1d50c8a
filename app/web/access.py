"""What is known of a request afterwards: a line in the log, a count and a duration.

Neither names the query string: it can carry a token.
"""

from __future__ import annotations

import time

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram
from quart import Quart, Response, g, request

__all__ = ["UNMATCHED", "install"]

UNMATCHED = "unmatched"
"""The route of a request that matches none, or none of that method."""

_LABELS = ("method", "route", "status")
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
_QUIET = "operations"

log = structlog.get_logger("parley.web")


def install(app: Quart, registry: CollectorRegistry) -> None:
    """Observe every request of the application.

    `parley_http_requests_total` and `parley_http_request_duration_seconds` are labelled with the method, the
    route's template and the status, so a client cannot make series without end. The log gets a line a request:
    `debug` for what probes ask for again and again, else `info`.
    """
    requests = Counter("parley_http_requests", "REST requests answered", _LABELS, registry=registry)
    durations = Histogram(
        "parley_http_request_duration_seconds", "Time to answer a REST request", _LABELS, registry=registry
    )

    @app.before_request
    async def start() -> None:
        g.started = time.perf_counter()

    @app.after_request
    async def finish(response: Response) -> Response:
        seconds = time.perf_counter() - g.started
        method = request.method if request.method in _METHODS else "other"
        labels = (method, _route(), str(response.status_code))
        requests.labels(*labels).inc()
        durations.labels(*labels).observe(seconds)
        write = log.debug if request.blueprint == _QUIET else log.info
        write(
            "request",
            method=request.method,
            path=request.path,
            status=response.status_code,
            duration_ms=round(seconds * 1000, 1),
        )
        return response


def _route() -> str:
    return request.url_rule.rule if request.url_rule else UNMATCHED
