"""`app.web.limit`: a client that asks too often is told when to come back, and probes always get through."""

from collections import Counter

import pytest

from app.domain.errors import TooMany
from app.web import limit
from tests.web.service import Service, ask

ORIGIN = [(b"origin", b"https://chat.example")]


@pytest.fixture
def asked(service: Service) -> Counter[str]:
    """Let each address ask twice, and count."""
    counts: Counter[str] = Counter()

    async def take(address: str) -> None:
        counts[address] += 1
        if counts[address] > 2:
            raise TooMany(6.2)

    limit.install(service.app, take)
    return counts


async def test_one_request_too_many_is_refused(service: Service, asked: Counter[str]):
    """With 429, when to come back, and the envelope and headers of any other error."""
    for _ in range(2):
        assert (await ask(service.app, "GET", "/users/me"))[0] == 401
    status, headers, body = await ask(service.app, "POST", "/nope", ORIGIN)
    assert status == 429
    assert (headers["retry-after"], headers["access-control-allow-origin"]) == ("7", "*")
    assert headers["access-control-expose-headers"].lower() == "x-request-id, retry-after"
    assert asked == {"127.0.0.1": 3}
    assert b'"errorName": "TooManyRequestsException"' in body
    assert b'"message": "Too many requests: try again in 7 s"' in body


@pytest.mark.parametrize("path", sorted(limit.PROBES))
async def test_probes_are_not_counted(service: Service, asked: Counter[str], path: str):
    """Whoever looks after the server may look as often as they like."""
    for _ in range(3):
        assert (await service.call("GET", path)).status_code == 200
    assert not asked


async def test_a_preflight_is_not_counted(service: Service, asked: Counter[str]):
    """A browser asks it for itself."""
    for _ in range(3):
        preflight = [*ORIGIN, (b"access-control-request-method", b"POST")]
        assert (await ask(service.app, "OPTIONS", "/users", preflight, b""))[0] == 200
    assert not asked
