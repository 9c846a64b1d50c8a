"""Origins that a browser may call from."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.hazards.clients import POLLING, connected, dialled
from tests.engine.hazards.kinds import ours
from tests.engine.hazards.process import Process
from tests.engine.hazards.wire import http

HOME = "https://chat.example"
_ORIGINS: dict[str, Any] = {"origins": (HOME, "https://other.example")}


@ours(**_ORIGINS)
@pytest.mark.parametrize("origin", ["https://evil.example", "null", "https://chat.example.evil.example", f"{HOME}:444"])
async def test_another_origin_gets_no_session(server: Process, origin: str):
    """By neither transport, and without a header that would let a page read the answer."""
    answer = await http(server, "GET", POLLING, headers={"Origin": origin})
    assert answer.status == 403
    assert "access-control-allow-origin" not in answer.headers
    async with dialled(server, headers={"Origin": origin}) as peer:
        assert peer.answer.status == 403
    assert not (await server.stats())["sessions"]


@ours(**_ORIGINS)
async def test_another_origin_cannot_use_a_session(server: Process):
    """Not even who knows its id."""
    async with connected(server) as session:
        evil = {"Origin": "https://evil.example"}
        assert (await session.post('42["echo"]', evil)).status == 403
        assert (await http(server, "GET", session.target, headers=evil)).status == 403
        async with dialled(server, session.websocket, evil) as peer:
            assert peer.answer.status == 403
        await session.post('42["echo"]')
        assert (await session.get()).body == b'42["echo"]'


@ours(**_ORIGINS)
async def test_an_allowed_origin_is_served(server: Process):
    """By both transports; the answer names the origin, and that it depends on it."""
    async with connected(server) as session:
        answer = await session.post('42["echo"]', {"Origin": HOME})
        assert answer.status == 200
        assert answer.headers["access-control-allow-origin"] == HOME
        assert answer.headers["vary"] == "Origin"
    async with dialled(server, headers={"Origin": HOME}) as peer:
        assert peer.answer.status == 101


@ours(**_ORIGINS)
async def test_a_preflight_is_answered_for_an_allowed_origin_alone(server: Process):
    """OPTIONS says which methods and headers may be used."""
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    answer = await http(server, "OPTIONS", POLLING, headers={"Origin": HOME, **asked})
    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == HOME
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert answer.headers["access-control-allow-headers"] == "content-type"
    refused = await http(server, "OPTIONS", POLLING, headers={"Origin": "https://evil.example", **asked})
    assert refused.status == 403
    assert "access-control-allow-methods" not in refused.headers


@ours()
async def test_errors_can_be_read_by_a_page(server: Process):
    """An answer of 400 has the CORS headers too, or its reader would see a network error."""
    answer = await http(server, "GET", f"{POLLING}&sid=unknown", headers={"Origin": HOME})
    assert answer.status == 400
    assert answer.headers["access-control-allow-origin"] == "*"
