"""How connections begin: in time, as HTTP/1.1, from an address that can be believed (rows 9, 13 and 16)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.hazards.clients import POLLING, Peer, frame, joined, opened, polling, upgrade
from tests.engine.hazards.kinds import both, ours
from tests.engine.hazards.process import Process
from tests.engine.hazards.wire import http, request, waiting

H2_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_PROXY = "127.0.0.2"
_CONNECT_TIMEOUT: dict[str, Any] = {"connect_timeout": 0.3}


@both(9, "waits for ever", **_CONNECT_TIMEOUT)
async def test_a_client_must_connect_in_time(server: Process):
    """A session that joins no namespace is closed."""
    async with opened(server) as peer:
        await peer.ended()
        assert peer.code == 1008
    await server.until(lambda stats: not stats["sessions"])


@both(9, "waits for ever", **_CONNECT_TIMEOUT)
async def test_a_polling_client_must_connect_in_time(server: Process):
    """Its poll is answered with the end of the session."""
    async with polling(server) as session:
        assert (await session.get()).body == b"1"
        await server.until(lambda stats: not stats["sessions"])


@both(9, "waits for ever", **_CONNECT_TIMEOUT)
async def test_a_client_that_was_refused_must_still_connect_in_time(server: Process):
    """Asking for a namespace that does not exist is no connecting."""
    async with opened(server) as peer:
        peer.send("40/nowhere,")
        packets = await peer.ended()
        assert len(packets) == 1
        assert peer.code == 1008


@ours(**_CONNECT_TIMEOUT)
async def test_a_client_that_has_connected_stays(server: Process):
    """The time that it had does not matter any more."""
    async with joined(server) as peer, opened(server) as late:
        await late.ended()
        peer.send('42["echo"]')
        assert await peer.receive() == '42["echo"]'


@both(13, "changes to HTTP/2 where a client asks for it", shared=True)
async def test_an_upgrade_to_http2_is_passed_over(server: Process):
    """A request that offers h2c is answered in HTTP/1.1."""
    headers = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAMAAABkAAQAoAAAAAIAAAAA"}
    answer = await http(server, "GET", "/_stats", headers=headers)
    assert answer.status == 200


@both(13, "speaks HTTP/2 with whoever begins with it", shared=True)
async def test_http2_without_asking_is_refused(server: Process):
    """The preface of HTTP/2 is no request of ours, and the connection is closed."""
    async with await server.wire() as wire:
        wire.write(H2_PREFACE + b"\0\0\0\4\0\0\0\0\0")
        assert await wire.take(10) == b"HTTP/1.1 4"
        await wire.until(lambda: wire.closed)


async def address(peer: Peer) -> Any:
    """Return what the server holds for the client's address."""
    peer.send('421["address"]')
    return await peer.receive()


@both(16, "always says 127.0.0.1", shared=True)
async def test_the_address_of_a_client_is_its_own(server: Process):
    """The application is told where the TCP connection comes from."""
    async with joined(server, local="127.0.0.3") as peer:
        assert await address(peer) == '431["127.0.0.3"]'


@both(16, "always says 127.0.0.1", shared=True, trusted_proxies=(_PROXY,))
@pytest.mark.parametrize(
    ("forwarded", "seen"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("203.0.113.1, 198.51.100.7", "198.51.100.7"),
        (f"203.0.113.1, 198.51.100.7, {_PROXY}", "198.51.100.7"),
        ("2001:db8::1", "2001:db8::1"),
        ("", _PROXY),
    ],
)
async def test_a_trusted_proxy_says_for_whom_it_asks(server: Process, forwarded: str, seen: str):
    """The last address in X-Forwarded-For that is no trusted proxy is the client's."""
    async with joined(server, {"X-Forwarded-For": forwarded}, _PROXY) as peer:
        assert await address(peer) == f'431["{seen}"]'


@both(16, "always says 127.0.0.1", shared=True, trusted_proxies=(_PROXY,))
async def test_nobody_else_says_for_whom_it_asks(server: Process):
    """X-Forwarded-For from an address that is no trusted proxy is passed over."""
    async with joined(server, {"X-Forwarded-For": "198.51.100.7"}, "127.0.0.4") as peer:
        assert await address(peer) == '431["127.0.0.4"]'


@ours()
@pytest.mark.parametrize(
    ("target", "status", "code"),
    [
        ("/socket.io/?EIO=4", 400, 0),
        ("/socket.io/?EIO=4&transport=flashsocket", 400, 0),
        ("/socket.io/?EIO=4&transport=websocket", 400, 0),
        ("/socket.io/?transport=polling", 400, 5),
        ("/socket.io/?EIO=3&transport=polling", 400, 5),
        ("/socket.io/?EIO=5&transport=polling", 400, 5),
        (f"{POLLING}&sid=unknown", 400, 1),
        (f"{POLLING}&sid=", 400, 1),
    ],
)
async def test_a_request_that_makes_no_sense_is_refused(server: Process, target: str, status: int, code: int):
    """Each is answered with Engine.IO's code for it, and no session begins."""
    answer = await http(server, "GET", target)
    assert answer.status == status
    assert f'"code":{code},'.encode() in answer.body


@ours()
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "HEAD"])
async def test_a_session_begins_with_get_alone(server: Process, method: str):
    """Any other method is answered 400."""
    async with waiting(server, method, POLLING) as wire:
        line = await wire.take_line()
        assert line is not None
        assert b" 400 " in line


@ours()
async def test_what_comes_behind_the_request_is_not_lost(server: Process):
    """Frames that a client sends without waiting for the 101 are taken as if they had come after it."""
    async with await server.wire() as wire:
        wire.write(upgrade() + frame("40") + frame('42["echo"]'))
        peer = Peer(wire, await wire.answer())
        assert peer.answer.status == 101
        packets = [await peer.receive() for _ in range(3)]
        assert [str(packet)[:2] for packet in packets] == ["0{", "40", "42"]


@ours()
@pytest.mark.parametrize("missing", ["Sec-WebSocket-Key", "Sec-WebSocket-Version", "Connection"])
async def test_half_a_websocket_handshake_is_no_websocket(server: Process, missing: str):
    """It is answered 400 and begins no session."""
    lines = [line for line in upgrade().split(b"\r\n") if not line.startswith(missing.encode())]
    async with await server.wire() as wire:
        wire.write(b"\r\n".join(lines))
        assert (await wire.answer()).status == 400


@ours()
async def test_headers_are_bounded(server: Process):
    """Headers without end are cut off."""
    async with await server.wire() as wire:
        wire.write(request("GET", POLLING)[:-2])
        await wire.pour(b"X-Endless: " + b"x" * 8_000 + b"\r\n", 1_000_000)
        await wire.until(lambda: wire.closed)
