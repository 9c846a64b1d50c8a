"""A whole server in this process, on ports of its own."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import aiohttp

from app.config import Settings
from app.listeners import Listener, listen
from app.server import Server
from app.store.sqlite import SQLiteStore
from tests.waiting import DEADLINE

__all__ = ["POLLING", "get", "hanging", "running", "settings"]

POLLING = "EIO=4&transport=polling"


def settings(**options: Any) -> Settings:
    """Return the settings of a server of the friends contract that keeps nothing, takes any port and ends fast."""
    given = {
        "memory": True,
        "contracts": ("friends",),
        "port": 0,
        "password_rounds": 4,
        "drain_timeout": 0.4,
        **options,
    }
    return Settings(**given)


@asynccontextmanager
async def running(options: Settings, ports: int = 1) -> AsyncIterator[tuple[Server, list[Listener]]]:
    """Serve on so many ports of the friends contract."""
    listeners = [listener for _ in range(ports) for listener in listen(options)]
    server, stop = Server(options), asyncio.Event()
    await server.open()
    serving = asyncio.create_task(server.serve(listeners, stop))
    try:
        yield server, listeners
    finally:
        stop.set()
        async with asyncio.timeout(2 * DEADLINE):
            await serving
            await server.close()


async def get(url: str) -> tuple[int, dict[str, str], str]:
    """Return the status, the headers by lower-case name and the text of an answer."""
    timeout = aiohttp.ClientTimeout(DEADLINE)
    async with aiohttp.ClientSession(timeout=timeout) as http, http.get(url) as answer:
        return answer.status, {name.lower(): value for name, value in answer.headers.items()}, await answer.text()


@contextmanager
def hanging(server: Server) -> Iterator[None]:
    """Have the store answer nothing."""
    free = threading.Event()

    def hang(_: Any, arguments: Iterable[None]) -> list[None]:
        free.wait()
        return [None for _ in arguments]

    assert isinstance(server.store, SQLiteStore)
    server.store._writes.submit(hang, None)
    try:
        yield
    finally:
        free.set()
