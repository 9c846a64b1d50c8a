"""A server to be attacked: an echo application on the stock classes or on ours, in a process of its own.

    python -m tests.engine.hazards.program stock|own '{"max_payload": 100000}'

It prints its port. `/_stats` answers what it knows about itself, `/_mark?text` logs the text.
"""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import socket
import sys
import time
from typing import Any

import hypercorn.asyncio
import hypercorn.config
import uvloop

from tests.engine.hazards.echo import Echo
from tests.engine.hazards.setup import Setup

log = logging.getLogger("program")


class Census:
    """Counts tasks: how many there are, were at most, and were ever made."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.tasks = self.peak = self.made = 0
        loop.set_task_factory(self._make)

    def _make(self, loop: asyncio.AbstractEventLoop, coroutine: Any, **keywords: Any) -> asyncio.Task[Any]:
        task = asyncio.Task(coroutine, loop=loop, **keywords)
        self.tasks += 1
        self.made += 1
        self.peak = max(self.peak, self.tasks)
        task.add_done_callback(self._done)
        return task

    def _done(self, _: asyncio.Task[Any]) -> None:
        self.tasks -= 1


class Program:
    """Serves a server of either kind, and what it knows about itself."""

    def __init__(self, kind: str, setup: Setup, census: Census) -> None:
        self._census = census
        self._echo = Echo()
        if kind == "own":
            from tests.engine.hazards.own import Own

            self._server = Own(self._echo, setup)
        else:
            from tests.engine.hazards.stock import Stock

            self._server = Stock(self._echo, setup)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            return
        if scope["path"] == "/_stats":
            await _answer(send, json.dumps(self._stats()).encode())
        elif scope["path"] == "/_mark":
            log.info(scope["query_string"].decode())
            await _answer(send, b"{}")
        else:
            await self._server.app(scope, receive, send)

    def _stats(self) -> dict[str, Any]:
        census = self._census
        return {
            "tasks": census.tasks, "peak": census.peak, "made": census.made, "cpu": time.process_time(),
            **self._server.counts(), **self._echo.counts(),
        }  # fmt: skip

    async def serve(self, setup: Setup) -> None:
        """Serve until SIGTERM."""
        listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        config = hypercorn.config.Config()
        print(listener.getsockname()[1], flush=True)
        config.bind = [f"fd://{listener.detach()}"]
        config.accesslog = None
        config.errorlog = logging.getLogger("hypercorn.error")
        config.graceful_timeout = setup.drain_timeout
        config.websocket_max_message_size = setup.max_payload
        asked = asyncio.Event()
        drains: list[asyncio.Task[None]] = []

        def ask() -> None:
            drains.append(asyncio.create_task(self._server.drain(setup.drain_timeout)))
            asked.set()

        async def drained() -> None:
            await asked.wait()
            while left := [drain for drain in drains if not drain.done()]:
                await asyncio.wait(left)
            log.info("drained after %d disconnects", self._echo.told["disconnect"])

        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ask)
        await hypercorn.asyncio.serve(
            self,  # pyright: ignore[reportArgumentType]  (Hypercorn's types are narrower than what it takes)
            config,
            shutdown_trigger=drained,  # pyright: ignore[reportArgumentType]  (Hypercorn's types are narrower than what it takes)
            mode="asgi",
        )


async def _answer(send: Any, body: bytes) -> None:
    headers = [(b"content-length", str(len(body)).encode()), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def main(kind: str, setup: Setup) -> None:
    """Serve until SIGTERM."""
    census = Census(asyncio.get_running_loop())
    await Program(kind, setup, census).serve(setup)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
    given = Setup(**json.loads(sys.argv[2]))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop if given.uvloop else None) as runner:
        runner.run(main(sys.argv[1], given))
