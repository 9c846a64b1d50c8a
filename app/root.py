"""The ASGI application of a server: which listener and path is an engine's, and what is left for the web.

Every listener serves every contract at `/<contract>/socket.io`, and all of REST.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.engine.admission import Network, client_address, subscriber
from app.web.examples import LISTENERS
from app.web.operations import LISTENER
from app.web.security import HEADERS

__all__ = ["ASGI", "Mounts", "Root"]

ASGI = Callable[[Any, Any, Any], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Mounts:
    """What is served at a listener.

    Attributes:
        listener: what it is called.
        paths: the engines that are there, by path.

    """

    listener: str
    paths: Mapping[str, ASGI]


NOTHING = Mounts("", {})


class Root:
    """The ASGI application: sends a request to an engine or to the web app.

    Args:
        web: what is no engine's. It finds the listener's name and the ports of all in the scope.
        ports: what is served where.
        trusted_proxies: networks whose `X-Forwarded-For` is believed. The web finds in the scope whose request it is:
            an address, or of IPv6 a network.

    """

    def __init__(self, web: Any, ports: Mapping[int, Mounts], trusted_proxies: Sequence[Network] = ()) -> None:
        self._web = web
        self._ports = ports
        self._trusted_proxies = trusted_proxies
        self._listeners = {mounts.listener: port for port, mounts in ports.items()}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._web(scope, receive, send)
            return
        mounts = self._ports.get(scope["server"][1], NOTHING)
        engine = mounts.paths.get(scope["path"].rstrip("/"))
        if engine is None:
            client = (subscriber(client_address(scope, self._trusted_proxies)), 0)
            seen = {"client": client, LISTENER: mounts.listener, LISTENERS: self._listeners}
            await self._web({**scope, **seen}, receive, send)
        else:
            await engine(scope, receive, _with_headers(send))


def _with_headers(send: Any) -> Any:
    """Add the security headers to an HTTP answer of an engine."""

    async def send_with_headers(message: Any) -> None:
        if message["type"] == "http.response.start":
            message = message | {"headers": [*message.get("headers", ()), *HEADERS]}
        await send(message)

    return send_with_headers
