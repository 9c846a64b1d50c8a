"""Polling requests too large or too slow (row 2)."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.engine.hazards.clients import Polling, connected, dialled, polling
from tests.engine.hazards.kinds import both, ours
from tests.engine.hazards.process import Process
from tests.engine.hazards.wire import Wire, request

TOTAL = 32_000_000
KEPT = 8_000_000


def post(session: Polling, **headers: str) -> bytes:
    """Return the head of a POST."""
    head = request("POST", session.target, {name.replace("_", "-"): value for name, value in headers.items()})
    return head if "Content_Length" in headers else head.replace(b"Content-Length: 0\r\n", b"")


async def over_the_limit(server: Process, session: Polling) -> Wire:
    """Send much more than there may be."""
    wire = await server.wire()
    wire.write(post(session, Content_Length=str(TOTAL)) + b"4" * TOTAL)
    await server.stats()
    return wire


@both(2, "never answers a body over the limit")
async def test_a_body_over_the_limit_is_refused_before_it_is_read(server: Process):
    """Content-Length alone is answered 413, and the connection closed."""
    async with polling(server) as session, await server.wire() as wire:
        wire.write(post(session, Content_Length="1000000000"))
        assert (await wire.answer()).status == 413
        await wire.until(lambda: wire.closed)
        assert await session.gone()


@both(2, "never answers a body over the limit")
async def test_a_body_of_chunks_is_bounded(server: Process):
    """A body that does not say how long it is, is read up to the limit, then answered 413."""
    async with polling(server) as session, await server.wire() as wire:
        before = server.memory
        chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
        wire.write(post(session, Transfer_Encoding="chunked") + chunk + chunk)
        assert (await wire.answer()).status == 413
        await wire.pour(chunk, TOTAL)
        assert server.memory - before < KEPT
        await wire.until(lambda: wire.closed)
        assert await session.gone()


@both(2, "waits for a body for ever", body_timeout=0.3)
async def test_a_slow_body_has_a_deadline(server: Process):
    """Who does not send the body that it has announced is answered 408 and hung up on."""
    async with polling(server) as session, await server.wire() as wire:
        wire.write(post(session, Content_Length="100") + b"4")
        assert (await wire.answer()).status == 408
        await wire.until(lambda: wire.closed)
        assert await session.gone()


@both(2, "reads a body of any age", body_timeout=0.3)
async def test_a_body_that_trickles_has_the_same_deadline(server: Process):
    """A byte now and then buys no more time."""
    async with polling(server) as session, await server.wire() as wire:
        wire.write(post(session, Content_Length="1000"))
        async with asyncio.timeout(server.patience):
            while not wire.closed:
                wire.write(b"4")
                await server.stats()
        assert (await wire.answer()).status == 408


@both(2, "keeps a session's tasks and descriptors when its request never ends")
async def test_a_request_that_is_hung_up_on_leaves_nothing(server: Process):
    """A client that announces a body over the limit and goes has cost nothing in the end."""
    async with polling(server) as session, await over_the_limit(server, session):
        pass
    await server.nothing_left()


@ours()
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_body_that_nobody_takes_leaves_nothing(server: Process, method: str):
    """A request is over when it has been answered, however much of it is still to come."""
    async with polling(server) as session, dialled(server, session.websocket), await server.wire() as wire:
        target = session.target if method == "GET" else f"{session.target}x"
        wire.write(request(method, target, {"Content-Length": str(TOTAL)}, b"x" * TOTAL))
        assert (await wire.answer()).status == (200 if method == "GET" else 400)
        await wire.until(lambda: wire.closed)


@ours()
async def test_half_a_body_is_no_body(server: Process):
    """A client that hangs up in the middle of a request has lost its session; nothing of the request is handled."""
    async with connected(server) as session:
        told = (await server.stats())["told"].get("half", 0)
        async with await server.wire() as wire:
            wire.write(post(session, Content_Length="100") + b'42["half"]')
            await server.until(lambda stats: stats["posts"])
        await server.until(lambda stats: not stats["sessions"])
        assert (await server.stats())["told"].get("half", 0) == told


@both(2, "does not end on SIGTERM while such a request is open", drain_timeout=0.5)
async def test_a_request_over_the_limit_does_not_keep_the_process(server: Process):
    """SIGTERM ends the process in time, whatever its clients wait for."""
    async with polling(server) as session, await over_the_limit(server, session):
        server.signal()
        assert await server.exit(server.patience + 2 * server.setup.drain_timeout) == 0


@both(2, "answers a body over the limit with nothing", shared=True)
async def test_a_refusal_says_what_was_wrong(server: Process):
    """An answer of 413 has Engine.IO's error as its body."""
    async with polling(server) as session:
        answer = await session.post(b"4" + b"x" * 100_000)
        assert answer.status == 413
        assert json.loads(answer.body) == {"code": 3, "message": "Payload too large"}
