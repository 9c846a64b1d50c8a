"""Request ids."""

from __future__ import annotations

import re

import pytest
import structlog

from tests.web.service import Service


@pytest.mark.parametrize("given", ["a", "x" * 128, "0190-a.B_c"])
async def test_a_request_id_is_answered(service: Service, given: str) -> None:
    """A usable id of the client is kept."""
    for path in ("/", "/nope"):
        response = await service.call("GET", path, headers={"X-Request-ID": given})
        assert response.headers.getlist("X-Request-ID") == [given]


@pytest.mark.parametrize("given", ["", "x" * 129, "a b", "a;b", "\xe4", "a\tb", "<script>"])
async def test_an_unusable_request_id_is_replaced(service: Service, given: str) -> None:
    """Anything else is replaced by 32 hex digits, new for each request."""
    answered = set()
    for _ in range(2):
        response = await service.call("GET", "/", headers={"X-Request-ID": given})
        answered.add(response.headers["X-Request-ID"])
    assert len(answered) == 2
    assert all(re.fullmatch("[0-9a-f]{32}", one) for one in answered)


async def test_the_log_of_a_request_has_its_id(service: Service) -> None:
    """While a request is served, its id is bound to the log's context, and to no other's."""

    @service.app.get("/context")
    async def context() -> dict[str, str]:
        return structlog.contextvars.get_contextvars()

    response = await service.call("GET", "/context", headers={"X-Request-ID": "mine"})
    assert await response.get_json() == {"request_id": "mine"}
    assert structlog.contextvars.get_contextvars() == {}
