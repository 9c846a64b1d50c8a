"""Listeners: a port names the contract that `/socket.io` speaks on it."""

from __future__ import annotations

import socket
from dataclasses import dataclass

from app.config import Settings

__all__ = ["BACKLOG", "ListenError", "Listener", "listen"]

BACKLOG = 1024


class ListenError(Exception):
    """A port that cannot be listened on; the text names it and says why."""


@dataclass(frozen=True, slots=True)
class Listener:
    """A port.

    Attributes:
        contract: what `/socket.io` speaks on it; `internal` is the gateway of presence for services.
        socket: bound and listening.
        port: its number, also where any free one was asked for.
        url: base URL of the port.

    """

    contract: str
    socket: socket.socket
    port: int
    url: str


def listen(settings: Settings) -> list[Listener]:
    """Return a listener for each address, so that connections queue from now on. Raise `ListenError`."""
    listeners: list[Listener] = []
    try:
        for contract, (host, port) in settings.addresses.items():
            listeners.append(_listen(contract, host, port))
    except ListenError:
        for listener in listeners:
            listener.socket.close()
        raise
    return listeners


def _listen(contract: str, host: str, port: int) -> Listener:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        sock = socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except (OSError, OverflowError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ListenError(f"cannot listen on {host} port {port} for {contract}: {reason}") from None
    bound = sock.getsockname()[1]
    shown = f"[{host}]" if ":" in host else host
    return Listener(contract, sock, bound, f"http://{shown}:{bound}")
