"""Socket.IO packets: what is taken, and that everything else is refused."""

import contextlib
import math
import time
from collections import namedtuple
from typing import Any

import pytest

from app.engine.packets import MAX_DEPTH, MalformedError, SocketPacket, assemble, compose, dumps, loads, parse

VALID: dict[bytes, SocketPacket] = {
    b"0": SocketPacket(0, "/", None, None),
    b'0{"token":"t"}': SocketPacket(0, "/", None, {"token": "t"}),
    b"0/custom": SocketPacket(0, "/custom", None, None),
    b"0/custom,": SocketPacket(0, "/custom", None, None),
    b'0/custom,{"a":[1]}': SocketPacket(0, "/custom", None, {"a": [1]}),
    b"1": SocketPacket(1, "/", None, None),
    b"1/custom,": SocketPacket(1, "/custom", None, None),
    b'2["event"]': SocketPacket(2, "/", None, ["event"]),
    b'2[""]': SocketPacket(2, "/", None, [""]),
    b'20["event"]': SocketPacket(2, "/", 0, ["event"]),
    b'217["event",{"a":"b"},null]': SocketPacket(2, "/", 17, ["event", {"a": "b"}, None]),
    b'2/a,123456789012345["event"]': SocketPacket(2, "/a", 123456789012345, ["event"]),
    '2/ä,["é\x7f🚀"]'.encode(): SocketPacket(2, "/ä", None, ["é\x7f🚀"]),
    b"31[]": SocketPacket(3, "/", 1, []),
    b'3/a,1[{"_placeholder":true,"num":0}]': SocketPacket(3, "/a", 1, [{"_placeholder": True, "num": 0}]),
    b'51-["event",{"_placeholder":true,"num":0}]': SocketPacket(
        5, "/", None, ["event", {"_placeholder": True, "num": 0}], 1
    ),
    b'52-/a,7["event"]': SocketPacket(5, "/a", 7, ["event"], 2),
    b"61-/a,7[]": SocketPacket(6, "/a", 7, [], 1),
    b'2["event",18446744073709551615,-9223372036854775808]': SocketPacket(
        2, "/", None, ["event", 18446744073709551615, -9223372036854775808]
    ),
    b'2["event",{"a":1,"a":2}]': SocketPacket(2, "/", None, ["event", {"a": 2}]),  # the last one, as in JavaScript
}


@pytest.mark.parametrize("packet", VALID)
def test_a_valid_packet_is_taken(packet: bytes):
    """With its type, namespace, id, payload and number of attachments."""
    assert parse(packet) == VALID[packet]


MALFORMED: list[bytes] = [
    b"",
    b"7",
    b"9[]",
    b"x",
    b"-1",
    b"\xb2",  # a digit to str.isdigit
    # payloads that do not fit their type
    *(b"0" + payload for payload in (b"[]", b'"a"', b"1{}", b"null", b"true", b"7")),
    *(b"1" + payload for payload in (b"{}", b"[]", b"null", b"7", b'"bye"', b"/a,{}")),
    *(b"2" + payload for payload in (b"", b"{}", b"[]", b"[1]", b"[null]", b"null", b'"event"', b"1", b"1{}", b"/a,")),
    *(b"3" + payload for payload in (b"", b"[]", b"1", b"1{}", b"1null", b'1"a"', b"/a,[]")),
    *(b"4" + payload for payload in (b"", b"{}", b'{"message":"no"}', b'/a,{"message":"no"}')),
    # attachments
    b'5["event"]',
    b"61[]",
    b'5-["event"]',
    b'5x-["event"]',
    b'5-1-["event"]',
    b'517-["event"]',
    b'51000-["event"]',
    b'599999999999999999999-["event"]',
    b'21-["event"]',
    b"31-1[]",
    b"01-{}",
    b"51-",
    # reserved events
    *(
        b'2["%s"]' % name
        for name in (b"connect", b"connect_error", b"disconnect", b"disconnecting", b"newListener", b"removeListener")
    ),
    b'2["*"]',
    b'51-["connect",{"_placeholder":true,"num":0}]',
    rb'2["\u0063onnect"]',
    # ids
    b'21234567890123456["event"]',
    b'2-1["event"]',
    b'2 1["event"]',
    b'21.5["event"]',
    b'2\xd9\xa1["event"]',  # a digit, but no ASCII
    # namespaces
    b'2/a["event"]',
    b'2a,["event"]',
    b'2/\xff,["event"]',
    b"0/" + b"a" * 201,
    # JSON
    *(b'2["event",%s]' % value for value in (b"NaN", b"Infinity", b"-Infinity", b"1e999", b"-1e999", b"1" * 400)),
    *(b'2["event",%s]' % value for value in (b"01", b"1.", b".5", b"+1", b"0x1", b"'a'", b"undefined", b"True", b"")),
    *(
        b'2["%s"]' % text
        for text in (rb"\ud800", rb"\udc00\ud800", rb"\ud83d", rb"\x", rb"\u12", b"\n", b"\0", b"\xff")
    ),
    '2["\ud800"]'.encode(errors="surrogatepass"),
    b'2["event",',
    b'2["event"',
    b'2["event"]]',
    b'2["event"]["event"]',
    b'2["event"]\0',
    b'2["event",]',
    b'2["event",{"a"}]',
    b"2[\xef\xbb\xbf]",
    b'2\xef\xbb\xbf["event"]',
    b'2["event"] // a comment',
]


