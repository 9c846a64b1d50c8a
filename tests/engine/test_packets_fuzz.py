"""The packet parser beside python-socketio's, and against bytes that nobody thought of."""

from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from socketio.packet import Packet

from app.engine.packets import MAX_ATTACHMENTS, MalformedError, assemble, compose, dumps, loads, parse

RESERVED = {"connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener", "*"}

fuzzed = settings(max_examples=300)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
floats = st.floats(allow_nan=False, allow_infinity=False)
scalars = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | floats | texts
keys = texts.filter(lambda key: key != "_placeholder")


def nested(leaves: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Draw JSON, or what becomes JSON."""
    return st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4), max_leaves=12
    )


names = texts.filter(lambda name: name not in RESERVED)
namespaces = st.just("/") | st.text(st.characters(exclude_characters=",?", exclude_categories=["Cs"]), max_size=20).map(
    lambda name: f"/{name}"
)
ids = st.integers(0, 10**15 - 1)


def payloads(leaves: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[int, int | None, Any]]:
    """Draw what an event or an acknowledgement may carry: type, id and payload."""
    arguments = st.lists(nested(leaves), max_size=4)
    events = st.tuples(st.just(2), st.none() | ids, st.builds(lambda name, rest: [name, *rest], names, arguments))
    return events | st.tuples(st.just(3), ids, arguments)


packets = (
    payloads(scalars)
    | st.tuples(st.just(0), st.none(), st.none() | st.dictionaries(keys, nested(scalars), max_size=3))
    | st.tuples(st.just(1), st.none(), st.none())
)
binaries = payloads(scalars | st.binary(max_size=20))


def _count(data: Any) -> int:
    if isinstance(data, bytes):
        return 1
    return sum(map(_count, data.values() if isinstance(data, dict) else data if isinstance(data, list) else ()))


@fuzzed
@given(packets, namespaces)
def test_what_the_stock_parser_encodes_is_parsed(packet: tuple[int, int | None, Any], namespace: str):
    """Of every type that a client may send."""
    kind, number, data = packet
    encoded = Packet(kind, data, namespace, number).encode()
    assert isinstance(encoded, str)
    parsed = parse(encoded.encode())
    assert (parsed.kind, parsed.namespace, parsed.id, parsed.data) == (kind, namespace, number, data)
    assert parsed.attachments == 0


@fuzzed
@given(packets, namespaces)
def test_what_is_composed_is_parsed_by_the_stock_parser(packet: tuple[int, int | None, Any], namespace: str):
    """And by our own."""
    kind, number, data = packet
    head, attachments = compose(kind, namespace, number, data)
    assert head[:1] == b"4"
    assert attachments == []
    stock = Packet(encoded_packet=head[1:].decode())
    assert (stock.packet_type, stock.namespace or "/", stock.id, stock.data) == (kind, namespace, number, data)
    assert parse(head[1:]).data == data


@fuzzed
@given(binaries, namespaces)
def test_attachments_of_the_stock_parser_come_back(packet: tuple[int, int | None, Any], namespace: str):
    """Bytes anywhere in the payload are the same bytes after encoding and parsing."""
    kind, number, data = packet
    encoded = Packet(kind, data, namespace, number).encode()
    head, *attachments = cast("list[Any]", encoded if isinstance(encoded, list) else [encoded])
    assert isinstance(head, str)
    if len(attachments) > MAX_ATTACHMENTS:
        with pytest.raises(MalformedError):
            parse(head.encode())
        return
    parsed = parse(head.encode())
    assert parsed.attachments == len(attachments) == _count(data)
    assert (assemble(parsed.data, attachments) if attachments else parsed.data) == data


@fuzzed
@given(binaries, namespaces)
def test_attachments_come_back_from_the_stock_parser(packet: tuple[int, int | None, Any], namespace: str):
    """A client of python-socketio reads what an application sent."""
    kind, number, data = packet
    head, attachments = compose(kind, namespace, number, data)
    stock = Packet(encoded_packet=head[1:].decode())
    for attachment in attachments:
        stock.add_attachment(attachment)
    assert stock.packet_type == kind + 3 * bool(attachments)
    assert (stock.id, stock.data) == (number, data)


alphabet = st.sampled_from(
    [b"[", b"]", b"{", b"}", b'"', b"\\", b",", b":", b"/", b"-", b"0", b"1", b"5", b"a", b"\xff"]
)
junk = (
    st.binary(max_size=60)
    | st.lists(alphabet, max_size=40).map(b"".join)
    | st.builds(lambda head, rest: head + rest, st.sampled_from([b"2", b"51-", b"0/a,", b"31"]), st.binary(max_size=40))
)


@settings(fuzzed, max_examples=1_000)
@given(junk)
def test_any_bytes_are_parsed_or_refused(data: bytes):
    """Nothing but `MalformedError` is ever raised, and what is taken can be sent on."""
    for take in (parse, loads):
        try:
            taken = take(data)
        except MalformedError:
            continue
        dumps(taken if take is loads else taken.data)


@fuzzed
@given(
    nested(scalars | st.builds(lambda placed, num: {"_placeholder": placed, "num": num}, scalars, scalars)),
    st.lists(st.binary(max_size=3), max_size=3),
)
def test_any_payload_is_assembled_or_refused(data: Any, attachments: list[bytes]):
    """Nothing but `MalformedError` is ever raised, and each attachment is there once."""
    try:
        assembled = assemble(data, attachments)
    except MalformedError:
        return
    assert _count(assembled) == len(attachments)


@settings(fuzzed, max_examples=100)
@given(packets, st.integers(0, 200), st.binary(max_size=2))
def test_a_packet_that_was_changed_is_parsed_or_refused(packet: tuple[int, int | None, Any], at: int, by: bytes):
    """A byte more, less or other."""
    head, _ = compose(packet[0], "/", packet[1], packet[2])
    try:
        parse(head[1:at] + by + head[at + 1 :])
    except MalformedError:
        return
