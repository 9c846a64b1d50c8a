"""A TCP proxy between a server and what it depends on, whose network fails when a test says so."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Coroutine

__all__ = ["FaultProxy"]

_CHUNK = 65536
_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER: on, for no time. A socket that is closed so sends RST, and drops what it had still to send."""


class FaultProxy:
    """Passes bytes on to one address, in both directions, until told not to.

    What one side reads slowly the other side cannot send faster: at most a few buffers wait here. Every verb but `stop`
    takes effect at once; those before it are forgotten. To be started by `FaultProxy.start` in a running event loop.

    Attributes:
        port: where it listens, on 127.0.0.1, from start to stop.

    """

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._delay = 0.0
        self._open = asyncio.Event()
        # nobody listens on this one: it keeps the port ours while connections are refused
        self._claim = _bound(0)
        self.port: int = self._claim.getsockname()[1]
        self._listener: socket.socket | None = None
        self._links: dict[_Link, asyncio.Task[None]] = {}

    @classmethod
    async def start(cls, host: str, port: int) -> FaultProxy:
        """Return a proxy to this address, which need not be there yet, that listens on a free port."""
        proxy = cls(host, port)
        proxy.heal()
        return proxy

    @property
    def connections(self) -> int:
        """How many connections stand, or are held."""
        return len(self._links)

    def cut(self) -> None:
        """Reset every connection, and refuse new ones as a machine does on which nothing listens."""
        self._unlisten()
        self._open.set()
        self._reset_all()

    def blackhole(self) -> None:
        """Leave connections up and accept new ones, and let no byte pass, nor the news that an end hung up."""
        self._open.clear()
        self._listen()

    def delay(self, seconds: float) -> None:
        """Pass everything on so much later, in each direction."""
        self.heal()
        self._delay = seconds

    def heal(self) -> None:
        """Pass everything on again, and first of all what was held back."""
        self._delay = 0.0
        self._open.set()
        self._listen()

    async def stop(self) -> None:
        """Reset every connection and give the port back."""
        serving = list(self._links.values())
        self.cut()
        self._claim.close()
        await asyncio.gather(*serving, return_exceptions=True)

    def _listen(self) -> None:
        if self._listener is None:
            self._listener = _bound(self.port)
            self._listener.listen(128)
            asyncio.get_running_loop().add_reader(self._listener, self._accept, self._listener)

    def _unlisten(self) -> None:
        if self._listener is not None:
            asyncio.get_running_loop().remove_reader(self._listener)
            self._listener.close()
            self._listener = None

    def _reset_all(self) -> None:
        for link, task in self._links.items():
            link.reset()
            task.cancel()
        self._links.clear()

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):  # whoever knocked may be gone again
            accepted, _ = listener.accept()
            accepted.setblocking(False)
            link = _Link(accepted)
            self._links[link] = asyncio.create_task(self._serve(link))

    async def _serve(self, link: _Link) -> None:
        try:
            await self._open.wait()
            reader, writer = await link.take_up()
            far_reader, far_writer = await link.reach(self._target)
            await _both(self._pump(reader, far_writer), self._pump(far_reader, writer))
        except OSError:
            pass  # either end is gone, or the target was never there: the other end learns it by a reset
        finally:
            link.reset()
            self._links.pop(link, None)

    async def _pump(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        """Pass on until the source hangs up, and then that it did."""
        while True:
            data = await source.read(_CHUNK)
            if self._delay:
                await asyncio.sleep(self._delay)
            await self._open.wait()
            if not data:
                target.write_eof()
                return
            target.write(data)
            await target.drain()


class _Link:
    """One connection to the proxy and the one that belongs to it beyond."""

    def __init__(self, accepted: socket.socket) -> None:
        self._accepted: socket.socket | None = accepted
        self._writers: list[asyncio.StreamWriter] = []

    async def take_up(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        accepted, self._accepted = self._accepted, None
        return self._keep(await asyncio.open_connection(sock=accepted))

    async def reach(self, target: tuple[str, int]) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return self._keep(await asyncio.open_connection(*target))

    def _keep(
        self, streams: tuple[asyncio.StreamReader, asyncio.StreamWriter]
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        self._writers.append(streams[1])
        return streams

    def reset(self) -> None:
        """End both connections by a reset. May be called again."""
        if self._accepted is not None:
            self._accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self._accepted.close()
            self._accepted = None
        for writer in self._writers:
            with contextlib.suppress(OSError):  # of a socket that has been closed already
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            writer.transport.abort()
        self._writers.clear()


def _bound(port: int) -> socket.socket:
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind(("127.0.0.1", port))
    bound.setblocking(False)
    return bound


async def _both(*pumps: Coroutine[None, None, None]) -> None:
    """Run both to their ends; where one fails the other is not awaited any longer, and leaves no task behind."""
    tasks = [asyncio.ensure_future(pump) for pump in pumps]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
