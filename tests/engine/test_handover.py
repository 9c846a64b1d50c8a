"""What the engine uses of other libraries that they do not promise: a test here names what has moved."""

import asyncio
import importlib.metadata
import inspect
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from types import CodeType
from typing import Any

import aiohttp
import engineio
import pytest
import socketio
import websockets.protocol
from engineio.async_socket import AsyncSocket
from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.protocol.http_stream import HTTPStream
from hypercorn.protocol.ws_stream import WSStream
from socketio.packet import Packet
from websockets.asyncio.client import connect

from app.engine import handover, packets
from tests.engine.served import served

ROOT = Path(__file__).parent.parent.parent
HOOKED = ["hypercorn", "python-engineio", "python-socketio"]


@pytest.mark.parametrize("package", HOOKED)
def test_a_library_that_is_hooked_is_pinned_and_installed_as_pinned(package: str):
    """A new version is taken on purpose, with these tests, never by accident."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    pins = [line.partition("==")[2] for line in project["dependencies"] if re.match(rf"{package}\b", line)]
    assert pins == [importlib.metadata.version(package)]


def test_the_handover_says_which_hypercorn_it_holds_for():
    """The version in its docstring is the one that is pinned."""
    held = re.search(r"Holds for Hypercorn (\d+\.\d+);", handover.__doc__ or "")
    assert held
    assert importlib.metadata.version("hypercorn").startswith(f"{held[1]}.")


def test_each_seam_is_there_before_it_is_replaced():
    """A class is replaced by a subclass of it, in a process where nothing has been replaced yet."""
    program = """
import json
from app.engine import handover
def fits(module, name, ours):
    stock = getattr(module, name, None)
    return issubclass(ours, stock) and ours is not stock if isinstance(ours, type) else type(ours) is type(stock)
print(json.dumps([name for module, name, ours in handover.SEAMS if not fits(module, name, ours)]))
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []


