"""What is known of a request afterwards."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from tests.web.service import HAN, OBI, Service


async def _line(service: Service, *request: Any, **options: Any) -> dict[str, Any]:
    with capture_logs([merge_contextvars]) as lines:
        await service.call(*request, **options)
    assert [line["event"] for line in lines] == ["request"]
    return dict(lines[0])


async def test_a_request_is_a_line_in_the_log(service: Service) -> None:
    """The line has the request's id, method, path, status and duration."""
    line = await _line(service, "GET", "/nope", headers={"X-Request-ID": "mine"})
    assert line.pop("duration_ms") >= 0
    assert line == {
        "event": "request",
        "log_level": "info",
        "request_id": "mine",
        "method": "GET",
        "path": "/nope",
        "status": 404,
    }


async def test_the_log_has_no_secret(service: Service) -> None:
    """Neither query string, credential nor body is in the line."""
    secret = {"email": "obi@mail.com", "password": "s3cret"}
    line = await _line(service, "POST", "/auth/login?token=s3cret", json=secret, headers={"Authorization": "s3cret"})
    assert "s3cret" not in str(line)
    assert "obi@mail.com" not in str(line)


@pytest.mark.parametrize("path", ["/", "/healthz", "/readyz", "/metrics"])
async def test_probes_are_logged_quietly(service: Service, path: str) -> None:
    """What is asked for again and again is logged for debugging only."""
    assert (await _line(service, "GET", path))["log_level"] == "debug"


def _count(service: Service, method: str, route: str, status: int) -> float | None:
    labels = {"method": method, "route": route, "status": str(status)}
    observed = service.registry.get_sample_value("parley_http_request_duration_seconds_count", labels)
    counted = service.registry.get_sample_value("parley_http_requests_total", labels)
    assert observed == counted
    return counted


async def test_requests_are_counted_by_the_template_of_their_route(service: Service) -> None:
    """Two users' paths are one series."""
    await service.call("DELETE", f"/users/{HAN}/friends/{OBI}", HAN)
    await service.call("DELETE", f"/users/{OBI}/friends/{HAN}", HAN)
    route = "/users/<userId>/friends/<friendId>"
    assert _count(service, "DELETE", route, 204) == 1
    assert _count(service, "DELETE", route, 403) == 1


async def test_a_client_cannot_make_series_without_end(service: Service) -> None:
    """Unknown paths are one route, unknown methods one method."""
    for n in range(3):
        await service.call("GET", f"/nope/{n}")
        await service.call(f"BREW{n}", "/users")
    assert _count(service, "GET", "unmatched", 404) == 3
    assert _count(service, "other", "unmatched", 405) == 3


async def test_an_unexpected_error_is_counted(service: Service) -> None:
    """500 is a status like any other."""

    @service.app.get("/broken")
    async def broken() -> str:
        raise RuntimeError

    await service.call("GET", "/broken")
    assert _count(service, "GET", "/broken", 500) == 1
