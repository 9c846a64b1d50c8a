"""A real `serve` as a child process, driven by its command line and by signals."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import resource
import shlex
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp

from e2e.harness.deadline import SECOND, eventually

__all__ = ["SERVER", "Exit", "ServerDidNotStartError", "ServerProcess"]

_LISTENER = re.compile(r"  (\S+)\s+(https?://\S+?)/?\s+Socket\.IO at (\S+)")
_PORTS = {
    "friends": "PORT",
    "direct": "DIRECT_PORT",
    "rooms": "ROOMS_PORT",
    "notifications": "NOTIFICATIONS_PORT",
    "presence": "PRESENCE_PORT",
    "internal": "INTERNAL_PORT",
}
"""The setting of each listener's port."""

_INHERITED = ("PATH", "HOME", "LANG", "PYTHONPATH", "TMPDIR", "VIRTUAL_ENV", "SYSTEMROOT")

SERVER = "E2E_SERVER"
"""The variable that names what `python -m` runs in the place of the backend, for every server that is started: a
module, and what comes before the command."""

_START = 30 * SECOND
_STOP = 15 * SECOND
_TAIL = 60


class ServerDidNotStartError(AssertionError):
    """The server ended, or did not become ready in time; the text has its log."""


@dataclass(frozen=True, slots=True)
class Exit:
    """How a server that was run to its end came out of it."""

    code: int
    output: str
    errors: str


