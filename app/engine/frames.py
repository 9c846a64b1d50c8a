"""The outside of a websocket frame: how one is made, and what the header of one says.

Source: RFC 6455, section 5.2.
"""

from __future__ import annotations

from websockets.frames import Opcode

__all__ = ["frame", "header"]


def frame(payload: bytes, opcode: int = Opcode.TEXT) -> bytes:
    """Return a whole message as a server's frame."""
    length = len(payload)
    if length < 126:
        return bytes((0x80 | opcode, length)) + payload
    if length < 65536:
        return bytes((0x80 | opcode, 126)) + length.to_bytes(2, "big") + payload
    return bytes((0x80 | opcode, 127)) + length.to_bytes(8, "big") + payload


def header(data: bytes, position: int, end: int) -> tuple[int, int] | None:
    """Return where a frame's payload begins and how long it is, None if its header is not complete."""
    if end - position < 2:
        return None
    second = data[position + 1]
    length = second & 0x7F
    start = position + (6 if second & 0x80 else 2)
    if length == 126:
        start += 2
        if start > end:
            return None
        length = data[position + 2] << 8 | data[position + 3]
    elif length == 127:
        start += 8
        if start > end:
            return None
        length = int.from_bytes(data[position + 2 : position + 10], "big")
    return (start, length) if start <= end else None
