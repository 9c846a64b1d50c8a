"""The process around either server: Hypercorn with uvloop on a free port of this machine, which it prints.

SIGUSR1 has it collect garbage, so that its memory can be compared. It ends when there is something to read on its
standard input, or whoever started it has ended.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
import sys
from typing import Any

import hypercorn.asyncio
import hypercorn.config
import uvloop

__all__ = ["MAX_PAYLOAD", "PING_INTERVAL", "PING_TIMEOUT", "serve"]

PING_INTERVAL = PING_TIMEOUT = 300
"""Seconds; longer than any scenario, as heartbeats are not what is measured."""

MAX_PAYLOAD = 1_000_000
"""Bytes of a message."""


def serve(app: Any) -> None:
    """Serve an ASGI application until the process is ended."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(app))


async def _serve(app: Any) -> None:
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGUSR1, gc.collect)
    loop.add_reader(sys.stdin, os._exit, 0)
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    print(listener.getsockname()[1], flush=True)
    config = hypercorn.config.Config()
    config.bind = [f"fd://{listener.detach()}"]
    config.backlog = 1024
    config.accesslog = None
    config.loglevel = "WARNING"
    config.websocket_max_message_size = MAX_PAYLOAD
    await hypercorn.asyncio.serve(app, config, mode="asgi")
