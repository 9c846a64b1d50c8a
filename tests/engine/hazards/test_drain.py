"""The end of a server on SIGTERM (row 14)."""

from __future__ import annotations

import json

from tests.engine.hazards.clients import POLLING, WEBSOCKET, connected, dialled, joined
from tests.engine.hazards.kinds import both, ours
from tests.engine.hazards.process import Process
from tests.engine.hazards.wire import http, waiting

HANDLING = '4217["sleep",0.5]'
ASLEEP = '42["asleep"]'


@both(14, "hangs up while handlers run")
async def test_a_handler_in_flight_finishes_and_its_acknowledgement_arrives(server: Process):
    """After that the transport is closed in good order, without a DISCONNECT: a client comes back by itself."""
    async with joined(server) as peer, joined(server) as idle:
        peer.send(HANDLING)
        assert await peer.receive() == ASLEEP
        server.signal()
        assert await peer.ended() == ['4317["slept"]']
        assert await idle.ended() == []
        assert (peer.code, idle.code) == (1000, 1000)
        assert await server.exit(server.patience) == 0


@both(14, "refuses connections, as if it were gone")
async def test_a_draining_server_answers_503(server: Process):
    """Who asks for a session while handlers finish is told to come back."""
    async with joined(server) as peer:
        peer.send(HANDLING)
        assert await peer.receive() == ASLEEP
        server.signal()
        await server.until(lambda stats: stats["draining"])
        answer = await http(server, "GET", POLLING)
        assert (answer.status, answer.headers["retry-after"]) == (503, "1")
        assert json.loads(answer.body)["message"] == "Server is going away"
        async with dialled(server, WEBSOCKET) as late:
            assert late.answer.status == 503
        assert await peer.ended() == ['4317["slept"]']
        assert await server.exit(server.patience) == 0


@both(14, "keeps waiting polls till it is killed")
async def test_a_waiting_poll_is_answered_with_the_end(server: Process):
    """A polling client learns of it too, without a DISCONNECT."""
    async with connected(server) as session:
        async with waiting(server, "GET", session.target) as wire:
            await server.until(lambda stats: stats["polls"] and stats["connections"])
            server.signal()
            assert (await wire.answer()).body == b"1"
        assert await server.exit(server.patience) == 0


@both(14, "cuts short what its clients do")
async def test_the_application_hears_of_every_ending(server: Process):
    """Handlers of disconnects run before the process ends, and nothing is complained about."""
    async with joined(server) as one, joined(server) as two:
        server.signal()
        assert [await one.ended(), await two.ended()] == [[], []]
        assert await server.exit(server.patience) == 0
        assert [line for line in server.log if "2 disconnects" in line]
        assert not [line for line in server.log if "Traceback" in line or "never retrieved" in line]


@ours(shared=False, drain_timeout=0.6)
async def test_a_handler_that_does_not_end_does_not_keep_the_process(server: Process):
    """The process ends within its time, and its clients' transports before that."""
    async with joined(server) as peer:
        peer.send('42["wait"]')
        await server.until(lambda stats: stats["told"].get("wait"))
        server.signal()
        assert await peer.ended() == []
        assert peer.code == 1000
        assert await server.exit(server.patience) == 0


@ours(shared=False)
async def test_a_second_drain_is_the_first(server: Process):
    """Being told twice changes nothing."""
    async with joined(server) as peer:
        peer.send(HANDLING)
        assert await peer.receive() == ASLEEP
        server.signal()
        await server.until(lambda stats: stats["draining"])
        server.signal()
        assert await peer.ended() == ['4317["slept"]']
        assert await server.exit(server.patience) == 0


@ours(shared=False)
async def test_a_client_that_keeps_talking_does_not_keep_the_process(server: Process):
    """What it sends while the server drains is not handled any more, also while it waits for other handlers."""
    async with joined(server) as peer, joined(server) as other:
        peer.send('4218["sleep",0.1]')
        other.send(HANDLING)
        assert [await peer.receive(), await other.receive()] == [ASLEEP, ASLEEP]
        server.signal()
        await server.until(lambda stats: stats["draining"])
        peer.send('42["late"]')
        assert await peer.ended() == ['4318["slept"]']
        assert await other.ended() == ['4317["slept"]']
        assert await server.exit(server.patience) == 0
