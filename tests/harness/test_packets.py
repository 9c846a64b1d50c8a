"""Packets: what a client reads and writes."""

import pytest

from e2e.harness.packets import Packet, connect, decode, event


@pytest.mark.parametrize(
    ("text", "packet"),
    [
        ('0{"sid":"x"}', Packet("OPEN", ({"sid": "x"},))),
        ("2", Packet("PING")),
        ("6", Packet("NOOP")),
        ('40{"sid":"x"}', Packet("CONNECT", ({"sid": "x"},))),
        ("41", Packet("DISCONNECT")),
        ('42["message",{"a":1},2]', Packet("message", ({"a": 1}, 2))),
        ('4213["message"]', Packet("message", (), 13)),
        ('437["done"]', Packet("ACK", ("done",), 7)),
        ('44{"message":"no"}', Packet("CONNECT_ERROR", ({"message": "no"},))),
        ('44/nowhere,{"message":"no"}', Packet("CONNECT_ERROR", ({"message": "no"},), None, "/nowhere")),
        ("42{}", Packet("GARBAGE", ("42{}",))),
        ("nonsense", Packet("GARBAGE", ("nonsense",))),
        (b"\x00\xff", Packet("BINARY", ("00ff",))),
    ],
)
def test_a_packet_is_read(text: str | bytes, packet: Packet):
    """A packet is read as what the protocol says, and what is none as garbage."""
    assert decode(text) == packet


def test_a_packet_is_written():
    """A packet is written as the protocol says, and a lone surrogate as its escape."""
    assert connect() == "40"
    assert connect({"token": "x"}) == '40{"token":"x"}'
    assert connect(namespace="/nowhere") == "40/nowhere,"
    assert event("message", ["hello"]) == '42["message","hello"]'
    assert event("message", ["hello"], 7) == '427["message","hello"]'
    assert event("message", ["\ud800"]) == '42["message","\\ud800"]'
