"""The fault proxy: it passes bytes on, fails as it was told to, and leaves nothing behind."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial

import pytest
import pytest_asyncio

from e2e.harness.deadline import eventually
from e2e.harness.proxy import FaultProxy

SOON = 0.05


class Echo:
    """A server that sends back what it gets, and may stop reading."""

    def __init__(self) -> None:
        self.connections = 0
        self.taken = 0
        self.reading = asyncio.Event()
        self.reading.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while await self.reading.wait() and (data := await reader.read(1000)):
                self.taken += len(data)
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            self.connections -= 1
            writer.close()


@pytest_asyncio.fixture
async def echo() -> Echo:
    return Echo()


@pytest_asyncio.fixture
async def proxy(echo: Echo) -> AsyncIterator[FaultProxy]:
    server = await asyncio.start_server(echo.serve, "127.0.0.1", 0, limit=1000)
    async with server:
        proxy = await FaultProxy.start("127.0.0.1", server.sockets[0].getsockname()[1])
        yield proxy
        await proxy.stop()


Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Dial = Callable[[FaultProxy], Awaitable[Streams]]


@pytest_asyncio.fixture
async def dial() -> AsyncIterator[Dial]:
    """Return what connects to a proxy; the connections are dropped at the end."""
    dialled: list[Streams] = []

    async def dial(proxy: FaultProxy) -> Streams:
        dialled.append(await asyncio.open_connection("127.0.0.1", proxy.port))
        return dialled[-1]

    yield dial
    for _, writer in dialled:
        writer.transport.abort()
    await asyncio.sleep(0)


async def answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, text: bytes = b"hello") -> bool:
    writer.write(text)
    return await reader.readexactly(len(text)) == text


async def test_bytes_pass_in_both_directions(dial: Dial, proxy: FaultProxy):
    """What either end sends, the other gets."""
    reader, writer = await dial(proxy)

    assert await answers(reader, writer, b"x" * 200_000)

    writer.close()


async def test_an_end_that_hangs_up_is_passed_on(dial: Dial, proxy: FaultProxy, echo: Echo):
    """The end of one side reaches the other, after all that was said, and no connection is kept."""
    reader, writer = await dial(proxy)
    writer.write(b"goodbye")
    writer.write_eof()

    assert await reader.read() == b"goodbye"

    writer.close()
    await eventually(lambda: _both_gone(proxy, echo), lambda gone: None if gone else "a connection is kept")


async def _both_gone(proxy: FaultProxy, echo: Echo) -> bool:
    return proxy.connections == 0 and echo.connections == 0


async def test_a_cut_resets_what_stands_and_refuses_what_comes(dial: Dial, proxy: FaultProxy, echo: Echo):
    """After a cut both ends of every connection are reset and a new one is refused, until it heals."""
    reader, writer = await dial(proxy)
    await answers(reader, writer)

    proxy.cut()

    with pytest.raises(ConnectionResetError):
        await reader.read()
    with pytest.raises(ConnectionRefusedError):
        await dial(proxy)
    await eventually(lambda: _both_gone(proxy, echo), lambda gone: None if gone else "the server was not reset")

    proxy.heal()
    assert await answers(*await dial(proxy))


async def test_a_black_hole_swallows_nothing_for_good(dial: Dial, proxy: FaultProxy, echo: Echo):
    """In a black hole connections stand and no byte moves; when it heals, what was sent arrives."""
    reader, writer = await dial(proxy)
    await answers(reader, writer)

    proxy.blackhole()
    writer.write(b"held")
    new_reader, new_writer = await dial(proxy)
    new_writer.write(b"held too")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.readexactly(1), SOON)
    assert (echo.connections, echo.taken) == (1, len(b"hello"))

    proxy.heal()
    assert await reader.readexactly(4) == b"held"
    assert await new_reader.readexactly(8) == b"held too"


async def test_a_black_hole_can_be_cut(dial: Dial, proxy: FaultProxy):
    """A cut resets the connections that a black hole held, those included that it accepted itself."""
    old = await dial(proxy)
    await answers(*old)
    proxy.blackhole()
    new = await dial(proxy)
    new[1].write(b"never to arrive")
    await eventually(lambda: _held(proxy), lambda held: None if held == 2 else f"{held} connections")

    proxy.cut()

    for reader, _ in (old, new):
        with pytest.raises(ConnectionResetError):
            await reader.read()


async def _held(proxy: FaultProxy) -> int:
    return proxy.connections


async def test_a_delay_is_paid_in_each_direction(dial: Dial, proxy: FaultProxy):
    """A round trip takes the delay twice, and no time once it healed."""
    loop = asyncio.get_running_loop()
    reader, writer = await dial(proxy)
    proxy.delay(0.1)
    began = loop.time()

    await answers(reader, writer)

    assert loop.time() - began >= 0.2
    proxy.heal()
    began = loop.time()
    await answers(reader, writer)
    assert loop.time() - began < 0.1


async def test_back_pressure_reaches_the_sender(dial: Dial, proxy: FaultProxy, echo: Echo):
    """A server that reads nothing stops the sender, however much that has to say."""
    reader, writer = await dial(proxy)
    await answers(reader, writer)
    echo.reading.clear()
    sent = 0

    async def flood() -> None:
        nonlocal sent
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()
            sent += 65536

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(flood(), 0.5)

    assert sent < 50_000_000
    writer.transport.abort()
    echo.reading.set()


async def test_a_target_that_is_not_there_resets(dial: Dial, proxy: FaultProxy):
    """A connection whose target refuses is reset."""
    nowhere = await FaultProxy.start("127.0.0.1", 1)
    reader, _ = await dial(nowhere)

    with pytest.raises(ConnectionResetError):
        await reader.read()
    await nowhere.stop()


async def test_a_stop_leaves_no_task_and_says_nothing(dial: Dial, echo: Echo, caplog: pytest.LogCaptureFixture):
    """After a stop, in whatever state, no task and no listener is left, and nothing was logged."""
    caplog.set_level(logging.DEBUG)
    server = await asyncio.start_server(echo.serve, "127.0.0.1", 0)
    for fault in (FaultProxy.heal, FaultProxy.blackhole, FaultProxy.cut):
        before = asyncio.all_tasks()
        proxy = await FaultProxy.start("127.0.0.1", server.sockets[0].getsockname()[1])
        standing = await dial(proxy)
        await answers(*standing)
        fault(proxy)
        await proxy.stop()

        with pytest.raises(ConnectionRefusedError):
            await dial(proxy)
        standing[1].transport.abort()
        await eventually(partial(_new_since, before), lambda left: None if not left else f"left: {left}")
    server.close()
    assert not [it for it in caplog.records if it.levelno > logging.DEBUG]


async def _new_since(before: set[asyncio.Task[object]]) -> set[asyncio.Task[object]]:
    return asyncio.all_tasks() - before
