"""Deployments: verbs that do what they say, and failures that show the server's log."""

import asyncio
import os
import socket
from pathlib import Path

import pytest

from e2e.harness.deadline import SECOND
from e2e.harness.deployment import NotControllableError, RemoteDeployment, RemoteServer, Target
from e2e.harness.process import ServerDidNotStartError, ServerProcess

READY = """
import http.server, os, signal, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    def log_message(self, *args):
        pass
server = http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler)
signal.signal(signal.SIGTERM, lambda *_: os._exit(int(os.environ.get("EXIT_CODE", "0"))))
print("the first line", flush=True)
print(f"  friends        http://127.0.0.1:{server.server_port}   Socket.IO at /socket.io", flush=True)
print(f"  docs           http://127.0.0.1:{server.server_port}/docs", flush=True)
print("started", file=sys.stderr, flush=True)
server.serve_forever()
"""

REFUSING = """
import sys
print("PORT: should be a number", file=sys.stderr)
print("MODE: should be dev or prod", file=sys.stderr)
sys.exit(2)
"""


def pretend(directory: Path, program: str, **settings: str) -> ServerProcess:
    """Return a server whose program is this one: a module of the working directory is found first."""
    (directory / "app").mkdir()
    (directory / "app" / "__init__.py").touch()
    (directory / "app" / "__main__.py").write_text(program)
    return ServerProcess(directory, settings)


async def test_a_server_starts_stops_and_keeps_its_address(tmp_path: Path):
    """A started server is ready, a stopped one is gone, and a restart has the same address."""
    server = pretend(tmp_path, READY)
    await server.start()
    address = server.url
    assert server.announced[0] == "the first line"

    await server.stop()
    assert not server.running
    await server.start()

    assert server.url == address
    await server.kill()
    assert not server.running


async def test_a_restart_waits_until_its_port_is_free(tmp_path: Path):
    """While somebody else has the port of a server that is started again, it is not; then it is."""
    server = pretend(tmp_path, READY)
    await server.start()
    await server.kill()

    port = int(server.url.rpartition(":")[2])
    with socket.create_server(("127.0.0.1", port)):
        starting = asyncio.create_task(server.start())
        done, _ = await asyncio.wait([starting], timeout=2 * SECOND)
        assert not done
    await starting

    assert server.running
    await server.kill()


async def test_a_start_that_fails_shows_the_log(tmp_path: Path):
    """A server that ends instead of becoming ready fails the start with its exit code and what it logged."""
    server = pretend(tmp_path, REFUSING)

    with pytest.raises(ServerDidNotStartError) as failure:
        await server.start()

    assert "exit code 2" in str(failure.value)
    assert "PORT: should be a number" in str(failure.value)


async def test_an_exit_code_other_than_0_fails_a_stop(tmp_path: Path):
    """A server that ends SIGTERM with another exit code than 0 fails the test, with its log."""
    server = pretend(tmp_path, READY, EXIT_CODE="3")
    await server.start()

    with pytest.raises(AssertionError, match=r"exit code 3(?s:.*)started"):
        await server.stop()


async def test_a_server_that_refuses_to_start_is_run_to_its_end(tmp_path: Path):
    """How a server ended that was to refuse is told: exit code and both outputs."""
    ended = await pretend(tmp_path, REFUSING).run()

    assert ended.code == 2
    assert ended.errors.splitlines() == ["PORT: should be a number", "MODE: should be dev or prod"]


async def test_a_server_can_be_frozen_and_still_be_ended(tmp_path: Path):
    """A paused server can be resumed, and one that is paused can be stopped."""
    server = pretend(tmp_path, READY)
    await server.start()

    await server.pause()
    await server.resume()
    await server.pause()

    await server.stop()


async def test_settings_of_this_process_do_not_reach_a_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A server sees the settings that the test gives it, not what stands in the environment."""
    monkeypatch.setenv("EXIT_CODE", "3")
    monkeypatch.setenv("PORT", "1")
    server = pretend(tmp_path, READY)

    await server.start()
    await server.stop()

    assert os.environ["PORT"] == "1"


async def test_a_remote_server_can_be_used_but_not_controlled():
    """It refuses every verb that would end or freeze it."""
    deployment = RemoteDeployment(
        Target((RemoteServer("http://one.example.com"), RemoteServer("http://two.example.com")))
    )
    await deployment.start()

    for verb in (deployment.stop, deployment.kill, deployment.pause, deployment.resume):
        with pytest.raises(NotControllableError, match=r"http://two\.example\.com cannot be"):
            await verb(1)
    await deployment.close()