class ServerProcess:
    """One server.

    Args:
        settings: its environment; `DATA_DIR` and `LOG_DIR` default to folders in `directory`.
        arguments: what follows `serve`.
        directory: where it runs and keeps its log, `server.log`.

    Attributes:
        urls: the base URL of each listener, by what `/socket.io` is there, once it was started; a restart keeps them.
        announced: the lines it printed on standard output since the last start.

    """

    def __init__(self, directory: Path, settings: Mapping[str, str], arguments: Sequence[str] = ()) -> None:
        self.urls: dict[str, str] = {}
        self.announced: list[str] = []
        self._directory = directory
        self._settings = {
            "DATA_DIR": str(directory / "data"),
            "LOG_DIR": str(directory / "logs"),
            **dict.fromkeys(_PORTS.values(), "0"),
            **settings,
        }
        self._arguments = ["serve", *arguments]
        self._process: asyncio.subprocess.Process | None = None
        self._output: asyncio.Task[None] | None = None
        self._printed = asyncio.Event()

    @property
    def url(self) -> str:
        """The base URL of the first listener, "" before the first start."""
        return next(iter(self.urls.values()), "")

    @property
    def pid(self) -> int:
        """The process id of a running server."""
        assert self._process is not None, "the server is not running"
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.returncode is None

    @property
    def log(self) -> Path:
        """What it wrote to standard error, over all its starts."""
        return self._directory / "server.log"

    def log_tail(self) -> str:
        """Return the last lines of the log."""
        return "\n".join(self._log_text().splitlines()[-_TAIL:])

    async def start(self) -> None:
        """Start and return when `/readyz` answers 200. Raise `ServerDidNotStartError` with its log otherwise."""
        for listener, url in self.urls.items():
            self._settings[_PORTS[listener]] = str(urlsplit(url).port)
            await _until_free(url)
        self.announced = []
        await self._spawn()
        try:
            await asyncio.wait_for(self._become_ready(), _START)
        except (TimeoutError, EOFError) as error:
            code = self._process.returncode if self._process else None
            await self.kill()
            raise ServerDidNotStartError(
                f"the server did not become ready ({type(error).__name__}, exit code {code}).\n"
                f"It printed:\n{chr(10).join(self.announced)}\nIts log:\n{self.log_tail()}"
            ) from error

    async def run(self) -> Exit:
        """Start a server that is to end by itself, and return how it did."""
        began = len(self._log_text())
        await self._spawn()
        assert self._process is not None
        try:
            code = await asyncio.wait_for(self._process.wait(), _START)
        except TimeoutError:
            await self.kill()
            raise AssertionError(f"the server runs, but was to refuse to start: {self.announced}") from None
        await self._ended()
        return Exit(code, "\n".join(self.announced), self._log_text()[began:])

    async def run_command(self, *arguments: str) -> Exit:
        """Run another command than `serve` with the same settings, whether the server runs or not, to its end."""
        self._directory.mkdir(parents=True, exist_ok=True)
        process = await asyncio.create_subprocess_exec(
            *(*_program(), *arguments),
            cwd=self._directory,
            env=self._environment(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            output, errors = await asyncio.wait_for(process.communicate(), _START)
        except TimeoutError:
            process.kill()
            await process.wait()
            raise AssertionError(f"{' '.join(arguments)} did not end in {_START:g} s") from None
        assert process.returncode is not None
        return Exit(process.returncode, output.decode(errors="replace"), errors.decode(errors="replace"))

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Ask it to end; it must, within a bound, and with exit code 0."""
        assert self._process is not None
        self._signal(signal.SIGCONT)
        self._signal(number)
        try:
            code = await asyncio.wait_for(self._process.wait(), _STOP)
        except TimeoutError:
            await self.kill()
            raise AssertionError(f"{number.name} did not end the server in {_STOP:g} s:\n{self.log_tail()}") from None
        await self._ended()
        assert code == 0, f"{number.name} ended the server with exit code {code}:\n{self.log_tail()}"

    async def kill(self) -> None:
        """End it without a chance to do anything (SIGKILL)."""
        assert self._process is not None
        self._signal(signal.SIGKILL)
        await self._process.wait()
        await self._ended()

    async def pause(self) -> None:
        """Freeze it (SIGSTOP): its connections stand and nothing answers."""
        self._signal(signal.SIGSTOP)

    async def resume(self) -> None:
        """Thaw it (SIGCONT)."""
        self._signal(signal.SIGCONT)

    def allow_growth(self, amount: int | None) -> None:
        """Let no file of it grow by more than this many bytes, as on a full disk; None lifts the limit."""
        held = [path.stat().st_size for path in self._directory.rglob("*") if path.is_file()]
        limit = resource.RLIM_INFINITY if amount is None else max(held) + amount
        resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))

    async def close(self) -> None:
        """Stop it, unless it has ended."""
        if self.running:
            await self.stop()

    def _log_text(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    async def _spawn(self) -> None:
        assert not self.running, "the server is running"
        self._directory.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *_program(),
                *self._arguments,
                cwd=self._directory,
                env=self._environment(),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
            )
        self._output = asyncio.create_task(self._collect_output(self._process))

    def _environment(self) -> dict[str, str]:
        return {**{key: os.environ[key] for key in _INHERITED if key in os.environ}, **self._settings}

    async def _collect_output(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            self.announced.append(line.decode(errors="replace").rstrip("\n"))
            self._printed.set()
        self._printed.set()

    async def _become_ready(self) -> None:
        assert self._process is not None
        assert self._output is not None
        while not (urls := self._listeners()):
            if self._output.done():
                await self._process.wait()  # it will not say any more
            self._must_run()
            self._printed.clear()
            await self._printed.wait()
        self.urls = urls
        async with aiohttp.ClientSession() as http:
            # it tells nobody that it has become ready
            await eventually(lambda: self._is_ready(http), lambda ready: None if ready else "not ready", within=_START)

    async def _is_ready(self, http: aiohttp.ClientSession) -> bool:
        self._must_run()
        with contextlib.suppress(aiohttp.ClientError):
            async with http.get(f"{self.url}/readyz") as answer:
                return answer.status == 200
        return False

    def _listeners(self) -> dict[str, str]:
        """Return what it has announced, once that is all: the address of the docs follows."""
        found = [_LISTENER.fullmatch(line.rstrip()) for line in self.announced]
        told = {match[1]: match[2] for match in found if match}
        return told if any(line.startswith("  docs") for line in self.announced) else {}

    def _must_run(self) -> None:
        if not self.running:
            raise EOFError

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self.running:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)

    async def _ended(self) -> None:
        if self._output is not None:
            await self._output
        self._process = None


async def _until_free(url: str) -> None:
    """Return once a port can be had again: a connection that somebody else makes may have been given it meanwhile."""
    address = urlsplit(url).hostname, urlsplit(url).port

    async def objection() -> str | None:
        try:
            socket.create_server(address).close()
        except OSError as error:
            return str(error)
        return None

    with contextlib.suppress(AssertionError):  # the server says it better
        await eventually(objection, lambda it: it, within=_START)


def _program() -> list[str]:
    """Return what runs the backend, or what is to be run in its place."""
    return [sys.executable, "-m", "e2e.harness.as_installed", *shlex.split(os.environ.get(SERVER) or "app")]
