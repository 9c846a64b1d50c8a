"""Requests that Quart by itself does not survive."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.web.service import Service, ask, scope_of


async def test_a_target_without_a_path_is_the_root(service: Service) -> None:
    """`GET ?a=b`, which some servers hand on with an empty path, is answered like `GET /?a=b`."""
    status, headers, body = await ask(service.app, "GET", "", query_string=b"a=b")
    assert (status, body) == (200, b"Hello World!")
    assert headers["x-request-id"]


async def test_a_query_string_of_any_bytes_is_answered(service: Service) -> None:
    """Bytes that are not ASCII are a broken value, not a broken server."""
    token = (await service.bearer("624a1138cda69df1a7c29caf"))["Authorization"].encode()
    for query in (b"limit=\xff", b"limit=%ff", b"limit=1\xc3\xa4"):
        status, _, body = await ask(service.app, "GET", "/messages", [(b"authorization", token)], query_string=query)
        assert status == 400
        assert b"limit must be" in body


@pytest.mark.parametrize(
    "path", ["//", "//users/me", "/users//me", "/users/me/", "/*", "/a/../b", "/\N{PILE OF POO}\0"]
)
async def test_odd_paths_are_answered_without_a_redirect(service: Service, path: str) -> None:
    """A path is what it is: nobody is sent elsewhere."""
    status, headers, _ = await ask(service.app, "GET", path)
    assert status in (200, 401, 404)
    assert "location" not in headers


@pytest.mark.parametrize("host", [b"", b"a b", b"\xff", b"x:99999", b"[::1", b"<script>", b"a'b"])
@pytest.mark.parametrize("path", ["/", "/docs", "/nope"])
async def test_any_host_is_answered(service: Service, host: bytes, path: str) -> None:
    """A `Host` that is none changes nothing and is not repeated."""
    status, _, body = await ask(service.app, "GET", path, host=host)
    assert status == (404 if path == "/nope" else 200)
    assert b"<script>" not in body


@pytest.mark.parametrize(("path", "status"), [("/nope", 404), ("/users/me", 401), ("/", 200)])
async def test_an_upgrade_is_answered_as_the_request_that_it_is(service: Service, path: str, status: int) -> None:
    """There is no WebSocket here: the handshake gets the answer of the GET, with all headers."""
    events = [{"type": "websocket.connect"}, {"type": "websocket.disconnect", "code": 1006}]
    sent: list[Any] = []

    async def receive() -> Any:
        return events.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "websocket",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "ws",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"localhost")],
        "client": None,
        "server": None,
        "subprotocols": [],
        "extensions": {"websocket.http.response": {}},
    }
    await service.app(scope, receive, send)  # pyright: ignore  (Quart types ASGI's scopes closer than ASGI)
    assert {message["type"] for message in sent} == {
        "websocket.http.response.start",
        "websocket.http.response.body",
    }
    assert sent[0]["status"] == status
    assert b"x-request-id" in dict(sent[0]["headers"])


@pytest.mark.parametrize("chunks", [[b"x" * 100_000] * 30, [b"{}"] * 3])
async def test_an_answer_waits_for_the_body_that_it_does_not_need(service: Service, chunks: list[bytes]) -> None:
    """A refusal is sent when all of the request is there: else the reset of the connection could overtake it."""
    order: list[str] = []
    left = list(chunks)

    async def receive() -> Any:
        await asyncio.sleep(0)
        if not left:
            await asyncio.Event().wait()
        body = left.pop()
        if not left:
            order.append("all received")
        return {"type": "http.request", "body": body, "more_body": bool(left)}

    async def send(message: Any) -> None:
        order.append(message["type"])

    length = str(sum(map(len, chunks))).encode()
    scope = scope_of("POST", "/auth/login", [(b"content-length", length)])
    await service.app(scope, receive, send)  # pyright: ignore  (Quart types ASGI's scopes closer than ASGI)
    assert order[:2] == ["all received", "http.response.start"]


async def test_an_answer_does_not_wait_for_ever(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that sends the rest of its body never is answered all the same."""
    monkeypatch.setattr("app.web.intake.LINGER", 0.01)
    status, _, _ = await ask(service.app, "POST", "/nope", [(b"content-length", b"5")], stalled=True)
    assert status == 404
