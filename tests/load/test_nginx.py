"""nginx in front of the servers of a run."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from load.nginx import Nginx, NginxRefusedError, installed
from load.processes import usage

ROOT = Path(__file__).parents[2] / "nginx"

OWN = ("access_log", "pid", "error_log", "listen", "server", "include", "set", "daemon", "worker_", "hash", "return")
"""Directives that are about where it runs, not about what it does with a request."""


def directives(text: str) -> set[str]:
    """Return the directives of a configuration, without comments, and without the place of files."""
    lines = (re.sub(r"#.*", "", line).strip() for line in text.splitlines())
    found = {line for line in lines if line.endswith(";") and not line.startswith(OWN)}
    return {re.sub(r"(_temp_path) .+", r"\1", it).replace("$contract", "servers") for it in found}


@pytest.fixture
async def servers() -> AsyncIterator[list[str]]:
    """Start two servers that say which they are, and send back what comes over a websocket."""
    runners: list[web.AppRunner] = []
    urls: list[str] = []
    for name in ("one", "two"):
        app = web.Application()
        app.router.add_get("/socket.io/", _answer(name))
        runners.append(web.AppRunner(app))
        await runners[-1].setup()
        site = web.TCPSite(runners[-1], "127.0.0.1", 0)
        await site.start()
        urls.append(f"http://127.0.0.1:{runners[-1].addresses[0][1]}")
    yield urls
    for runner in runners:
        await runner.cleanup()


def _answer(name: str):
    async def answer(request: web.Request) -> web.StreamResponse:
        if request.headers.get("Upgrade") != "websocket":
            return web.Response(text=name)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_str(name)
        async for message in socket:
            await socket.send_str(message.data)
        return socket

    return answer


@pytest.fixture
def program() -> str:
    """Return the path of nginx."""
    return installed() or pytest.skip("there is no nginx on this machine")


def test_it_does_with_a_request_what_the_repository_s_own_configuration_says(tmp_path: Path):
    """Every directive about requests is in both, alike."""
    nginx = Nginx("nginx", tmp_path, ["http://127.0.0.1:1"], 1000)
    theirs = directives("".join((ROOT / name).read_text() for name in ("nginx.conf", "proxy.conf", "contract.conf")))
    theirs -= {"default_type text/plain;"}
    assert directives(nginx._configuration()) == theirs


async def test_websockets_go_to_all_servers_and_a_polling_client_stays(
    program: str, tmp_path: Path, servers: list[str]
):
    """What a websocket says comes back over it."""
    nginx = Nginx(program, tmp_path / "nginx", servers, 1000)
    await nginx.start()
    try:
        async with aiohttp.ClientSession() as http:
            answers = {await (await http.get(f"{nginx.url}/socket.io/")).text() for _ in range(10)}
            spoken = set[str]()
            for _ in range(40):
                async with http.ws_connect(f"{nginx.url}/socket.io/") as socket:
                    spoken.add(await socket.receive_str())
                    await socket.send_str("hello")
                    assert await socket.receive_str() == "hello"
    finally:
        await nginx.close()
    assert len(answers) == 1
    assert spoken == {"one", "two"}


async def test_another_server_gets_what_one_cannot_be_given(program: str, tmp_path: Path, servers: list[str]):
    """Of two of which one is away nobody notices."""
    nginx = Nginx(program, tmp_path / "a place of its own", [servers[0], "http://127.0.0.1:9"], 1000)
    await nginx.start()
    try:
        async with aiohttp.ClientSession() as http:
            for _ in range(20):
                async with http.ws_connect(f"{nginx.url}/socket.io/") as socket:
                    assert await socket.receive_str() == "one"
    finally:
        await nginx.close()


async def test_nothing_of_it_is_left(program: str, tmp_path: Path, servers: list[str]):
    """Nobody listens there any more, and its processes are told only while it runs."""
    nginx = Nginx(program, tmp_path / "nginx", servers, 1000)
    await nginx.start()
    pids = nginx.pids
    assert len(pids) > 1
    await nginx.close()
    assert nginx.pids == []
    assert usage(pids) is None
    with pytest.raises(OSError, match=r"refused|failed"):
        await asyncio.open_connection("127.0.0.1", int(nginx.url.rpartition(":")[2]))


async def test_what_it_says_when_it_refuses_is_told(program: str, tmp_path: Path):
    """A server that is none ends the start with nginx's own sentence."""
    nginx = Nginx(program, tmp_path / "nginx", ["http://in valid:1"], 1000)
    with pytest.raises(NginxRefusedError, match="nginx did not start"):
        await nginx.start()
    assert nginx.pids == []
