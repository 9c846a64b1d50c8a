"""Fixtures of the suites with the real JavaScript client."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

import pytest
import pytest_asyncio

from e2e.harness import javascript
from e2e.harness.javascript import JavascriptClient
from e2e.harness.people import Person
from e2e.harness.transcript import Transcript

FRIENDS = ("unseen_messages", "message", "connected", "disconnected", "exception")

Browse = Callable[..., Awaitable[JavascriptClient]]


@pytest_asyncio.fixture
async def node() -> None:
    """Have Node.js and the clients, or skip the test."""
    if (lack := javascript.missing()) is not None:
        pytest.skip(lack)
    await asyncio.to_thread(javascript.install)


@pytest_asyncio.fixture
async def browse(node: None, transcript: Transcript) -> AsyncIterator[Browse]:
    """Return what connects a JavaScript client for a person at a base URL."""
    clients: list[JavascriptClient] = []

    async def browse(
        person: Person, url: str, package: str = javascript.CURRENT, events: Sequence[str] = FRIENDS, **options: Any
    ) -> JavascriptClient:
        clients.append(JavascriptClient(f"{person.name} (js)", transcript))
        await clients[-1].connect(url, {"query": {"token": person.token}, **options}, events, package)
        return clients[-1]

    yield browse
    for client in clients:
        await client.release()
