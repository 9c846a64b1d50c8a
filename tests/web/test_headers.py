"""Security headers and CORS, on every answer."""

from __future__ import annotations

import pytest

from app.web.security import HEADERS
from tests.web.service import HAN, OBI, Service, ask

ORIGIN = "https://chat.example"
HELMET = {
    "content-security-policy": "default-src 'self'; base-uri 'self'; font-src 'self' https: data:; form-action 'self'; "
    "frame-ancestors 'self'; img-src 'self' data:; object-src 'none'; script-src 'self'; script-src-attr 'none'; "
    "style-src 'self' https: 'unsafe-inline'; upgrade-insecure-requests",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "origin-agent-cluster": "?1",
    "referrer-policy": "no-referrer",
    "strict-transport-security": "max-age=31536000; includeSubDomains",
    "x-content-type-options": "nosniff",
    "x-dns-prefetch-control": "off",
    "x-download-options": "noopen",
    "x-frame-options": "SAMEORIGIN",
    "x-permitted-cross-domain-policies": "none",
    "x-xss-protection": "0",
}


def test_the_headers_are_those_that_helmet_sends() -> None:
    """Names and values are the defaults of Helmet 8."""
    assert {name.decode(): value.decode() for name, value in HEADERS} == HELMET


async def _every_status(service: Service) -> dict[int, dict[str, str]]:
    """Return the headers of an answer of each status."""

    async def broken() -> str:
        raise RuntimeError

    service.app.add_url_rule("/broken", "broken", broken)
    token = (await service.bearer(HAN))["Authorization"].encode()
    found: dict[int, dict[str, str]] = {}

    async def note(method: str, path: str, body: bytes = b"", *headers: tuple[bytes, bytes]) -> None:
        sent = [(b"origin", ORIGIN.encode()), (b"authorization", token), *headers]
        status, answered, _ = await ask(service.app, method, path, sent, body)
        found[status] = answered

    json = (b"content-type", b"application/json")
    await note("GET", "/users/me")
    await note("POST", "/users", b'{"email": "leia@mail.com", "password": "123456"}', json)
    await note("POST", "/users", b"{", json)
    await note("POST", "/users", b"{}")
    await note("POST", "/users", b'{"email": "leia@mail.com", "password": "123456"}', json)
    await note("POST", "/users", b" " * 200_000, json, (b"content-length", b"200000"))
    await note("POST", "/auth/login", b'{"email": "nobody@mail.com", "password": "123456"}', json)
    await note("DELETE", f"/users/{OBI}/friends/{HAN}")
    await note("DELETE", f"/users/{HAN}/friends/{OBI}")
    await note("GET", "/nope")
    await note("PUT", "/users")
    await note("GET", "/broken")
    await service.store.close()
    await note("GET", "/messages")
    return found


async def test_every_status_has_every_header(service: Service) -> None:
    """Whatever the status: security headers, CORS, a request id, and nothing for a cache to keep."""
    found = await _every_status(service)
    assert found.keys() == {200, 201, 204, 400, 401, 403, 404, 405, 409, 413, 415, 500, 503}
    for status, headers in found.items():
        assert headers.items() >= HELMET.items(), status
        assert headers["access-control-allow-origin"] == "*", status
        assert headers["x-request-id"], status
        assert headers["cache-control"] == "no-store", status
    assert found[405]["allow"]
    assert found[503]["retry-after"]
    assert found[401]["www-authenticate"] == "Bearer"
    assert "content-type" not in found[204]


async def _preflight(service: Service, origin: str, path: str = "/users/me") -> tuple[int, dict[str, str]]:
    headers = [
        (b"origin", origin.encode()),
        (b"access-control-request-method", b"GET"),
        (b"access-control-request-headers", b"authorization, x-request-id"),
    ]
    status, found, _ = await ask(service.app, "OPTIONS", path, headers)
    return status, found


async def test_any_origin_may_call_unless_told(service: Service) -> None:
    """The default answers `*`, to a preflight as to a request, and never allows credentials with it."""
    status, preflight = await _preflight(service, ORIGIN)
    assert status == 200
    assert preflight["access-control-allow-origin"] == "*"
    assert set(preflight["access-control-allow-headers"].split(", ")) == {"authorization", "x-request-id"}
    assert {"GET", "POST", "DELETE"} <= set(preflight["access-control-allow-methods"].split(", "))
    assert preflight["access-control-max-age"] == "600"
    assert preflight.items() >= HELMET.items()
    _, headers, _ = await ask(service.app, "GET", "/", [(b"origin", ORIGIN.encode())])
    assert headers["access-control-allow-origin"] == "*"
    assert set(headers["access-control-expose-headers"].split(", ")) == {"X-Request-ID", "Retry-After"}
    assert "access-control-allow-credentials" not in preflight | headers


@pytest.mark.parametrize("path", ["/", "/nope", "/users/me"])
async def test_a_list_of_origins_is_kept_to(path: str) -> None:
    """With a list, one of it is answered by name and any other not at all; caches are told that it matters."""
    service = await Service.start(trusted_origins=(ORIGIN, "http://localhost:8080"))
    for origin, allowed in [(ORIGIN, ORIGIN), ("https://evil.example", None), ("null", None), (f"{ORIGIN}.evil", None)]:
        _, preflight = await _preflight(service, origin, path)
        _, headers, _ = await ask(service.app, "GET", path, [(b"origin", origin.encode())])
        for answered in (preflight, headers):
            assert answered.get("access-control-allow-origin") == allowed
            assert answered["vary"] == "Origin"
            assert "access-control-allow-credentials" not in answered
    await service.close()


async def test_a_star_in_a_list_is_a_star() -> None:
    """`*` beside origins allows all of them."""
    service = await Service.start(trusted_origins=(ORIGIN, "*"))
    assert (await _preflight(service, "https://other.example"))[1]["access-control-allow-origin"] == "*"
    await service.close()
