"""Messages without end: a limit holds before a byte is buffered (row 1), and nothing is inflated (row 8)."""

from __future__ import annotations

import pytest
from websockets.frames import Opcode

from tests.engine.hazards.clients import Peer, dialled, frame, joined, opened
from tests.engine.hazards.kinds import both
from tests.engine.hazards.process import Process

TOTAL = 32_000_000
"""Bytes that are poured into a server."""

KEPT = 8_000_000
"""Bytes by which its memory may grow."""

DEFLATE = {"Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits"}
_PART = b"x" * 65_536


async def pour(server: Process, peer: Peer, first: bytes, more: bytes) -> int:
    """Send a frame, then more and more, and return by how much the server's memory has grown."""
    before = server.memory
    peer.wire.write(first)
    await peer.wire.pour(more, TOTAL)
    await server.stats()
    return server.memory - before


@both(1, "buffers before it checks")
async def test_a_frame_without_end_is_cut_off(server: Process):
    """Who announces a terabyte is told 1009 and hung up on; its bytes are never kept."""
    async with opened(server) as peer:
        endless = b"\x81\xff" + (1 << 40).to_bytes(8, "big") + b"\0\0\0\0"
        assert await pour(server, peer, endless, _PART) < KEPT
        await peer.ended()
        assert peer.code == 1009


@both(1, "buffers before it checks")
async def test_fragments_without_end_are_summed(server: Process):
    """A message may not be larger in pieces than it may be whole."""
    async with opened(server) as peer:
        first = frame(_PART, fin=False, opcode=Opcode.TEXT)
        assert await pour(server, peer, first, frame(_PART, fin=False, opcode=Opcode.CONT)) < KEPT
        await peer.ended()
        assert peer.code == 1009


@both(1, "counts characters where the limit is of bytes")
@pytest.mark.parametrize("message", ["é" * 60_000, "🚀" * 30_000], ids=["two-bytes", "four-bytes"])
async def test_the_limit_is_of_bytes(server: Process, message: str):
    """A message that is too large in UTF-8 is too large."""
    async with joined(server) as peer:
        peer.send(f'42["echo","{message}"]')
        assert await peer.receive() is None
        assert peer.code == 1009


@both(8, "negotiates permessage-deflate with whoever offers it", shared=True)
async def test_compression_is_never_negotiated(server: Process):
    """An offer of permessage-deflate, which every browser makes, is passed over."""
    async with dialled(server, headers=DEFLATE) as peer:
        assert "sec-websocket-extensions" not in peer.answer.headers


@both(8, "inflates what was compressed", shared=True)
async def test_a_compressed_frame_is_a_protocol_error(server: Process):
    """A frame with the bit of permessage-deflate, here of `40`, ends the connection with 1002."""
    async with dialled(server, headers=DEFLATE) as peer:
        await peer.receive()
        peer.wire.write(b"\xc1\x84\0\0\0\0\x32\x31\x00\x00")
        assert await peer.receive() is None
        assert peer.code == 1002
