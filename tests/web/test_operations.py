"""What whoever runs the server asks."""

from __future__ import annotations

from tests.web.service import Service


async def test_the_root_says_hello_world(service: Service) -> None:
    """`GET /` answers what the original answers."""
    response = await service.call("GET", "/")
    assert (response.status_code, response.mimetype) == (200, "text/plain")
    assert await response.get_data(as_text=True) == "Hello World!"


async def test_health_asks_nobody(service: Service) -> None:
    """The process is alive, whatever became of its store."""
    await service.store.close()
    response = await service.call("GET", "/healthz")
    assert (response.status_code, await response.get_json()) == (200, {"status": "alive", "contracts": "1.0"})


async def test_readiness_shows_every_check(service: Service) -> None:
    """A server that can use all it needs answers 200 with the checks."""
    response = await service.call("GET", "/readyz")
    body = {"status": "ready", "checks": {"store": True, "cluster": True}}
    assert (response.status_code, await response.get_json()) == (200, body)


async def test_readiness_names_what_is_not_ready(service: Service) -> None:
    """Any check that fails answers 503 with its name, and when to ask again."""
    service.checks.update(cluster=False, serving=False)
    response = await service.call("GET", "/readyz")
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "1"
    assert (await response.get_json())["message"] == "Not ready: cluster, serving"


async def test_metrics_are_in_the_format_of_prometheus(service: Service) -> None:
    """The registry is shown as text, with the requests that were made."""
    await service.call("GET", "/healthz")
    response = await service.call("GET", "/metrics")
    text = await response.get_data(as_text=True)
    assert response.content_type.startswith("text/plain; version=")
    assert 'parley_http_requests_total{method="GET",route="/healthz",status="200"} 1.0\n' in text
    assert 'parley_http_request_duration_seconds_count{method="GET",route="/healthz",status="200"} 1.0\n' in text