def _looked_up(code: CodeType) -> set[str]:
    inner = [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    return set(code.co_names).union(*map(_looked_up, inner))


@pytest.mark.parametrize("seam", handover.SEAMS, ids=lambda seam: f"{seam[0].__name__}.{seam[1]}")
def test_a_seam_is_looked_up_where_it_is_replaced(seam: tuple[Any, str, Any]):
    """By a function, when it runs: what was imported elsewhere would not be ours."""
    module, name, _ = seam
    functions = compile(inspect.getsource(module), "", "exec").co_consts
    assert name in set().union(*(_looked_up(code) for code in functions if isinstance(code, CodeType)))


OVERRIDDEN: list[tuple[type, str, list[str]]] = [
    (WSStream, "handle", ["self", "event"]),
    (HTTPStream, "handle", ["self", "event"]),
    (H11Protocol, "_check_protocol", ["self", "event"]),
    (TCPServer, "protocol_send", ["self", "event"]),
    (TCPServer, "_close", ["self"]),
    (TCPServer, "_initiate_server_close", ["self"]),
    (TCPServer, "_read_data", ["self"]),
    (AsyncSocket, "send", ["self", "pkt"]),
    (AsyncSocket, "receive", ["self", "pkt"]),
    (AsyncSocket, "close", ["self", "wait", "abort", "reason"]),
    (engineio.AsyncServer, "_trigger_event", ["self", "event", "args", "kwargs"]),
    (socketio.AsyncServer, "_engineio_server_class", ["self"]),
    (socketio.AsyncServer, "_handle_connect", ["self", "eio_sid", "namespace", "data"]),
    (socketio.AsyncServer, "_handle_event", ["self", "eio_sid", "namespace", "id", "data"]),
    (socketio.AsyncServer, "_handle_eio_message", ["self", "eio_sid", "data"]),
    (socketio.AsyncServer, "_handle_eio_disconnect", ["self", "eio_sid", "reason"]),
    (Packet, "data_is_binary", ["data"]),
    (Packet, "deconstruct_binary", ["data"]),
    (Packet, "reconstruct_binary", ["data", "attachments"]),
]


@pytest.mark.parametrize(("owner", "name", "parameters"), OVERRIDDEN, ids=lambda one: getattr(one, "__name__", one))
def test_a_method_that_is_overridden_or_called_has_its_parameters(owner: type, name: str, parameters: list[str]):
    """Under its name, in the order that we rely on."""
    assert list(inspect.signature(getattr(owner, name)).parameters) == parameters


def test_the_packet_types_are_numbered_as_the_protocol_has_them():
    """They come from python-socketio."""
    kinds = ("CONNECT", "DISCONNECT", "EVENT", "ACK", "CONNECT_ERROR", "BINARY_EVENT", "BINARY_ACK")
    assert [getattr(packets, kind) for kind in kinds] == list(range(7))


def missing(seams: dict[str, Callable[[], object]]) -> list[str]:
    """Return the names of those that do not hold."""

    def holds(check: Callable[[], object]) -> bool:
        try:
            return bool(check())
        except (AttributeError, KeyError):
            return False

    return [name for name, check in seams.items() if not holds(check)]


async def test_a_websocket_hangs_on_its_connection_as_the_handover_expects():
    """From the stream by its `send` to the HTTP protocol, by its `send` to the connection, to reader and writer."""
    gone: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        stream = scope["extensions"][handover.EXTENSION].__self__
        http = stream.send.__self__
        server = http.send.__self__
        gone.extend(
            missing(
                {
                    "WSStream is ours": lambda: isinstance(stream, WSStream) and type(stream) is not WSStream,
                    "WSStream.send is H11Protocol.stream_send": lambda: isinstance(http, H11Protocol),
                    "WSStream.closed": lambda: stream.closed is False,
                    "WSStream.handshake.accepted": lambda: stream.handshake.accepted is False,
                    "H11Protocol.send is TCPServer.protocol_send": lambda: isinstance(server, TCPServer),
                    "TCPServer.reader": lambda: isinstance(server.reader, asyncio.StreamReader),
                    "TCPServer.writer": lambda: isinstance(server.writer, asyncio.StreamWriter),
                    "TCPServer.loop": lambda: server.loop is asyncio.get_running_loop(),
                    "TCPServer.idle_task.stop": lambda: callable(server.idle_task.stop),
                    "StreamReader._buffer": lambda: isinstance(server.reader._buffer, bytearray),
                    "StreamWriter._transport": lambda: server.writer._transport is server.writer.transport,
                }
            )
        )
        await send({"type": "websocket.accept"})
        gone.extend(missing({"WSStream.handshake.accepted, once it was": lambda: stream.handshake.accepted is True}))
        await send({"type": "websocket.close"})

    async with served(app) as address, connect(f"ws://{address}/", compression=None) as client:
        await client.wait_closed()
    assert gone == []


async def test_a_request_has_the_queue_that_is_emptied_at_its_end():
    """`HTTPStream.app_put` is the `put` of an `asyncio.Queue` with a bound."""
    gone: list[str] = ["nothing was asked"]

    async def app(scope: Any, receive: Any, send: Any) -> None:
        queue = receive.__self__
        assert isinstance(queue, asyncio.Queue)
        gone[:] = missing({"asyncio.Queue._maxsize": lambda: vars(queue)["_maxsize"] > 0})
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async with served(app) as address, aiohttp.ClientSession() as http, http.get(f"http://{address}/") as answer:
        assert answer.status == 204
    assert gone == []


def test_the_frame_protocol_tells_whether_a_message_is_unfinished():
    """`Protocol.current_size` of the websockets library, which it does not document."""
    protocol = websockets.protocol.Protocol(websockets.protocol.Side.SERVER)
    assert protocol.current_size is None
    protocol.receive_data(b"\x01\x80\0\0\0\0")
    assert protocol.current_size == 0
