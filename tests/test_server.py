"""`app.server`: what is served where, when it is ready, and how it ends."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from websockets.asyncio.client import ClientConnection, connect

import app.server
from app.cluster.local import LocalCluster
from app.config import SettingsError, load
from app.domain.errors import Unavailable
from app.engine.base import Options
from app.engine.socket_io import SocketIO
from app.listeners import Listener, ListenError, listen
from app.root import Mounts, Root
from app.server import Server
from app.store.sqlite import SQLiteStore
from app.web.security import HEADERS
from tests.engine.served import received
from tests.serving import POLLING, get, hanging, running, settings
from tests.waiting import DEADLINE, until


async def missing(listener: Listener) -> str:
    """Return what the server says is not ready, "" if it is ready."""
    status, _, text = await get(f"{listener.url}/readyz")
    assert status in (200, 503), text
    return "" if status == 200 else json.loads(text)["message"].removeprefix("Not ready: ")


# where


@pytest.mark.parametrize(("query", "status"), [(POLLING, 200), ("EIO=4&transport=pigeon", 400)])
async def test_an_answer_of_an_engine_has_the_security_headers(query: str, status: int):
    """Each of them once, on what is answered and on what is refused; the engine's own headers stay."""
    async with running(settings()) as (_, (listener,)):
        answered, headers, _ = await get(f"{listener.url}/socket.io/?{query}")
    assert answered == status
    assert {name.decode(): value.decode() for name, value in HEADERS}.items() <= headers.items()
    assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "path", ["/socket.io/", "/socket.io", "/friends/socket.io/", "/friends/socket.io", "/friends/socket.io//"]
)
async def test_the_friends_contract_is_on_every_port(path: str):
    """By the port's own path and by the contract's, with or without the slash; it is one engine."""
    async with running(settings(), ports=2) as (server, listeners):
        for listener in listeners:
            status, _, text = await get(f"{listener.url}{path}?{POLLING}")
            assert status == 200, text
            assert text.startswith('0{"sid"')
        figures = server._engines["friends"]
        assert isinstance(figures, SocketIO)
        assert len(figures._engine.sessions) == 2


async def test_rest_is_on_every_port():
    """What no engine serves is the web application's, a contract that there is not among it."""
    async with running(settings(), ports=2) as (_, listeners):
        for listener in listeners:
            assert (await get(f"{listener.url}/healthz"))[0] == 200
            assert (await get(f"{listener.url}/enemies/socket.io/?{POLLING}"))[0] == 404


SERVED = {
    "rooms": [("POST", "/api/v1/rooms"), ("GET", "/api/v1/rooms/room-info"), ("DELETE", "/api/v1/rooms/nope")],
    "notifications": [("POST", "/notification/send"), ("POST", "/api/notification/send")],
}


@pytest.mark.parametrize("contract", ["rooms", "notifications", "presence"])
async def test_the_paths_of_a_contract_are_where_it_is_served(contract: str):
    """Elsewhere nobody would hear of what they do: they are not there, nor in the documentation."""
    async with running(settings(contracts=(contract,), internal_port=0)) as (_, (listener, *_rest)):
        _, _, described = await get(f"{listener.url}/openapi.json")
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(DEADLINE)) as http:
            for owner, paths in SERVED.items():
                for method, path in paths:
                    async with http.request(method, f"{listener.url}{path}", json={}) as answer:
                        text = await answer.text()
                        assert (f"Cannot {method} {path}" not in text) is (owner == contract), (path, text)
                assert any(path in json.loads(described)["paths"] for _, path in paths) is (owner == contract)
        page = (await get(f"{listener.url}/docs"))[2]
        assert ("What is said among all who know a name." in page) is (contract == "rooms")
        assert ("What a service tells a user." in page) is (contract == "notifications")


async def test_the_client_library_is_on_every_port(tmp_path: Path):
    """What a page loads from beside an engine is no engine's, and comes from the web application."""
    files = tmp_path / "dist"
    files.mkdir()
    (files / "socket.io.js").write_text("// the client")
    async with running(settings(socket_io_client=tmp_path), ports=2) as (_, listeners):
        for listener in listeners:
            for path in ("/socket.io", "/friends/socket.io"):
                status, _, text = await get(f"{listener.url}{path}/socket.io.js")
                assert (status, text) == (200, "// the client")


