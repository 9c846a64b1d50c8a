"""How a websocket ends, waits and writes: the close handshake, back pressure in both directions, bounds."""

import asyncio
import tracemalloc
from collections.abc import Callable

import pytest

from app.engine import websocket
from app.engine.frames import frame
from app.engine.websocket import TURN, WebSocket
from app.engine.writes import Writes
from tests.engine.loops import on_each_loop
from tests.engine.peer import BINARY, CLOSE, CONT, PING, PONG, TEXT, Peer, Taken, Tape, dialled, masked, taped
from tests.waiting import DEADLINE, until

BYE = b"\x03\xe8"


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have what ends be ended by a rule, never by the clock."""
    monkeypatch.setattr(websocket, "CLOSE_TIMEOUT", 600)


@pytest.mark.usefixtures("patient")
@on_each_loop
async def test_the_server_hangs_up_when_its_close_frame_is_answered():
    """What the peer had sent before its answer is passed over; nothing is sent after the Close frame."""
    async with dialled() as peer:
        peer.websocket.send(frame(b"last words"))
        peer.websocket.close(1001)
        peer.websocket.send(frame(b"too late"))
        assert await peer.frame() == (TEXT, b"last words")
        assert await peer.frame() == (CLOSE, (1001).to_bytes(2, "big"))
        peer.send(masked(TEXT, b"late"), masked(BINARY, b"x" * 70_000), masked(CLOSE, BYE))
        assert await peer.ended() == b""
        assert peer.taken.messages == []
        assert peer.taken.endings == 1


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("sent", [3, 20, 4_000])
@on_each_loop
async def test_a_close_frame_behind_a_frame_that_was_cut_is_found(sent: int):
    """A server that closes while half a frame has come passes over the rest of it, and of its header."""
    data = masked(BINARY, b"\x88\x80" * 10_000)
    async with dialled() as peer:
        peer.send(masked(TEXT, b"marker"), data[:sent])
        await until(lambda: peer.taken.messages)
        peer.websocket.close()
        peer.send(data[sent:], masked(CLOSE, BYE))
        assert await peer.frame() == (CLOSE, BYE)
        assert await peer.ended() == b""


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("behind", [b"", masked(PING), masked(BINARY, b"x" * 20_000)])
@on_each_loop
async def test_a_close_frame_that_came_with_what_ended_the_websocket_is_found(behind: bytes):
    """The receiver closes within a segment: its rest is passed over, not forgotten."""
    async with dialled() as peer:
        peer.taken.then = lambda _: peer.websocket.close()
        peer.send(masked(TEXT, b"malformed"), behind, masked(CLOSE, BYE))
        assert await peer.frame() == (CLOSE, BYE)
        assert await peer.ended() == b""


@pytest.mark.usefixtures("patient")
@on_each_loop
async def test_a_close_frame_that_waits_is_found_when_a_paused_websocket_is_closed():
    """What had come while reading was paused is passed over too."""
    async with dialled() as peer:
        peer.taken.then = lambda _: peer.websocket.pause()
        peer.send(masked(TEXT, b"one"), masked(TEXT, b"two"), masked(CLOSE, BYE))
        await until(lambda: peer.taken.messages)
        peer.websocket.close()
        assert await peer.frame() == (CLOSE, BYE)
        assert await peer.ended() == b""
        assert peer.taken.messages == [(TEXT, b"one")]


@on_each_loop
async def test_a_peer_that_does_not_answer_a_close_frame_is_hung_up_on(monkeypatch: pytest.MonkeyPatch):
    """It has `CLOSE_TIMEOUT` seconds, whatever else it sends meanwhile."""
    monkeypatch.setattr(websocket, "CLOSE_TIMEOUT", 0.02)
    async with dialled() as peer:
        peer.websocket.close()
        peer.send(masked(TEXT, b"never mind"))
        assert await peer.frame() == (CLOSE, BYE)
        assert await peer.ended() == b""


@on_each_loop
async def test_nothing_is_parsed_while_reading_is_paused():
    """Nothing is lost either: what was half parsed goes on where it was."""
    large = masked(BINARY, b"x" * 50_000)
    async with dialled() as peer:
        peer.taken.then = lambda _: peer.websocket.pause()
        peer.send(masked(TEXT, b"1"), masked(TEXT, b"2"), large[:30_000])
        await until(lambda: peer.taken.messages)
        peer.send(large[30_000:], masked(PING, b"p"))
        for expected in ([(TEXT, b"1")], [(TEXT, b"1"), (TEXT, b"2")]):
            await asyncio.sleep(0)
            assert peer.taken.messages == expected
            peer.websocket.resume()
        await until(lambda: peer.taken.messages[2:] == [(BINARY, b"x" * 50_000)])
        peer.websocket.resume()
        assert await peer.frame() == (PONG, b"p")


@on_each_loop
async def test_a_receiver_may_pause_and_resume_while_it_takes_a_message():
    """Every message arrives once and in order."""
    async with dialled() as peer:

        def waver(_: bytes) -> None:
            peer.websocket.pause()
            peer.websocket.resume()

        peer.taken.then = waver
        messages = [b"%d" % number for number in range(50)]
        peer.send(*[masked(TEXT, message) for message in messages])
        peer.send(masked(TEXT, b"a", fin=False), masked(CONT, b"b"), masked(TEXT, b"end"))
        await until(lambda: (TEXT, b"end") in peer.taken.messages)
        assert [message for _, message in peer.taken.messages] == [*messages, b"ab", b"end"]


async def test_what_is_sent_in_one_pass_of_the_loop_leaves_in_one_write():
    """However many packets; what is sent in the next pass leaves in the next."""
    ours, _, tape = taped()
    for number in range(5):
        ours.send(frame(b"%d" % number))
    assert tape.writes == []
    await asyncio.sleep(0)
    ours.send(frame(b"next"))
    await asyncio.sleep(0)
    assert len(tape.writes) == 2
    assert [payload for _, payload in tape.frames] == [b"0", b"1", b"2", b"3", b"4", b"next"]


async def test_an_answer_to_a_ping_follows_what_was_queued_before():
    """Frames leave in the order in which they were made."""
    ours, _, tape = taped()
    ours.send(frame(b"first"))
    ours.data_received(masked(PING, b"p"))
    ours.flush()
    assert tape.frames == [(TEXT, b"first"), (PONG, b"p")]


@on_each_loop
async def test_a_peer_that_does_not_read_is_aborted():
    """When more than `max_buffer` bytes wait for it; it is told of once, and so is its end."""
    async with dialled(max_buffer=300_000) as peer:
        peer.writer.transport.pause_reading()  # pyright: ignore[reportAttributeAccessIssue]  (a socket has it)
        await _until_aborted(peer, lambda: peer.websocket.send(frame(b"x" * 10_000)))


@on_each_loop
async def test_a_peer_that_pings_and_does_not_read_is_aborted():
    """The answers to PINGs wait in the same bounded buffer."""
    async with dialled(max_buffer=300_000) as peer:
        peer.writer.transport.pause_reading()  # pyright: ignore[reportAttributeAccessIssue]  (a socket has it)
        await _until_aborted(peer, lambda: peer.send(masked(PING, b"x" * 125) * 100))


async def _until_aborted(peer: Peer, more: Callable[[], None]) -> None:
    async with asyncio.timeout(DEADLINE):
        while not peer.taken.slow:
            more()
            await asyncio.sleep(0)
    await until(lambda: peer.taken.endings)
    peer.websocket.send(frame(b"dropped"))
    await asyncio.sleep(0)
    assert (peer.taken.slow, peer.taken.endings) == (1, 1)


@on_each_loop
async def test_an_abort_drops_what_is_queued():
    """And the receiver hears once that the websocket has ended, however often it is ended."""
    async with dialled() as peer:
        peer.websocket.send(frame(b"queued"))
        peer.websocket.abort()
        peer.websocket.abort()
        peer.websocket.close()
        peer.websocket.send(frame(b"dropped"))
        assert await peer.ended() == b""
        await until(lambda: peer.taken.endings)
        peer.websocket.connection_lost(None)
        assert peer.taken.endings == 1


@pytest.mark.parametrize("how", ["abort", "eof"])
@on_each_loop
async def test_a_connection_that_is_lost_is_told_once(how: str):
    """Also in the middle of a frame."""
    async with dialled() as peer:
        peer.send(masked(TEXT, b"whole"), masked(TEXT, b"half")[:-2])
        await until(lambda: peer.taken.messages)
        peer.writer.transport.abort() if how == "abort" else peer.writer.write_eof()
        await until(lambda: peer.taken.endings)
        assert peer.taken.messages == [(TEXT, b"whole")]
        assert peer.taken.endings == 1


@on_each_loop
async def test_a_connection_that_is_lost_holds_up_no_other():
    """One that dies between sending and writing costs those in the same pass nothing."""
    writes = Writes()
    async with dialled(writes=writes) as lost, dialled(writes=writes) as peer:
        lost.transport.abort()
        lost.websocket.send(frame(b"to nobody"))
        peer.websocket.send(frame(b"news"))
        assert await peer.frame() == (TEXT, b"news")


async def test_endless_empty_fragments_take_no_memory():
    """A message that never ends and has no content is held as nothing."""
    ours, taken, _ = taped()
    ours.data_received(masked(TEXT, b"", fin=False))
    fragments = masked(CONT, b"", fin=False) * 100
    ours.data_received(fragments)
    tracemalloc.start()
    try:
        for _ in range(50):
            ours.data_received(fragments)
            await asyncio.sleep(0)
        grown, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert grown < 20_000
    ours.data_received(masked(CONT))
    assert taken.messages == [(TEXT, b"")]


@on_each_loop
async def test_a_flood_of_pings_leaves_others_their_turn():
    """A segment full of PINGs is answered a turn's worth at a time, all of them in the end."""
    ours, _, tape = taped()
    ours.data_received(masked(PING) * 3 * TURN)
    ours.flush()
    assert len(tape.frames) == TURN
    for _ in range(10):
        await asyncio.sleep(0)
        ours.flush()
    assert tape.frames == [(PONG, b"")] * 3 * TURN


