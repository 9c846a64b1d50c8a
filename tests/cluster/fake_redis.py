"""Something that a link may find where it expects a Redis."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import Any

import hiredis

INFO = "redis_version:7.0.15\r\nredis_mode:standalone\r\nrole:master\r\nrun_id:abc"


class FakeRedis:
    """Answers commands as it is told to, "OK" where it was not told.

    Attributes:
        port: where it listens, 0 if that is a Unix socket.
        asked: the commands, each as one text.
        answers: how it answers those that begin with a text, "" for not at all.

    """

    def __init__(self, answers: Mapping[str, str]) -> None:
        self.port = 0
        self.asked: list[str] = []
        self.answers = {"INFO": f"${len(INFO)}\r\n{INFO}", "CLIENT ID": ":7", "PING": "+PONG", **answers}

    def _answer(self, command: str) -> str:
        self.asked.append(command)
        return next((answer for begin, answer in self.answers.items() if command.startswith(begin)), "+OK")

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection until it ends."""
        commands: Any = hiredis.Reader()
        try:
            while data := await reader.read(65536):
                commands.feed(data)
                while (command := commands.gets()) is not False:
                    if answer := self._answer(b" ".join(command).decode(errors="replace")):
                        writer.write(answer.encode() + b"\r\n")
        except (OSError, hiredis.ProtocolError):
            pass  # it was reset, or speaks TLS
        finally:
            writer.close()


@asynccontextmanager
async def fake_redis(
    answers: Mapping[str, str] = MappingProxyType({}), *, path: str = "", tls: ssl.SSLContext | None = None
) -> AsyncIterator[FakeRedis]:
    """Run one on a free port, or on a Unix socket."""
    fake = FakeRedis(answers)
    if path:
        server = await asyncio.start_unix_server(fake.serve, path)
    else:
        server = await asyncio.start_server(fake.serve, "127.0.0.1", 0, ssl=tls)
        fake.port = server.sockets[0].getsockname()[1]
    async with server:
        yield fake


def info(text: str) -> str:
    """Return INFO's answer with this text in it."""
    return f"${len(text)}\r\n{text}"