@pytest.mark.parametrize("packet", MALFORMED)
def test_a_malformed_packet_is_refused(packet: bytes):
    """Nothing is guessed at."""
    with pytest.raises(MalformedError):
        parse(packet)


@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}"), (b'[{"a":', b"}]")])
def test_nesting_has_a_bound(opening: bytes, closing: bytes):
    """`MAX_DEPTH` levels are taken, one more is not, and brackets in strings are no levels."""
    levels = MAX_DEPTH // (1 + (len(opening) == 6))
    within = opening * levels + b"1" + closing * levels
    loads(within)
    for deeper in (b"[%s]" % within, b'["]]]]",%s]' % within, b"[" * 100_000, b"[" * 2_000 + b"]" * 2_000):
        with pytest.raises(MalformedError):
            loads(deeper)
    for brackets in (b'["%s","\\"%s\\\\"]' % (opening.replace(b'"', b"") * 99, b"[" * 99), b"[[]" + b",[]" * 99 + b"]"):
        loads(brackets)


@pytest.mark.parametrize(
    "text",
    [
        b"[" * 65 + b'"' + b'\\"' * 500_000,
        b"[" * 65 + b'"' + b"\\" * 1_000_000,
        b'["' + b"[" * 1_000_000,
        b'["' + b'\\"[' * 300_000 + b'"]',
        b"[" + b'"",' * 300_000 + b"[" * 100,
        b"[" + b"[[[[[[[[]]]]]]]]," * 60_000 + b"1]",
    ],
)
def test_no_text_takes_long_to_look_through(text: bytes):
    """The time is in proportion to the length: what holds up the loop for one client does so for all."""
    began = time.process_time()
    with contextlib.suppress(MalformedError):
        loads(text)
    assert time.process_time() - began < 5  # quadratic, it is minutes


@pytest.mark.parametrize(
    "data",
    [
        {"_placeholder": True},
        {"_placeholder": True, "num": 1},
        {"_placeholder": True, "num": -1},
        {"_placeholder": True, "num": "0"},
        {"_placeholder": True, "num": 0.0},
        {"_placeholder": True, "num": False},
        {"_placeholder": True, "num": None},
        {"_placeholder": True, "num": 0, "more": 1},
        {"_placeholder": False, "num": 0},
        {"_placeholder": 1, "num": 0},
        {"_placeholder": "x"},
        {"_placeholder": None},
        {},  # the attachment is nowhere
    ],
)
def test_a_placeholder_that_stands_for_no_attachment_is_refused(data: Any):
    """Wherever it is in the payload."""
    for payload in ([data], ["event", {"deep": [data]}]):
        with pytest.raises(MalformedError):
            assemble(payload, [b"attachment"])


def test_an_attachment_is_named_once():
    """One that is named a thousand times would be sent on a thousand times."""
    with pytest.raises(MalformedError):
        assemble([{"_placeholder": True, "num": 0}] * 2, [b"attachment"])
    first, second = ({"_placeholder": True, "num": number} for number in (0, 1))
    assert assemble(["e", {"a": [second]}, first], [b"0", b"1"]) == ["e", {"a": [b"1"]}, b"0"]


def test_bytes_are_sent_as_attachments_wherever_they_are():
    """In lists, tuples and dictionaries, of every type of bytes, in the order in which they come."""
    data = ["event", b"0", {"a": [bytearray(b"1"), (memoryview(b"2"),)]}, "text"]
    head, attachments = compose(2, "/a", 7, data)
    assert head.startswith(b'453-/a,7["event",{"_placeholder":true,"num":0},')
    assert attachments == [b"0", b"1", b"2"]
    assert compose(3, "/", 7, [b""]) == (b'461-7[{"_placeholder":true,"num":0}]', [b""])


def test_a_packet_without_bytes_is_not_binary():
    """Also where its data needs converting."""
    point = namedtuple("point", "x y")
    assert compose(2, "/", None, ["event", point(1, 2)]) == (b'42["event",[1,2]]', [])
    assert compose(0, "/a", None, {"sid": "s"}) == (b'40/a,{"sid":"s"}', [])
    assert compose(1, "/a", None, None) == (b"41/a,", [])


@pytest.mark.parametrize(
    "thing",
    ["\ud800", object(), {1: 2}, {"\udc00": 1}, 1 << 64, {1, 2}, [b"a", {"_placeholder": 1}], [b"a", "\ud800"]],
)
def test_what_json_cannot_carry_is_not_composed(thing: Any):
    """The error is a `ValueError`, whatever is wrong."""
    with pytest.raises(ValueError):  # noqa: PT011  (whose text is the JSON library's)
        compose(2, "/", None, ["event", thing])
    with pytest.raises(ValueError):  # noqa: PT011  (whose text is the JSON library's)
        dumps(thing)


def test_what_is_no_number_is_not_sent():
    """JSON has no word for it; a JavaScript client that got one would end its session."""
    assert compose(2, "/", None, ["event", math.nan, -math.inf]) == (b'42["event",null,null]', [])
