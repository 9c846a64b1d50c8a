"""What whoever runs the server asks: is it there, can it work, what has it done."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from quart import Blueprint, Response, request

from app.contracts.registry import version
from app.domain.errors import Unavailable
from app.web.answers import shown
from app.web.models import Liveness, Readiness
from app.web.schema import documented

__all__ = ["GREETING", "GREETINGS", "LISTENER", "blueprint"]

LISTENER = "parley.listener"
"""Under which a request's scope says what `/socket.io` is where it came in: a contract, or `internal`."""

GREETING = "Hello World!"
GREETINGS: Mapping[str, str] = dict.fromkeys(("presence", "internal"), "WebSocket Server is running!")
"""The greetings of listeners that have another one."""

_METRICS = """# HELP parley_http_requests_total REST requests answered
# TYPE parley_http_requests_total counter
parley_http_requests_total{method="GET",route="/healthz",status="200"} 1.0
"""


def blueprint(readiness: Callable[[], Awaitable[dict[str, bool]]], registry: CollectorRegistry) -> Blueprint:
    """Return the routes for operations."""
    operations = Blueprint("operations", __name__)

    @operations.get("/")
    @documented("Operations", GREETING)
    async def greeting() -> Response:
        """Say hello, as the contract of the port has it."""
        listener = str(request.scope.get(LISTENER))
        return Response(GREETINGS.get(listener, GREETING), mimetype="text/plain")

    @operations.get("/healthz")
    @documented("Operations", Liveness)
    async def healthz() -> Response:
        """Tell that the process is alive.

        It asks nobody else: a store that is down is no reason to restart the server. It also tells which version of
        the contracts the server speaks.
        """
        return shown(Liveness(contracts=version()))

    @operations.get("/readyz")
    @documented("Operations", Readiness, errors={500: "Internal server error", 503: "Not ready: store"})
    async def readyz() -> Response:
        """Tell whether requests can be served now; if not, the error names what is missing."""
        checks = await readiness()
        missing = [name for name, ready in checks.items() if not ready]
        if missing:
            raise Unavailable(f"Not ready: {', '.join(missing)}")
        return shown(Readiness(checks=checks))

    @operations.get("/metrics")
    @documented("Operations", _METRICS)
    async def metrics() -> Response:
        """Show the metrics, in the text format of Prometheus."""
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)

    return operations
