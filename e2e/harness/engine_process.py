"""An engine that is installed on this machine, run as a process over a directory of its own."""

from __future__ import annotations

import asyncio
import random
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

from e2e.harness.deadline import SECOND
from e2e.harness.engine import EngineRefusedError, until_it_answers
from e2e.harness.engine_kind import Kind
from e2e.harness.guard import Guard

__all__ = ["EngineProcess", "free_port", "program"]

_STOP = 10 * SECOND
_PORTS = range(20_000, 32_000)
_TRIES = 3


def program(kind: Kind) -> str | None:
    """Return the best program of that kind on this machine, None without one."""
    return next((name for name in kind.programs if shutil.which(name)), None)


def free_port() -> int:
    """Return a port that nobody listens on, from a range that no kernel takes outgoing connections' ports from.

    What listens on it can so be restarted there: nobody gets the port in between.
    """
    for port in random.sample(_PORTS, len(_PORTS)):
        with socket.socket() as attempt:
            attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                attempt.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise EngineRefusedError(f"no port is free from {_PORTS.start} to {_PORTS.stop}")


class EngineProcess:
    """A process, not started yet. It is frozen and thawed by signals.

    Args:
        kind: what it is used as.
        program: which of the programs of that kind.
        guard: ends it and deletes its data if this process cannot.

    """

    ours = True

    def __init__(self, kind: Kind, program: str, guard: Guard) -> None:
        self.description = f"{program}, not started"
        self._kind = kind
        self._program = program
        self._guard = guard
        self._port = free_port()
        self._home = Path(tempfile.mkdtemp(prefix="parley-engine-"))
        self._process: subprocess.Popen[bytes] | None = None
        guard.watch("directory", str(self._home))

    @property
    def url(self) -> str:
        """Its URL on 127.0.0.1."""
        return self._kind.url.format(host="127.0.0.1", port=self._port)

    @property
    def pid(self) -> int | None:
        """The process id, None while it does not run."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    async def start(self) -> None:
        first = self.description.endswith("not started")
        for tries_left in reversed(range(_TRIES if first else 1)):
            try:
                await self._start()
                return
            except EngineRefusedError:
                await self.kill()
                if not tries_left:
                    raise
                self._port = free_port()  # somebody else may have got it first

    async def pause(self) -> None:
        self._running.send_signal(signal.SIGSTOP)

    async def resume(self) -> None:
        self._running.send_signal(signal.SIGCONT)

    async def kill(self) -> None:
        await self._end(signal.SIGKILL)

    async def mend(self) -> None:
        process = self._process
        if process is not None:
            await self.resume()
            try:
                await until_it_answers(self._kind, self.url, self._objection)
                return
            except EngineRefusedError:
                if process.poll() is None:
                    raise
                self._forget(process)  # it ended by itself
        await self.start()

    async def restart(self, *, empty: bool) -> None:
        if self._process is not None:
            await self._end(signal.SIGKILL if empty else signal.SIGTERM)
        if empty:
            shutil.rmtree(self._data, ignore_errors=True)
        await self.start()

    async def close(self) -> None:
        if self._process is not None:
            await self.kill()
        shutil.rmtree(self._home, ignore_errors=True)
        self._guard.forget("directory", str(self._home))

    @property
    def _data(self) -> Path:
        return self._home / "data"

    @property
    def _running(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, f"{self.description} is not running"
        return self._process

    async def _start(self) -> None:
        assert self._process is None, f"{self.description} is running"
        self._process = self._spawn()
        self._guard.watch("process", str(self._process.pid))
        identity = await until_it_answers(self._kind, self.url, self._objection)
        stand_in = f", a stand-in for {self._kind.name}" if identity.stand_in else ""
        self.description = f"{identity.name} ({self._program}), found on this machine{stand_in}"

    def _spawn(self) -> subprocess.Popen[bytes]:
        self._data.mkdir(exist_ok=True)
        with (self._home / "log").open("ab") as log:
            # in a session of its own: a Ctrl-C is for pytest, which ends it when nobody needs it any more
            return subprocess.Popen(
                [self._program, *self._kind.arguments(self._program, self._port, self._data)],
                cwd=self._home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _objection(self) -> str | None:
        code = self._running.poll()
        log = (self._home / "log").read_text(errors="replace")[-2000:]
        return None if code is None else f"{self._program} ended with exit code {code}:\n{log}"

    async def _end(self, number: signal.Signals) -> None:
        process = self._running
        process.send_signal(number)
        if number is not signal.SIGKILL:
            process.send_signal(signal.SIGCONT)
        try:
            await asyncio.to_thread(process.wait, _STOP)
        except subprocess.TimeoutExpired:
            process.kill()
            await asyncio.to_thread(process.wait)
        self._forget(process)

    def _forget(self, process: subprocess.Popen[bytes]) -> None:
        self._guard.forget("process", str(process.pid))
        self._process = None
