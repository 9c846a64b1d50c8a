"""Frames that nobody thought of: any bytes, cut anywhere, beside what the `websockets` library makes of them."""

import logging
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.frames import Frame as TheirFrame
from websockets.protocol import Protocol, Side

from app.engine import websocket
from tests.engine.peer import BINARY, CLOSE, CONT, PING, PONG, TEXT, Frame, dialled, masked, taped
from tests.waiting import until

LIMIT = 70_000
SIZES = st.sampled_from([0, 1, 2, 124, 125, 126, 127, 1_000, 16_383, 16_384, 16_385, 65_535, 65_536, LIMIT, LIMIT + 1])
PADDING = bytes(16)
"""Completes whatever header a stream ends in, with zeros; the library complains of half a header, we of a whole one."""

fuzzed = settings(max_examples=150)


@pytest.fixture(autouse=True, scope="module")
def _patient():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(websocket, "CLOSE_TIMEOUT", 600)
        patch.setattr(websocket, "TURN", 1_000_000)
        yield


payloads = st.binary(max_size=40) | st.builds(lambda size, byte: bytes((byte,)) * size, SIZES, st.integers(0, 255))
controls = st.builds(masked, st.sampled_from([PING, PONG]), st.binary(max_size=125))
wholes = st.builds(masked, st.sampled_from([TEXT, BINARY]), payloads)


@st.composite
def fragmented(draw: st.DrawFn) -> bytes:
    """Draw a message in fragments, with control frames between them."""
    frames = [masked(draw(st.sampled_from([TEXT, BINARY])), draw(payloads), fin=False)]
    for part in draw(st.lists(payloads, max_size=3)):
        frames += [*draw(st.lists(controls, max_size=2)), masked(CONT, part, fin=False)]
    return b"".join([*frames, masked(CONT, draw(payloads))])


closes = st.builds(
    lambda code, reason: masked(CLOSE, code.to_bytes(2, "big") + reason),
    st.sampled_from([1000, 1001, 1005, 999, 3000, 5000]) | st.integers(0, 65535),
    st.binary(max_size=5),
)
anything = st.builds(
    lambda opcode, payload, fin, rsv, mask: masked(opcode, payload, fin=fin, rsv=rsv, mask=mask),
    st.integers(0, 15),
    payloads,
    st.booleans(),
    st.sampled_from([0, 0, 0, 1, 4]),
    st.sampled_from([True, True, True, False]),
)
streams = st.lists(wholes | wholes | fragmented() | controls, max_size=6).map(b"".join)
odd_streams = st.lists(wholes | fragmented() | controls | closes | anything, max_size=6).map(b"".join)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """Draw a stream that was sound until bytes of it were changed, lost or repeated."""
    data = bytearray(draw(odd_streams))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, min(len(data), 300)))
        data[at : at + draw(st.integers(0, 3))] = draw(st.binary(max_size=3))
    return bytes(data)


noise = st.binary(max_size=300)
inputs = streams | odd_streams | mutated() | noise


@st.composite
def pieces(draw: st.DrawFn, streams: st.SearchStrategy[bytes]) -> list[bytes]:
    """Draw a stream in pieces."""
    data = draw(streams)
    cuts = draw(st.lists(st.integers(0, min(len(data), 400)) | st.integers(0, len(data)), max_size=12))
    edges = [0, *sorted(cuts), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


Outcome = tuple[list[Frame], list[Frame]]
"""The messages that came out, and the frames that were answered; of a Close frame only its code."""


def ours(segments: list[bytes]) -> Outcome:
    """Return what the engine makes of segments."""
    engine, taken, tape = taped(LIMIT)
    for segment in segments:
        engine.data_received(segment)
    engine.flush()
    engine.connection_lost(None)
    assert taken.endings == 1
    return taken.messages, [(opcode, data[:2] if opcode == CLOSE else data) for opcode, data in tape.frames]


def theirs(data: bytes) -> Outcome:
    """Return what the `websockets` library makes of a stream."""
    logger = logging.Logger("silent")
    protocol = Protocol(Side.SERVER, max_size=LIMIT, logger=logger)
    protocol.receive_data(data)
    messages: list[Frame] = []
    for event in protocol.events_received():
        assert isinstance(event, TheirFrame)
        if event.opcode in (TEXT, BINARY):
            messages.append((event.opcode, bytes(event.data)))
        elif event.opcode == CONT:
            messages[-1] = (messages[-1][0], messages[-1][1] + event.data)
    if messages and protocol.current_size is not None:
        messages.pop()
    _, _, tape = taped()
    tape.writes = [data for data in protocol.data_to_send() if data]
    return messages, [(opcode, data[:2] if opcode == CLOSE else data) for opcode, data in tape.frames]


@fuzzed
@given(pieces(inputs))
async def test_any_split_of_any_bytes_gives_the_same(segments: list[bytes]):
    """Messages, answers and the end do not depend on how a stream was cut, and nothing is raised."""
    assert ours(segments) == ours([b"".join(segments)])


@settings(fuzzed, max_examples=60)
@given(st.lists(controls | wholes.filter(lambda data: len(data) < 300) | fragmented(), max_size=3).map(b"".join), noise)
async def test_bytes_that_come_one_by_one_give_the_same(stream: bytes, end: bytes):
    """The finest split of all."""
    data = stream[:600] + end
    assert ours([bytes((byte,)) for byte in data]) == ours([data])


@fuzzed
@given(inputs)
async def test_the_engine_agrees_with_the_library(data: bytes):
    """The same messages, the same answers, the same close code."""
    assert ours([data + PADDING]) == theirs(data + PADDING)


@settings(fuzzed, max_examples=100)
@given(streams, inputs)
async def test_what_is_sound_arrives_whatever_comes_after_it(stream: bytes, after: bytes):
    """An error takes nothing back."""
    sound, _ = ours([stream])
    assert ours([stream + after])[0][: len(sound)] == sound


@settings(fuzzed, max_examples=100)
@given(pieces(inputs), st.integers(1, 3))
async def test_a_receiver_that_pauses_misses_nothing(segments: list[bytes], every: int):
    """Whatever it is sent, and however often it pauses."""
    engine, taken, tape = taped(LIMIT)

    def pause(_: bytes) -> None:
        if len(taken.messages) % every == 0:
            engine.pause()

    taken.then = pause
    for segment in segments:
        engine.data_received(segment)
        while engine._paused:
            engine.resume()
    engine.flush()
    assert taken.messages == ours(segments)[0]
    assert [opcode for opcode, _ in tape.frames] == [opcode for opcode, _ in ours(segments)[1]]


@settings(fuzzed, max_examples=25)
@given(pieces(inputs), pieces(streams))
async def test_a_peer_that_sends_anything_harms_no_other(junk: list[bytes], sound: list[bytes]):
    """Over real sockets: while one sends junk another gets all of its own."""
    expected = ours(sound)[0]
    async with dialled(LIMIT) as bad, dialled(LIMIT) as good:
        for number in range(max(len(junk), len(sound))):
            bad.send(*junk[number : number + 1])
            good.send(*sound[number : number + 1])
        await until(lambda: good.taken.messages[: len(expected)] == expected)
    await until(lambda: bad.taken.endings == good.taken.endings == 1)
