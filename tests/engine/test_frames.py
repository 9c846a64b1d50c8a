"""RFC 6455, frame by frame, after the Autobahn testsuite: what is taken, what is answered, what is refused."""

import pytest

from app.engine import websocket
from tests.engine.loops import on_each_loop
from tests.engine.peer import BINARY, CLOSE, CONT, PING, PONG, TEXT, dialled, masked
from tests.waiting import until

SIZES = [0, 1, 125, 126, 127, 16_383, 16_384, 16_385, 65_535, 65_536, 100_000]
MARKER = masked(TEXT, b"marker")
ROCKET = "🚀".encode()


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have what ends be ended by a rule, never by the clock."""
    monkeypatch.setattr(websocket, "CLOSE_TIMEOUT", 600)


@pytest.mark.parametrize("opcode", [TEXT, BINARY])
@on_each_loop
async def test_a_message_of_any_size_arrives(opcode: int):
    """Also at the lengths where a frame's header changes its form, and where parsing in place ends."""
    async with dialled() as peer:
        for size in SIZES:
            peer.send(masked(opcode, b"x" * size))
        await until(lambda: len(peer.taken.messages) == len(SIZES))
        assert peer.taken.messages == [(opcode, b"x" * size) for size in SIZES]


@pytest.mark.parametrize("opcode", [TEXT, BINARY])
@pytest.mark.parametrize(
    "parts",
    [
        (b"a", b"b"),
        (b"", b""),
        (b"", b"a", b""),
        (b"x" * 20_000, b"y" * 20_000, b"z"),
        tuple(bytes((byte,)) for byte in b"a" + ROCKET + b"z"),  # UTF-8 that is cut within a character
    ],
)
@on_each_loop
async def test_the_fragments_of_a_message_are_put_together(opcode: int, parts: tuple[bytes, ...]):
    """Wherever the message is cut, and however empty a fragment is."""
    async with dialled() as peer:
        first, *middle, last = parts
        peer.send(masked(opcode, first, fin=False))
        peer.send(*[masked(CONT, part, fin=False) for part in middle])
        peer.send(masked(CONT, last), MARKER)
        await until(lambda: len(peer.taken.messages) == 2)
        assert peer.taken.messages == [(opcode, b"".join(parts)), (TEXT, b"marker")]


@on_each_loop
async def test_control_frames_may_come_between_fragments():
    """A PING is answered at once, not after the message; an unasked PONG means nothing."""
    async with dialled() as peer:
        peer.send(masked(TEXT, b"a", fin=False), masked(PING, b"1"), masked(PONG, b"x"))
        assert await peer.frame() == (PONG, b"1")
        peer.send(masked(CONT, b"b", fin=False), masked(PING, b"2"), masked(CONT, b"c"))
        assert await peer.frame() == (PONG, b"2")
        await until(lambda: peer.taken.messages == [(TEXT, b"abc")])


@pytest.mark.parametrize("payload", [b"", b"\x00\xff", b"p" * 125])
@on_each_loop
async def test_a_ping_is_answered_with_its_payload(payload: bytes):
    """The PONG carries what the PING carried, in the order of the PINGs."""
    async with dialled() as peer:
        peer.send(masked(PING, payload), masked(PING, b"second"))
        assert [await peer.frame(), await peer.frame()] == [(PONG, payload), (PONG, b"second")]


