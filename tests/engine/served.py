"""An application behind a real Hypercorn, in this process."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import hypercorn.asyncio
import hypercorn.config
from websockets.asyncio.client import ClientConnection, connect

from app.engine import handover
from tests.waiting import DEADLINE

__all__ = ["Polling", "received", "served", "upgrade_request"]


@asynccontextmanager
async def served(app: Any, certificate: Path | None = None, buffer: int = 0) -> AsyncIterator[str]:
    """Serve an ASGI application or engine and yield its address; `buffer` bounds what the kernel takes of an answer."""
    handover.install()
    listener = socket.create_server(("127.0.0.1", 0))
    if buffer:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffer)
    address = f"127.0.0.1:{listener.getsockname()[1]}"
    config = hypercorn.config.Config()
    config.bind = [f"fd://{listener.detach()}"]
    config.accesslog = config.errorlog = None
    config.graceful_timeout = 0.1
    if certificate:
        config.certfile = config.keyfile = str(certificate)
    started, stop = asyncio.Event(), asyncio.Event()

    async def http_only(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            await app(scope, receive, send)

    async def until_stopped() -> None:
        started.set()
        await stop.wait()
        if hasattr(app, "drain"):
            await app.drain(1)

    serving = asyncio.create_task(
        hypercorn.asyncio.serve(http_only, config, shutdown_trigger=until_stopped, mode="asgi")  # pyright: ignore  (Hypercorn's types are narrower than what it takes)
    )
    await started.wait()
    try:
        yield address
    finally:
        stop.set()
        await serving


def upgrade_request(target: str = "/socket.io/?EIO=4&transport=websocket") -> bytes:
    """Return a client's request for a websocket."""
    headers = (
        "Host: 127.0.0.1",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
        "Sec-WebSocket-Version: 13",
    )
    return "\r\n".join([f"GET {target} HTTP/1.1", *headers, "", ""]).encode()


async def received(client: ClientConnection) -> str | bytes:
    """Return the next message of a websocket."""
    async with asyncio.timeout(DEADLINE):
        return await client.recv()


class Polling:
    """A client that polls.

    Attributes:
        sid: of its session, once it was opened.

    """

    def __init__(self, http: aiohttp.ClientSession, address: str, scheme: str = "http") -> None:
        self.sid = ""
        self._http = http
        self._scheme = scheme
        self._address = address
        self._url = f"{scheme}://{address}/socket.io/?EIO=4&transport=polling"

    async def open(self) -> tuple[int, Any]:
        """Ask for a session and return the status and the JSON of the answer."""
        async with self._http.get(self._url) as answer:
            text = await answer.text()
            if answer.status != 200:
                return answer.status, json.loads(text)
            self.sid = json.loads(text[1:])["sid"]
            return 200, json.loads(text[1:])

    async def get(self) -> list[str]:
        """Return the packets that wait."""
        async with self._http.get(f"{self._url}&sid={self.sid}") as answer:
            assert answer.status == 200, await answer.text()
            return (await answer.text()).split("\x1e")

    async def post(self, *packets: str) -> int:
        """Send packets and return the status of the answer."""
        async with self._http.post(f"{self._url}&sid={self.sid}", data="\x1e".join(packets)) as answer:
            return answer.status

    def upgrade(self) -> connect:
        """Open the websocket of its session."""
        scheme = self._scheme.replace("http", "ws")
        url = f"{scheme}://{self._address}/socket.io/?EIO=4&transport=websocket&sid={self.sid}"
        return connect(url, compression=None)
