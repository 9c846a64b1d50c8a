"""Engine.IO 4 and Socket.IO 5 packets as text, no more of them than a client needs."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

__all__ = ["Packet", "connect", "decode", "event"]

_ENGINE = {"0": "OPEN", "1": "CLOSE", "2": "PING", "3": "PONG", "5": "UPGRADE", "6": "NOOP"}
_SOCKET = {"0": "CONNECT", "1": "DISCONNECT", "2": "EVENT", "3": "ACK", "4": "CONNECT_ERROR"}
_MESSAGE = re.compile(r"4([01234])(?:(/[^,]*),?)?(\d*)(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Packet:
    """A packet as received: `label` and `args` are those of a transcript's record."""

    label: str
    args: tuple[Any, ...] = ()
    ack: int | None = None
    namespace: str = "/"


def decode(text: str | bytes) -> Packet:
    """Return what a packet says; one that is none of the protocol is labelled `GARBAGE`."""
    if isinstance(text, bytes):
        return Packet("BINARY", (text.hex(),))
    if text[:1] in _ENGINE:
        return Packet(_ENGINE[text[0]], (_json(text[1:]),) if text[1:] else ())
    found = _MESSAGE.fullmatch(text)
    if found is None:
        return Packet("GARBAGE", (text,))
    kind, namespace, ack, body = _SOCKET[found[1]], found[2] or "/", found[3], found[4]
    payload: Any = _json(body) if body else None
    args = _arguments(payload)
    number = int(ack) if ack else None
    if kind == "EVENT":
        return Packet(args[0], args[1:], number, namespace) if _named(args) else Packet("GARBAGE", (text,))
    if kind == "ACK":
        return Packet(kind, args, number, namespace)
    return Packet(kind, () if payload is None else (payload,), number, namespace)


def connect(auth: Any = None, namespace: str = "/") -> str:
    """Return a Socket.IO CONNECT packet."""
    return "40" + ("" if namespace == "/" else f"{namespace},") + ("" if auth is None else _text(auth))


def event(name: str, args: Sequence[Any], ack: int | None = None) -> str:
    """Return a Socket.IO EVENT packet; a lone surrogate in it leaves as its escape."""
    return f"42{'' if ack is None else ack}{_text([name, *args])}"


def _arguments(payload: Any) -> tuple[Any, ...]:
    return tuple(cast("list[Any]", payload)) if isinstance(payload, list) else ()


def _named(args: tuple[Any, ...]) -> bool:
    return bool(args) and isinstance(args[0], str)


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _text(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
