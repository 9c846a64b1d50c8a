"""The real JavaScript client as a child process, with the same inbox as every other client."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import json
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from e2e.harness.deadline import DEADLINE, SECOND
from e2e.harness.expect import Inbox, Label
from e2e.harness.match import Check
from e2e.harness.transcript import Record, Transcript

__all__ = ["CURRENT", "FOLDER", "PACKAGES", "JavascriptClient", "Script", "install", "missing"]

FOLDER = Path(__file__).resolve().parents[1] / "javascript"

CURRENT = "socket.io-client"
PACKAGES = (CURRENT, "socket.io-client-4.0", "socket.io-client-3.1")
"""The releases that speak the protocol, by the names under which `package.json` installs them."""

_INSTALL = 120 * SECOND


def missing() -> str | None:
    """Return what this machine lacks to run the JavaScript client, None if nothing."""
    absent = [tool for tool in ("node", "npm") if shutil.which(tool) is None]
    return f"no {' and no '.join(absent)} on this machine" if absent else None


def install() -> None:
    """Install the pinned clients (`npm ci`) unless they are; several test processes may ask at once."""
    name = hashlib.sha256(str(FOLDER).encode()).hexdigest()[:16]
    with Path(tempfile.gettempdir(), f"parley-e2e-npm-{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        installed, lock_file = FOLDER / "node_modules" / ".package-lock.json", FOLDER / "package-lock.json"
        if installed.exists() and installed.stat().st_mtime >= lock_file.stat().st_mtime:
            return
        command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
        done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, timeout=_INSTALL, check=False)
        assert done.returncode == 0, f"{' '.join(command)}:\n{done.stdout}{done.stderr}"


class JavascriptClient:
    """`client.mjs`, connected with the options that it is given, and its defaults.

    Attributes:
        inbox: what its listeners were called with.

    """

    def __init__(self, who: str, transcript: Transcript) -> None:
        self.who = who
        self.inbox = Inbox(who, transcript)
        self._transcript = transcript
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None

    async def connect(
        self, url: str, options: Mapping[str, Any], events: Sequence[str], package: str = CURRENT
    ) -> None:
        """Start it; what follows is in the inbox.

        Args:
            url: base URL of a server.
            options: of `io`; the client has its defaults for what is not there.
            events: that it listens to.
            package: which release of the client, one of `PACKAGES`.

        """
        self._process = await asyncio.create_subprocess_exec(
            "node",
            str(FOLDER / "client.mjs"),
            url,
            package,
            json.dumps(options),
            json.dumps(events),
            cwd=FOLDER,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        self._reader = asyncio.create_task(self._read(self._process))

    async def emit(self, event: str, *args: Any) -> None:
        """Call `socket.emit`."""
        self._transcript.add(self.who, "sent", event, *args)
        await self._write(["emit", event, *args])

    async def call(self, event: str, *args: Any) -> Any:
        """Call `socket.emit` with a callback, and return what that is called with first."""
        self._transcript.add(self.who, "sent", event, *args)
        await self._write(["call", event, *args])
        return (await self.inbox.expect("ACK")).payload

    async def expect(self, label: Label, *checks: Check, within: float = DEADLINE) -> Record:
        """Wait for a call of a listener (`Inbox.expect`)."""
        __tracebackhide__ = True
        return await self.inbox.expect(label, *checks, within=within)

    async def disconnect(self) -> None:
        """Call `socket.disconnect`, and return when the process has ended and all that it told is in the inbox."""
        await self._write(["disconnect"])
        assert self._process is not None
        assert self._reader is not None
        await asyncio.wait_for(self._process.wait(), DEADLINE)
        await self._reader

    async def release(self) -> None:
        """End the process if it runs, and wait for it."""
        if self._process is None or self._reader is None:
            return
        if self._process.stdin is not None:
            self._process.stdin.close()
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        await self._reader

    async def _write(self, line: list[Any]) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(line).encode() + b"\n")
        await self._process.stdin.drain()

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            label, *args = json.loads(line)
            self.inbox.put(self._transcript.add(self.who, "received", label, *args))
        self.inbox.end()


class Script:
    """A module for Node.js beside the clients, whose standard output is read line by line."""

    def __init__(self, who: str, transcript: Transcript) -> None:
        self.who = who
        self._transcript = transcript
        self._inbox = Inbox(who, transcript)
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None

    async def start(self, source: str) -> None:
        """Run it."""
        self._process = await asyncio.create_subprocess_exec(
            *("node", "--input-type=module", "--eval", source),
            cwd=FOLDER,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        self._reader = asyncio.create_task(self._read(self._process))

    async def prints(self, text: str) -> None:
        """Wait for a line that has this text in it."""
        __tracebackhide__ = True
        await self._inbox.expect("PRINTED", lambda line: None if text in line else f"has no {text!r}")

    async def release(self) -> None:
        """End it."""
        if self._process is not None and self._reader is not None:
            if self._process.returncode is None:
                self._process.kill()
            await self._process.wait()
            await self._reader

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            self._inbox.put(self._transcript.add(self.who, "received", "PRINTED", line.decode().rstrip("\n")))
        self._inbox.end()