@on_each_loop
@pytest.mark.parametrize("flood", [masked(PING), masked(CONT, fin=False)], ids=["pings", "empty fragments"])
async def test_frames_that_are_no_messages_have_a_rate(flood: bytes):
    """A peer that sends control frames or fragments without end is closed for it, with 1008."""
    taken, tape = Taken(), Tape()
    ours = WebSocket(tape, taken, Writes(), 100_000, 1_000_000, lambda: None, rate=50)
    ours.data_received(masked(TEXT, fin=False) + flood * 99)
    assert not taken.endings
    ours.data_received(flood * 5)
    assert taken.endings == 1
    assert tape.frames[-1] == (CLOSE, (1008).to_bytes(2, "big"))


async def test_one_that_cannot_be_written_to_keeps_nobody_elses_frames(monkeypatch: pytest.MonkeyPatch):
    """What fails for one websocket of a pass is logged, and the others are flushed."""

    def broken(data: bytes) -> None:
        raise RuntimeError("the transport is gone")

    writes = Writes()
    tapes = [Tape(), Tape(), Tape()]
    monkeypatch.setattr(tapes[1], "write", broken)
    for tape in tapes:
        WebSocket(tape, Taken(), writes, 100_000, 1_000_000, lambda: None).send(frame(b"news"))
    writes.flush()
    assert [tape.frames for tape in (tapes[0], tapes[2])] == [[(TEXT, b"news")]] * 2
    assert tapes[1].aborted