WRONG: dict[str, tuple[int, bytes]] = {
    **{f"opcode {opcode}": (1002, masked(opcode)) for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)},
    **{f"reserved bits {rsv:03b} on text": (1002, masked(TEXT, b"a", rsv=rsv)) for rsv in range(1, 8)},
    **{f"reserved bits {rsv:03b} on PING": (1002, masked(PING, b"a", rsv=rsv)) for rsv in range(1, 8)},
    **{f"unmasked opcode {op}": (1002, masked(op, b"\x03\xe8", mask=False)) for op in (TEXT, BINARY, CLOSE, PING)},
    "unmasked large text": (1002, masked(TEXT, b"x" * 20_000, mask=False)),
    "continuation of nothing": (1002, masked(CONT, b"a")),
    "unfinished continuation of nothing": (1002, masked(CONT, b"a", fin=False)),
    "continuation of a finished message": (
        1002,
        masked(TEXT, b"", fin=False) + masked(CONT) + masked(CONT),
    ),
    "text inside fragments": (1002, masked(BINARY, b"a", fin=False) + masked(TEXT, b"b")),
    "binary inside fragments": (1002, masked(TEXT, b"a", fin=False) + masked(BINARY, b"b")),
    "unfinished text inside fragments": (1002, masked(TEXT, b"a", fin=False) * 2),
    "close inside fragments": (1002, masked(TEXT, b"a", fin=False) + masked(CLOSE, b"\x03\xe8")),
    **{f"unfinished opcode {op}": (1002, masked(op, b"", fin=False)) for op in (CLOSE, PING, PONG)},
    **{f"opcode {op} of 126 bytes": (1002, masked(op, b"\x03\xe8" + b"a" * 124)) for op in (CLOSE, PING, PONG)},
    **{
        f"close code {code}": (1002, masked(CLOSE, code.to_bytes(2, "big")))
        for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535)
    },
    "a close payload of one byte": (1002, masked(CLOSE, b"\x03")),
    "a close reason that is not UTF-8": (1007, masked(CLOSE, b"\x03\xe8\xed\xa0\x80")),
    "a message that is too large": (1009, masked(BINARY, b"x" * 100_001)),
    "a length beyond 63 bits": (1009, b"\x82\xff" + b"\xff" * 12),
    "fragments that are too large together": (
        1009,
        masked(TEXT, b"x" * 60_000, fin=False) + masked(CONT, b"x" * 40_001),
    ),
}


@pytest.mark.parametrize("case", WRONG)
@on_each_loop
async def test_what_breaks_the_protocol_is_refused(case: str):
    """What came before it is taken, nothing after it is; the Close frame has the code that RFC 6455 asks for."""
    code, data = WRONG[case]
    async with dialled() as peer:
        peer.send(masked(TEXT, b"before"), data, MARKER)
        opcode, payload = await peer.frame()
        assert (opcode, int.from_bytes(payload[:2], "big")) == (CLOSE, code)
        peer.send(MARKER, masked(CLOSE, b"\x03\xe8"))
        if case != "a length beyond 63 bits":  # it swallows all that follows
            await peer.ended()
        assert peer.taken.messages[0] == (TEXT, b"before")
        assert (TEXT, b"marker") not in peer.taken.messages
        assert peer.taken.endings == 1


@pytest.mark.parametrize("limit", [0, 1, 125, 1_000])
@on_each_loop
async def test_a_limit_below_the_ordinary_size_holds_for_every_frame(limit: int):
    """A frame that could be parsed in place is measured first."""
    async with dialled(max_message=limit) as peer:
        peer.send(masked(TEXT, b"x" * limit), masked(TEXT, b"x" * (limit + 1)))
        opcode, payload = await peer.frame()
        assert (opcode, payload[:2]) == (CLOSE, (1009).to_bytes(2, "big"))
        assert peer.taken.messages == [(TEXT, b"x" * limit)]


@on_each_loop
async def test_a_message_that_is_too_large_is_refused_by_its_header():
    """Not a byte of its payload is waited for, let alone kept."""
    async with dialled() as peer:
        peer.send(masked(BINARY, b"x" * 100_001)[:14])
        opcode, payload = await peer.frame()
        assert (opcode, payload[:2]) == (CLOSE, (1009).to_bytes(2, "big"))


@pytest.mark.parametrize("reason", [b"", b"bye", ROCKET])
@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999])
@on_each_loop
async def test_a_close_frame_is_echoed_and_the_connection_ended(code: int, reason: bytes):
    """At once: a server does not wait for its client to hang up."""
    payload = code.to_bytes(2, "big") + reason
    async with dialled() as peer:
        peer.send(MARKER, masked(CLOSE, payload), MARKER)
        assert await peer.frame() == (CLOSE, payload)
        assert await peer.ended() == b""
        assert peer.taken.messages == [(TEXT, b"marker")]
        assert peer.taken.endings == 1


@on_each_loop
async def test_a_close_frame_without_a_code_is_echoed_without_one():
    """Code 1005 says that there was none, and is never sent."""
    async with dialled() as peer:
        peer.send(masked(CLOSE))
        assert await peer.frame() == (CLOSE, b"")
        assert await peer.ended() == b""
