"""Servers of both kinds, each in a process of its own."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator

import pytest

from tests.engine.hazards.kinds import Wanted
from tests.engine.hazards.process import Process


@pytest.fixture(scope="session")
async def running() -> AsyncIterator[dict[Wanted, Process]]:
    """Servers that tests share, started when they are first wanted."""
    servers: dict[Wanted, Process] = {}
    yield servers
    for server in servers.values():
        await server.kill()


@pytest.fixture
async def server(request: pytest.FixtureRequest, running: dict[Wanted, Process]) -> AsyncIterator[Process]:
    """Run the server that the test's decorator asks for. Ours must hold nothing when the test is over."""
    if not sys.platform.startswith("linux"):
        pytest.skip("memory and descriptors of a process are read from /proc")
    wanted: Wanted = request.param
    process = running.get(wanted)
    if process is None:
        process = Process(wanted.kind, wanted.setup)
        await process.start()
        if wanted.shared:
            running[wanted] = process
    try:
        yield process
        if wanted.kind == "own" and process.running:
            await process.nothing_left()
    except TimeoutError:
        running.pop(wanted, None)
        await process.kill()
        raise
    finally:
        if not wanted.shared:
            await process.kill()
