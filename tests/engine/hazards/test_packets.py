"""Packets that are forged, malformed, or poison for others (rows 3, 4, 5 and 10)."""

from __future__ import annotations

import pytest

from tests.engine.hazards.clients import connected, joined, opened
from tests.engine.hazards.kinds import both, ours
from tests.engine.hazards.process import Process

MARKER = '42["marker"]'

POISON = {
    "nan": "NaN",
    "infinity": "Infinity",
    "minus-infinity": "-Infinity",
    "overflow": "1e999",
    "surrogate": '"\\ud800"',
    "surrogate-key": '{"\\udc00":1}',
    "depth": "[" * 65 + "]" * 65,
    "depth-of-objects": '{"a":' * 65 + "1" + "}" * 65,
}

MALFORMED = {
    "no-json": "42{",
    "no-event": "42[]",
    "no-name": "42[1]",
    "long-integer": f'42["a",{"9" * 400}]',
    "half-json": '42["a",',
    "unknown-type": "49",
    "unknown-packet": "9",
    "letters": "hello",
    "connect-list": "40[]",
    "connect-error": "44{}",
    "disconnect-payload": "41{}",
    "ack-without-id": "43[1]",
    "attachment-missing": '451-["a",{"_placeholder":true,"num":0}]\x1e42["b"]',
    "many-attachments": '4599-["a"]',
    "attachments-of-event": '421-["a"]',
    "binary-without-count": '45["a"]',
    "attachment-of-nothing": b"\x00",
    "no-namespace-joined": '42/other,["a"]',
}


@both(3, "runs the application's own handlers for it", shared=True)
@pytest.mark.parametrize("name", ["connect", "disconnect", "connect_error", "*"])
async def test_reserved_events_are_refused(server: Process, name: str):
    """A client that forges an event of the engine reaches no handler and is closed."""
    async with joined(server) as peer:
        told = (await server.stats())["told"]
        peer.send(f'42["{name}",{{"REMOTE_ADDR":"127.0.0.9"}}]', MARKER)
        assert await peer.receive() is None
        assert peer.code == 1002
        now = (await server.stats())["told"]
        assert (now["connect"], now.get("connect_error"), now.get("*")) == (told["connect"], None, None)


@both(4, "sends it on, and disconnects who gets it", shared=True)
@pytest.mark.parametrize("json", POISON.values(), ids=POISON)
async def test_what_json_does_not_have_is_refused(server: Process, json: str):
    """A payload that others could not parse is never sent on, and its sender is closed."""
    async with joined(server) as peer:
        peer.send(f'42["echo",{json}]')
        assert await peer.receive() is None
        assert peer.code == 1002


@both(4, "sends a user's placeholder beside its own", shared=True)
async def test_a_users_placeholder_is_never_sent_beside_bytes(server: Process):
    """An object that looks like a placeholder would stand for bytes at whoever gets both."""
    async with joined(server) as peer:
        peer.send('42["beside",{"_placeholder":true,"num":0}]')
        assert await peer.receive() is None


@both(4, "raises for a placeholder of nothing", shared=True)
@pytest.mark.parametrize("number", ["5", "-1"])
async def test_a_placeholder_of_nothing_is_refused(server: Process, number: str):
    """A placeholder that stands for no attachment closes its sender."""
    async with joined(server) as peer:
        peer.send(f'451-["echo",{{"_placeholder":true,"num":{number}}}]', b"bytes", MARKER)
        assert await peer.receive() is None


@ours()
async def test_a_packet_is_refused_in_time_that_grows_with_its_length(server: Process):
    """No text of the permitted size keeps the server from others."""
    async with joined(server) as peer, joined(server) as other:
        before = (await server.stats())["cpu"]
        peer.send('42["a",' + "[" * 80 + '"' + '\\"' * 49_000)
        assert await peer.receive() is None
        other.send(MARKER)
        assert await other.receive() == MARKER
        assert (await server.stats())["cpu"] - before < 0.5


@both(5, "ignores it, with a traceback, and keeps the session", shared=True)
@pytest.mark.parametrize("packet", MALFORMED.values(), ids=MALFORMED)
async def test_a_malformed_packet_closes_its_session_at_once(server: Process, packet: str | bytes):
    """Nothing of it is handled, nothing after it is either, and the log has one line about it."""
    async with joined(server) as peer, joined(server) as other:
        await server.logged()
        packets = packet.split("\x1e") if isinstance(packet, str) else [packet]
        peer.send(*packets, MARKER)
        assert await peer.receive() is None
        assert peer.code == 1002
        other.send(MARKER)
        assert await other.receive() == MARKER
        assert len(await server.logged()) == 1


@ours()
@pytest.mark.parametrize("packet", ["42{", "9", "bnot base64", "4", "\x1e", '4599-["a"]'])
async def test_a_malformed_packet_of_a_polling_client_closes_its_session_at_once(server: Process, packet: str):
    """Long polling is as strict: 400, one line in the log, and the session is gone."""
    async with connected(server) as session:
        await server.logged()
        assert (await session.post(packet)).status == 400
        assert await session.gone()
        assert len(await server.logged()) == 1


@both(10, "refuses it without a text", shared=True)
async def test_an_unknown_namespace_is_refused_with_a_text(server: Process):
    """The client's `connect_error` has a message, as from Node's server."""
    async with opened(server) as peer:
        peer.send("40/nowhere,")
        assert await peer.receive() == '44/nowhere,{"message":"Invalid namespace"}'
