"""nginx in front of the servers of a run, as any user and over a directory of its own.

What it does with a request is what `nginx/` of this repository says: a websocket goes to any server, a polling session
stays where it is, and what a server cannot be given the next one gets.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import signal
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from e2e.harness.deadline import SECOND, eventually
from e2e.harness.engine_process import free_port
from load.processes import family

__all__ = ["Nginx", "NginxRefusedError", "installed"]

_START = 10 * SECOND
_STOP = 5 * SECOND
_TRIES = 3
_CONNECTIONS = 65_536
"""Of a worker, at most: it sets aside memory for each."""

_TEMPLATE = """\
daemon off;
worker_processes auto;
worker_shutdown_timeout 1s;
worker_rlimit_nofile {descriptors};
pid "{directory}/nginx.pid";
error_log "{directory}/error.log" crit;

events {{
    worker_connections {connections};
}}

http {{
    access_log off;
    server_tokens off;
    default_type application/octet-stream;

    client_body_temp_path "{directory}/client_body";
    proxy_temp_path "{directory}/proxy";
    fastcgi_temp_path "{directory}/fastcgi";
    uwsgi_temp_path "{directory}/uwsgi";
    scgi_temp_path "{directory}/scgi";

    client_max_body_size 2m;
    proxy_request_buffering off;
    client_header_timeout 10s;
    client_body_timeout 15s;
    send_timeout 30s;
    keepalive_timeout 65s;

    map $http_upgrade $upgrade {{
        default "";
        ~*^websocket$ websocket;
    }}
    map $upgrade $connection_upgrade {{
        default close;
        websocket upgrade;
    }}
    map "$upgrade $arg_sid" $affinity {{
        default "$remote_addr $arg_token";
        "websocket " $request_id;
    }}

    proxy_http_version 1.1;
    proxy_connect_timeout 300ms;
    proxy_next_upstream error timeout;
    proxy_next_upstream_tries 2;
    proxy_next_upstream_timeout 5s;

    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Forwarded-Host $http_host;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_set_header X-Real-IP $remote_addr;
    proxy_set_header Upgrade $upgrade;
    proxy_set_header Connection $connection_upgrade;

    upstream servers {{
        hash $affinity consistent;
{servers}
    }}
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location / {{
            proxy_pass http://servers;
        }}
        location ~ ^(/\\w+)?/socket\\.io/?$ {{
            proxy_pass http://servers;
            proxy_buffering off;
            proxy_read_timeout 1h;
            proxy_send_timeout 1h;
        }}
    }}
}}
"""


class NginxRefusedError(Exception):
    """nginx did not start; the text has what it said."""


def installed() -> str | None:
    """Return the path of the program, None without one."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/opt/homebrew/bin")


class Nginx:
    """One nginx, not started yet.

    Args:
        program: its path.
        directory: where it keeps its configuration and its log.
        servers: the base URLs of what it stands before.
        descriptors: files that it may have open; a connection takes two.

    """

    def __init__(self, program: str, directory: Path, servers: Sequence[str], descriptors: int) -> None:
        self._program = program
        self._directory = directory
        self._servers = servers
        self._descriptors = descriptors
        self._port = 0
        self._process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        """Where it listens, once it was started."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def pids(self) -> list[int]:
        """Its processes: one, and its children, which do the work. None of them while it does not run."""
        runs = self._process is not None and self._process.returncode is None
        return family(self._process.pid) if self._process is not None and runs else []

    async def start(self) -> None:
        """Start it and return when it takes connections. Raise `NginxRefusedError` if it does not."""
        self._directory.mkdir(parents=True, exist_ok=True)
        for tries_left in reversed(range(_TRIES)):
            self._port = free_port()
            (self._directory / "nginx.conf").write_text(self._configuration(), encoding="utf-8")
            try:
                await self._spawn()
                return
            except NginxRefusedError:
                await self.close()
                if not tries_left:
                    raise

    async def close(self) -> None:
        """End it, with every connection that goes through it."""
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), _STOP)
        except TimeoutError:
            process.kill()
            await process.wait()

    def _configuration(self) -> str:
        servers = "\n".join(f"        server {urlsplit(url).netloc} max_fails=0;" for url in self._servers)
        return _TEMPLATE.format(
            directory=self._directory,
            descriptors=self._descriptors,
            connections=min(self._descriptors, _CONNECTIONS) - 64,
            port=self._port,
            servers=servers,
        )

    async def _spawn(self) -> None:
        with (self._directory / "output.log").open("ab") as log:
            # in a session of its own: a Ctrl-C is for the run, which ends it when nobody is connected any more
            self._process = await asyncio.create_subprocess_exec(
                *(self._program, "-p", str(self._directory), "-c", str(self._directory / "nginx.conf")),
                *("-e", str(self._directory / "error.log")),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            await eventually(self._listens, lambda listens: None if listens else "nobody listens", within=_START)
        except (AssertionError, EOFError):
            said = (self._directory / "output.log").read_text(errors="replace")[-2000:]
            raise NginxRefusedError(f"nginx did not start (exit code {self._process.returncode}):\n{said}") from None

    async def _listens(self) -> bool:
        """Return whether it takes connections. Raise `EOFError` if it has ended."""
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", self._port)
            writer.close()
            return True
        if self._process is None or self._process.returncode is not None:
            raise EOFError
        return False