async def test_the_examples_are_told_the_ports():
    """Each listener by its name: a page asks where the gateway for services is."""
    async with running(settings()) as (_, (listener,)):
        _, _, text = await get(f"{listener.url}/examples/server.json")
    assert json.loads(text) == {"listeners": {"friends": listener.port}}


async def test_a_port_names_what_is_at_its_socket_io():
    """Two engines on two ports: each has its own `/socket.io`, a port without one has the web application there."""
    engines = [SocketIO({}, Options(25, 20, 100_000, ("*",))) for _ in range(2)]
    asked: list[int] = []

    async def web(scope: Any, receive: Any, send: Any) -> None:
        asked.append(scope["server"][1])

    async def receive() -> Any:
        return {"type": "http.request"}

    async def send(message: Any) -> None: ...

    mounts = [Mounts(f"contract {number}", {"/socket.io": engine}) for number, engine in enumerate(engines)]
    root = Root(web, dict(zip((1, 2), mounts, strict=True)))
    for port in (2, 3):
        scope = {
            "type": "http",
            "method": "GET",
            "path": "/socket.io/",
            "query_string": POLLING.encode(),
            "headers": [],
            "client": ("127.0.0.1", 9),
            "server": ("127.0.0.1", port),
        }
        await root(scope, receive, send)
    opened = [len(engine._engine.sessions) for engine in engines]
    for engine in engines:
        await engine.drain(0)
    assert opened == [0, 1]
    assert asked == [3]


@pytest.mark.parametrize("suite", ["socket.io", "engine.io"])
@pytest.mark.parametrize("conformance", [True, False])
async def test_the_protocol_suites_are_served_where_that_is_set(suite: str, conformance: bool):
    """An echo for strangers is nothing that a server has by itself."""
    async with running(settings(conformance=conformance)) as (_, (listener,)):
        status, _, _ = await get(f"{listener.url}/conformance/{suite}/?{POLLING}")
        assert status == (200 if conformance else 404)


def test_the_protocol_suites_are_refused_in_production():
    """The start ends, and says which option it was."""
    with pytest.raises(SettingsError, match="PARLEY_CONFORMANCE"):
        load(mode="prod", conformance=True)
    assert not load(mode="prod").conformance


# ports


def test_any_port_stays_any_under_an_offset():
    """Port 0 is no number that could be added to: the port that it would be is taken here, and that is no error."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        offset = taken.getsockname()[1]
        (listener,) = listen(settings(port=0, port_offset=offset))
        listener.socket.close()
        assert listener.port not in (0, offset)
        assert listener.url == f"http://127.0.0.1:{listener.port}"


def test_an_offset_is_added_to_a_port():
    """The port that is listened on is the sum; it is taken here, so that the error names it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ListenError, match=f"port {port} for friends"):
            listen(settings(port=port - 7, port_offset=7))


# readiness


async def test_a_server_whose_store_is_closed_is_not_ready():
    """It says that it is the store."""
    async with running(settings()) as (server, (listener,)):
        assert await missing(listener) == ""
        await server.store.close()
        assert await missing(listener) == "store"


async def test_a_server_that_left_the_cluster_is_not_ready():
    """It says that it is the cluster."""
    async with running(settings()) as (server, (listener,)):
        await server.cluster.close()
        assert await missing(listener) == "cluster"


async def test_a_server_whose_store_hangs_is_not_ready(monkeypatch: pytest.MonkeyPatch):
    """Whoever asks is answered within a bound, also by a store that says neither yes nor no."""
    monkeypatch.setattr(app.server, "_PING_TIMEOUT", 0.05)
    async with running(settings()) as (server, (listener,)):
        with hanging(server):
            assert await missing(listener) == "store"
        assert await missing(listener) == ""


async def test_a_server_that_drains_is_not_ready():
    """A balancer that asks is told to send nobody any more."""
    async with running(settings()) as (server, (listener,)):
        await server._drain()
        assert await missing(listener) == "serving"


