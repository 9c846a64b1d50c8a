"""Socket.IO packets, as strict as the protocol: what is not well-formed is refused, never guessed at.

    <type>[<attachments>-][<namespace>,][<ack id>][<JSON>]

Source: Socket.IO protocol, revision 5. The packet types and the form of binary packets are python-socketio's.

JSON is RFC 8259: no NaN, no Infinity, no lone surrogate, nothing nested deeper than `MAX_DEPTH`. All else would end
the session of every JavaScript client that it is passed on to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import orjson
from socketio.packet import ACK, BINARY_ACK, BINARY_EVENT, CONNECT, CONNECT_ERROR, DISCONNECT, EVENT, Packet

__all__ = [
    "ACK",
    "BINARY_ACK",
    "BINARY_EVENT",
    "CONNECT",
    "CONNECT_ERROR",
    "DISCONNECT",
    "EVENT",
    "MAX_ATTACHMENTS",
    "MAX_DEPTH",
    "MalformedError",
    "SocketPacket",
    "assemble",
    "compose",
    "dumps",
    "loads",
    "parse",
]

MAX_DEPTH: Final = 64
MAX_ATTACHMENTS: Final = 16
_RESERVED = frozenset(("connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener", "*"))
_HEAD = re.compile(rb"([0-6])(?:(\d{1,3})-)?(?:(/[^,]{0,200}),?)?(\d{1,15})?", re.DOTALL)


class MalformedError(ValueError):
    """A packet that breaks the protocol; the session that it came from is closed."""


@dataclass(slots=True)
class SocketPacket:
    """A Socket.IO packet.

    Attributes:
        kind: one of `CONNECT` to `BINARY_ACK`.
        namespace: "/" where the packet names none.
        id: of the acknowledgement that is asked for or given.
        data: the payload; attachments of a binary packet are still placeholders.
        attachments: how many binary messages follow.

    """

    kind: int
    namespace: str
    id: int | None
    data: Any
    attachments: int = 0


def parse(packet: bytes) -> SocketPacket:
    """Return the Socket.IO packet in an Engine.IO message. Raise `MalformedError`."""
    head = _HEAD.match(packet)
    if head is None:
        raise MalformedError("unknown packet type")
    kind, attachments, namespace, number = int(head[1]), head[2], head[3], head[4]
    rest = packet[head.end() :]
    data = loads(rest) if rest else None
    if rest and data is None:
        raise MalformedError("null is no payload")
    if (kind >= BINARY_EVENT) != (attachments is not None):
        raise MalformedError("attachments do not fit the packet type")
    count = int(attachments or 0)
    if count > MAX_ATTACHMENTS:
        raise MalformedError("too many attachments")
    try:
        name = namespace.decode() if namespace else "/"
    except UnicodeDecodeError as error:
        raise MalformedError("the namespace is not UTF-8") from error
    made = SocketPacket(kind, name, int(number) if number else None, data, count)
    _check(made)
    return made


def _check(packet: SocketPacket) -> None:
    data = packet.data
    match packet.kind:
        case 2 | 5:  # EVENT, BINARY_EVENT
            if not (isinstance(data, list) and data and isinstance(data[0], str)):
                raise MalformedError("an event is a list that begins with its name")
            if data[0] in _RESERVED:
                raise MalformedError("the event has a reserved name")
        case 3 | 6:  # ACK, BINARY_ACK
            if not isinstance(data, list) or packet.id is None:
                raise MalformedError("an acknowledgement is a list with an id")
        case 0:  # CONNECT
            if not (data is None or isinstance(data, dict)) or packet.id is not None:
                raise MalformedError("the payload of CONNECT is an object")
        case 1:  # DISCONNECT
            if data is not None or packet.id is not None:
                raise MalformedError("DISCONNECT has no payload")
        case _:
            raise MalformedError("a client sends no CONNECT_ERROR")


def assemble(data: Any, attachments: list[bytes]) -> Any:
    """Return a payload with its placeholders replaced by what they stand for. Raise `MalformedError`.

    Each attachment is named once: one that is named a thousand times would be sent on a thousand times.
    """
    places = sorted(_placeholders(data))
    if places != list(range(len(attachments))):
        raise MalformedError("the placeholders do not stand for the attachments")
    return Packet.reconstruct_binary(data, attachments)


def _placeholders(data: Any) -> Iterator[int]:
    """Return the numbers of the placeholders in a payload. Raise `MalformedError` for what only looks like one."""
    if isinstance(data, list):
        for item in data:
            yield from _placeholders(item)
    elif isinstance(data, dict) and "_placeholder" in data:
        number = data.get("num")
        if data != {"_placeholder": True, "num": number} or data["_placeholder"] is not True or type(number) is not int:
            raise MalformedError("a placeholder stands for no attachment")
        yield number
    elif isinstance(data, dict):
        for value in data.values():
            yield from _placeholders(value)


def compose(kind: int, namespace: str, number: int | None, data: Any) -> tuple[bytes, list[bytes]]:
    """Return a packet as a finished Engine.IO message and the binary messages that follow it.

    Raise `ValueError` for what JSON cannot carry.
    """
    attachments: list[bytes] = []
    try:
        payload = b"" if data is None else orjson.dumps(data)
    except TypeError:
        plain, attachments = _disassemble(data)
        payload = dumps(plain)
        if attachments:
            kind += 3  # EVENT and ACK become BINARY_EVENT and BINARY_ACK
    head = f"4{kind}{f'{len(attachments)}-' if attachments else ''}"
    head += ("" if namespace == "/" else f"{namespace},") + ("" if number is None else str(number))
    return head.encode() + payload, attachments


def _disassemble(data: Any) -> tuple[Any, list[bytes]]:
    """Return a payload with placeholders for its binary parts, and those. Raise `ValueError`."""
    plain = _plain(data)
    if not Packet.data_is_binary(plain):
        return plain, []
    if next(_lookalikes(plain), None):
        raise ValueError("a key called _placeholder cannot go beside binary data")
    return Packet.deconstruct_binary(plain)


def _plain(data: Any) -> Any:
    """Return data with lists and bytes for what is like them: python-socketio looks for binary data in lists alone."""
    if isinstance(data, list | tuple):
        return [_plain(item) for item in data]
    if isinstance(data, dict):
        return {key: _plain(value) for key, value in data.items()}
    return bytes(data) if isinstance(data, bytearray | memoryview) else data


def _lookalikes(data: Any) -> Iterator[bool]:
    if isinstance(data, dict):
        yield from [True] if "_placeholder" in data else []
        for value in data.values():
            yield from _lookalikes(value)
    elif isinstance(data, list):
        for item in data:
            yield from _lookalikes(item)


def loads(text: bytes) -> Any:
    """Return what strict JSON says. Raise `MalformedError`."""
    try:
        data = orjson.loads(text)
    except ValueError as error:
        raise MalformedError(str(error)) from None
    if text.count(b"[") + text.count(b"{") > MAX_DEPTH and _too_deep(text):
        raise MalformedError("nested too deep")
    return data


_STRINGS = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_BRACKETS = bytes.maketrans(b"{}", b"[]")
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


def _too_deep(text: bytes) -> bool:
    """Tell whether well-formed JSON is nested too deep; each replacement takes its innermost level away."""
    brackets = _STRINGS.sub(b"", text).translate(_BRACKETS, _NO_BRACKETS)
    for _ in range(MAX_DEPTH):
        brackets = brackets.replace(b"[]", b"")
    return bool(brackets)


def dumps(data: Any) -> bytes:
    """Return data as JSON. Raise `ValueError` for what it cannot carry."""
    try:
        return orjson.dumps(data)
    except TypeError as error:
        raise ValueError(str(error)) from error
