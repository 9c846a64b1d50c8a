"""What clears away when this process does not come to it: it was killed, or crashed.

A child of its own waits for the end of a pipe whose other end only this process has. Whatever is still watched then is
ended: there is no signal, no `finally` and no `atexit` that a SIGKILL would have to pass through.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from typing import IO, Literal

__all__ = ["Guard", "Thing"]

Thing = Literal["process", "group", "container", "directory"]

_ORDER: tuple[Thing, ...] = ("process", "group", "container", "directory")


class Guard:
    """Watches processes, groups of them, containers and directories. The first one starts the guard's own process."""

    def __init__(self) -> None:
        self._pipe: IO[bytes] | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def watch(self, thing: Thing, name: str) -> None:
        """End this process or group, remove this container or delete this directory, if we do not come to it."""
        self._say("watch", thing, name)

    def forget(self, thing: Thing, name: str) -> None:
        """Leave it alone from now on: it was ended in the regular way."""
        self._say("forget", thing, name)

    def close(self) -> None:
        """End the guard, and what it still watches."""
        if self._process is not None and self._pipe is not None:
            self._pipe.close()
            self._process.wait()
            self._process = None

    def _say(self, verb: str, thing: Thing, name: str) -> None:
        if self._process is None:
            # in a session of its own: a Ctrl-C is not meant for it
            self._process = subprocess.Popen(
                [sys.executable, "-I", __file__], stdin=subprocess.PIPE, start_new_session=True
            )
            self._pipe = self._process.stdin
        assert self._pipe is not None
        self._pipe.write(f"{verb} {thing} {name}\n".encode())
        self._pipe.flush()


def _end(thing: Thing, name: str) -> None:
    if thing == "process":
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(name), signal.SIGKILL)
    elif thing == "group":
        with contextlib.suppress(ProcessLookupError):
            os.killpg(int(name), signal.SIGKILL)
    elif thing == "container":
        command = ["docker", "rm", "--force", "--volumes", name]
        with contextlib.suppress(FileNotFoundError):  # an engine may be there without its command line
            subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    else:
        shutil.rmtree(name, ignore_errors=True)


def _guard() -> None:
    watched: dict[tuple[str, str], None] = {}
    for line in sys.stdin:
        verb, thing, name = line.rstrip("\n").split(" ", 2)
        if verb == "watch":
            watched[thing, name] = None
        else:
            watched.pop((thing, name), None)
    for thing in _ORDER:
        for kind, name in watched:
            if kind == thing:
                _end(thing, name)


if __name__ == "__main__":
    _guard()