# the end


@asynccontextmanager
async def dialled(server: Server, listener: Listener) -> AsyncIterator[tuple[ClientConnection, str]]:
    """Have a client ask to be connected. Yield it, and the room that what it says is published in."""
    han = (await server.plant())[0]
    url = listener.url.replace("http", "ws") + "/socket.io/?EIO=4&transport=websocket"
    async with connect(url, compression=None) as client:
        await received(client)
        await client.send(f"40{json.dumps({'token': server.users.token(han)})}")
        yield client, f"friends:of:{han.id}"


@asynccontextmanager
async def connected(server: Server, listener: Listener) -> AsyncIterator[tuple[ClientConnection, str]]:
    """Connect a client, up to what was unseen. Yield the same."""
    async with dialled(server, listener) as (client, room):
        while not str(await received(client)).startswith('42["unseen_messages"'):
            pass
        yield client, room


class Stuck(LocalCluster):
    """A cluster that never says that a room is subscribed to.

    Attributes:
        asked: what it owes an answer.

    """

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[asyncio.Future[None]] = []

    def subscribe(self, room: str) -> asyncio.Future[None]:
        self.asked.append(asyncio.get_running_loop().create_future())
        return self.asked[-1]


async def test_a_handler_that_never_ends_holds_the_drain_up_for_its_timeout(monkeypatch: pytest.MonkeyPatch):
    """A client in the middle of its connecting is closed, and the server ends."""
    monkeypatch.setattr(app.server, "LocalCluster", Stuck)
    async with running(settings()) as (server, (listener,)):
        cluster = server.cluster
        assert isinstance(cluster, Stuck)
        async with dialled(server, listener):
            await until(lambda: cluster.asked)
            async with asyncio.timeout(DEADLINE):
                await server._drain()
        assert not cluster.asked[0].done()
        cluster.asked[0].cancel()


async def test_a_store_that_hangs_holds_the_drain_up_for_its_timeout():
    """Who was there is recorded as last seen if the store answers in time, and the clients are closed in any case."""
    async with running(settings()) as (server, (listener,)), connected(server, listener):
        with hanging(server):
            async with asyncio.timeout(DEADLINE):
                await server._drain()


class Watched(LocalCluster):
    """A cluster that says what became of it.

    Attributes:
        published: the rooms of what was published while it was open.
        owing: what it was told at its end.

    """

    def __init__(self) -> None:
        super().__init__()
        self.published: list[str] = []
        self.owing: bool | None = None

    def publish(self, room: str, payload: bytes, *, retry: bool = False) -> None:
        if self._listener:
            self.published.append(room)

    async def close(self, *, owing: bool = False) -> None:
        self.owing = owing
        await super().close()


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Watched:
    """Return the cluster of the next server."""
    cluster = Watched()
    monkeypatch.setattr(app.server, "LocalCluster", lambda: cluster)
    return cluster


async def test_what_is_stored_while_a_server_ends_is_published(watched: Watched):
    """However late that is: the server leaves the cluster when the store has done all that it was told."""
    async with running(settings()) as (server, (listener,)):
        assert isinstance(server.store, SQLiteStore)
        writer = server.store._writes
        async with connected(server, listener) as (client, room):
            with hanging(server):
                await until(lambda: not writer._calls.qsize())
                await client.send('42["message","the last word"]')
                await until(lambda: writer._calls.qsize())
                await server._drain()
                before = watched.published.count(room)
                closing = asyncio.create_task(server.close())
                await asyncio.sleep(0)
            await closing
        assert watched.published.count(room) == before + 1
        assert watched.owing is False


async def test_a_server_that_cannot_tell_what_is_stored_ends_as_one_that_died(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
):
    """A message in doubt may be found by nobody else, so the others look for what they lack."""
    async with running(settings()) as (server, (listener,)):
        asked: list[object] = []

        async def append(message: object) -> object:
            asked.append(message)
            raise Unavailable

        monkeypatch.setattr(server.store, "append", append)
        async with connected(server, listener) as (client, _):
            await client.send('42["message","the last word"]')
            await until(lambda: asked)
        await server.close()
        assert watched.owing is True
