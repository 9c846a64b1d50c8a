"""Where a Redis is, and how a connection to it is made."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections.abc import Sequence
from typing import Any, cast
from urllib.parse import urlsplit

import hiredis
from redis.asyncio import ConnectionPool
from redis.asyncio.connection import Connection, SSLConnection, UnixDomainSocketConnection

from app.cluster.base import ClusterUnusableError
from app.cluster.redis_wire import Wire, packed
from app.domain.errors import Unavailable

__all__ = ["Address"]

OLDEST = (6, 2)
"""The first version of Redis with every command that is used, ZMSCORE being the youngest."""

PASSING = ("LOADING", "BUSY", "MASTERDOWN", "READONLY", "CLUSTERDOWN", "TRYAGAIN", "MISCONF", "OOM")
"""How errors begin that end by themselves."""


UNUSABLE = (
    "The Redis URL cannot be used: it has to be redis://user:password@host:port/database?option=value, with user and"
    " password percent-encoded, and options that redis-py knows"
)


class Address:
    """Where a Redis is, as a URL says it: redis://, rediss:// (TLS) or unix://, with the options of redis-py.

    Its text never has the password in it. Raise `ClusterUnusableError` for a URL that cannot be used.

    Attributes:
        database: the number of the database there.

    """

    def __init__(self, url: str) -> None:
        try:
            if not _whole(url):
                raise ValueError
            # redis-py's reading of the URL, its options and certificates; the connection itself is never used
            made: Any = cast("Any", ConnectionPool).from_url(url).make_connection()
            encrypted = issubclass(type(made), SSLConnection)
            self._tls: ssl.SSLContext | None = made.ssl_context.get() if encrypted else None
        except (OSError, ssl.SSLError) as error:
            raise ClusterUnusableError(f"A certificate of the Redis URL cannot be used: {error}") from None
        except Exception:  # what is wrong may be in the password, and redis-py cites it
            raise ClusterUnusableError(UNUSABLE) from None
        if not _names_database(url):
            raise ClusterUnusableError("The Redis URL cannot be used: its path must be the number of a database")
        self._path: str | None = made.path if isinstance(made, UnixDomainSocketConnection) else None
        self._host, self._port = (made.host, int(made.port)) if isinstance(made, Connection) else ("", 0)
        self._text = self._path or f"{self._host}:{self._port}"
        self._greeting: list[bytes] = []
        if made.username or made.password:
            self._greeting.append(packed("AUTH", *filter(None, (made.username, made.password))))
        self.database = int(made.db or 0)
        if self.database:
            self._greeting.append(packed("SELECT", str(self.database)))
        self._greeting.append(packed("CLIENT", "SETNAME", "parley"))
        self._greeting += packed("CLIENT", "ID"), packed("INFO")

    def __str__(self) -> str:
        return self._text

    async def dial(self, timeout: float, commands: Sequence[bytes] = ()) -> Wire:
        """Return a new connection, over which these commands have been answered well.

        Raise `Unavailable` if Redis is not there, or not ready within so many seconds, and `ClusterUnusableError` if
        it never will be.
        """
        wire = Wire(asyncio.get_running_loop(), timeout)
        try:
            async with asyncio.timeout(timeout):
                await self._connect(wire)
                answers = await wire.ask(self._greeting)
                self._judge(answers)
                wire.name = self._suitable(answers[-1]), str(answers[-2]).encode()
                self._judge(await wire.ask(commands))
                wire.greeted = True
        except hiredis.ProtocolError:
            raise ClusterUnusableError(f"What is at {self} is not a Redis") from None
        except (ssl.SSLCertVerificationError, ssl.SSLError) as error:
            raise ClusterUnusableError(f"Redis at {self} and TLS: {error.reason or error}") from None
        except (OSError, TimeoutError) as error:
            raise Unavailable from error
        finally:
            if not wire.greeted:
                await wire.close()
        return wire

    async def _connect(self, wire: Wire) -> None:
        loop = asyncio.get_running_loop()
        if self._path is not None:
            await loop.create_unix_connection(lambda: wire, self._path)
            return
        name = self._host if self._tls else None
        transport, _ = await loop.create_connection(
            lambda: wire, self._host, self._port, ssl=self._tls, server_hostname=name
        )
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

    def _judge(self, answers: list[Any]) -> None:
        """Raise what an answer to the greeting amounts to, if one is an error."""
        for error in answers:
            if not isinstance(error, Exception):
                continue
            text = str(error)
            if text.startswith(("WRONGPASS", "NOAUTH", "ERR AUTH", "ERR invalid password", "ERR Client sent AUTH")):
                raise ClusterUnusableError(f"Redis at {self} does not accept the user name and password of its URL")
            if text.startswith(PASSING):
                raise Unavailable from error
            raise self.refusal(text)

    def refusal(self, text: str) -> ClusterUnusableError:
        """Return what a refusal of Redis amounts to that does not end by itself."""
        if text.startswith("NOPERM"):
            return ClusterUnusableError(
                f"Redis at {self} lets the user of its URL do too little: what an ACL has to allow is ~parley:* for"
                f" keys, &parley:* for channels, and all commands but those that are @dangerous, with CLIENT and INFO"
                f" ({text})"
            )
        return ClusterUnusableError(f"Redis at {self} refuses a command: {text}")

    def _suitable(self, info: Any) -> bytes:
        """Return what tells this Redis from all others, if it will do."""
        text = info.decode("utf-8", "replace") if isinstance(info, bytes) else ""
        version = re.search(r"^redis_version:((\d+)\.(\d+)\S*)", text, re.MULTILINE)
        if version is None:
            raise ClusterUnusableError(f"What is at {self} is not a Redis")
        if (int(version[2]), int(version[3])) < OLDEST:
            oldest = ".".join(map(str, OLDEST))
            raise ClusterUnusableError(f"Redis at {self} is version {version[1]}; {oldest} is the oldest that will do")
        if "redis_mode:cluster" in text:
            raise ClusterUnusableError(f"Redis at {self} is sharded; one with all keys in one place is needed")
        if "role:slave" in text:
            raise Unavailable  # a replica may be made the primary
        run = re.search(r"^run_id:(\w+)", text, re.MULTILINE)
        return run[1].encode() if run else b""


def _names_database(url: str) -> bool:
    """Return whether the path of a URL is a database's number or none; redis-py takes anything else for none."""
    parts = urlsplit(url)
    path = parts.path.strip("/")
    return parts.scheme == "unix" or not path or (path.isascii() and path.isdigit())


def _whole(url: str) -> bool:
    """Return whether a URL ends where its reader thinks: not within a password that has a character which ends it."""
    parts = urlsplit(url)
    return parts.scheme == "unix" or not (parts.fragment or "@" in parts.path + parts.query)
