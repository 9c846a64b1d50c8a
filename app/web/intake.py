"""What comes in, as Quart can read it."""

from __future__ import annotations

import asyncio
import contextlib
import string
from typing import Any
from urllib.parse import quote

from quart import Quart

__all__ = ["install"]

LINGER = 1.0
"""Seconds for which an answer waits for the rest of a body that nobody needs any more."""

_RECEIVED = {
    "websocket.connect": {"type": "http.request", "body": b"", "more_body": False},
    "websocket.disconnect": {"type": "http.disconnect"},
}


def install(app: Quart) -> None:
    """Have every request answered by the application, also those that Quart fails on before its error handlers.

    A target without a path is one for `/`; bytes of a query string that are not ASCII are escaped. There is no
    WebSocket here, so a request to upgrade to one is answered as the GET that it is. An answer that does not need the
    body waits until it is there: a connection that is closed on unread bytes is reset, and the answer with it.
    """
    application: Any = app.asgi_app

    async def readable(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await application(scope, receive, send)
            return
        if not scope["path"] or not scope["query_string"].isascii():
            query = quote(scope["query_string"], safe=string.punctuation).encode()
            scope = {**scope, "path": scope["path"] or "/", "query_string": query}
        if scope["type"] == "websocket":
            await _as_get(application, scope, receive, send)
        else:
            await _lingering(application, scope, receive, send)

    app.asgi_app = readable


async def _as_get(application: Any, scope: Any, receive: Any, send: Any) -> None:
    async def received() -> Any:
        return _RECEIVED[(await receive())["type"]]

    async def answer(message: Any) -> None:
        await send({**message, "type": f"websocket.{message['type']}"})

    scheme = {"ws": "http", "wss": "https"}[scope["scheme"]]
    await application({**scope, "type": "http", "method": "GET", "scheme": scheme}, received, answer)


async def _lingering(application: Any, scope: Any, receive: Any, send: Any) -> None:
    whole = asyncio.Event()

    async def received() -> Any:
        event = await receive()
        if not event.get("more_body"):
            whole.set()
        return event

    async def answer(message: Any) -> None:
        if message["type"] == "http.response.start":
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(whole.wait(), LINGER)
        await send(message)

    await application(scope, received, answer)
