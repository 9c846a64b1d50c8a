"""The child that makes the load: Locust, over the directory of a run."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from e2e.harness.engine_process import free_port
from e2e.harness.guard import Guard
from load.processes import family

__all__ = ["Generator", "GeneratorError", "Progress", "locust"]

_STOP = 5.0
"""Seconds in which it must end once it is told to."""

_TAIL = 30

_PRECEDENCE = -10
"""Its nice value, and that of all that it starts, where the system allows one below 0."""


class GeneratorError(Exception):
    """The generator did not come to an end by itself, or ended without a result; the text has what it said last."""


def locust(processes: int) -> list[str]:
    """Return the command that runs Locust, in one process, or in one that conducts so many others."""
    file = Path(__file__).with_name("locustfile.py")
    command = [sys.executable, "-m", "locust", "-f", str(file), "--headless", "--only-summary", "--loglevel", "WARNING"]
    if processes == 1:
        return command
    # tokens go over it: it is for this machine alone, and another run's is another
    port = str(free_port())
    own = ["--master-bind-host", "127.0.0.1", "--master-bind-port", port, "--master-host", "127.0.0.1"]
    return [*command, "--processes", str(processes), *own, "--master-port", port]


class Generator:
    """A generator, not started yet.

    Args:
        directory: of the run: `plan.json` and `world.json` are there, and there it puts `measured.json`.
        command: what runs it.

    """

    def __init__(self, directory: Path, command: Sequence[str]) -> None:
        self._directory = directory
        self._command = command
        self._guard = Guard()
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pids(self) -> list[int]:
        """Its processes, none while it does not run."""
        return family(self._process.pid) if self._process is not None and self.running else []

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.returncode is None

    @property
    def measured(self) -> Path:
        """Where its result is."""
        return self._directory / "measured.json"

    async def start(self) -> None:
        """Start it."""
        environment = {**os.environ, "PARLEY_LOAD": str(self._directory)}
        with (self._directory / "generator.log").open("ab") as log:
            # in a session of its own: a Ctrl-C is for the run, which ends all of it
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                cwd=self._directory,
                env=environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        with contextlib.suppress(PermissionError, ProcessLookupError):
            # where servers share its machine they would otherwise be measured by a clock that they delay
            os.setpriority(os.PRIO_PROCESS, self._process.pid, _PRECEDENCE)
        self._guard.watch("group", str(self._process.pid))

    def check(self) -> None:
        """Raise `GeneratorError` if it has ended, and left no result."""
        if not self.running and not self.measured.exists():
            code = None if self._process is None else self._process.returncode
            raise GeneratorError(f"the generator ended with exit code {code} and no result:\n{self.log_tail()}")

    async def close(self) -> None:
        """End it and whatever it has started."""
        process = self._process
        if process is not None:
            for number in (signal.SIGTERM, signal.SIGKILL):
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, number)  # its session is its own, so these are its processes alone
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(process.wait(), _STOP)
        await asyncio.to_thread(self._guard.close)

    def log_tail(self) -> str:
        """Return the last lines that it wrote."""
        log = self._directory / "generator.log"
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
        return "\n".join(lines[-_TAIL:])


class Progress:
    """What a generator says of how far it is: `progress.jsonl`, read as it grows."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / "progress.jsonl"
        self._read = 0

    def news(self) -> list[Mapping[str, Any]]:
        """Return the lines that have come since the last call; one that is not whole comes with the next."""
        if not self._path.exists():
            return []
        with self._path.open("rb") as file:
            file.seek(self._read)
            whole, newline, _ = file.read().rpartition(b"\n")
        self._read += len(whole) + len(newline)
        return [json.loads(line) for line in whole.splitlines()]
