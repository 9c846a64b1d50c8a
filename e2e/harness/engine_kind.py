"""What is known of Redis and of MongoDB: where each is looked for, how it is started and asked what it is."""

from __future__ import annotations

import struct
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import bson
from pymongo import AsyncMongoClient
from pymongo.errors import PyMongoError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from e2e.harness.deadline import SECOND

__all__ = ["MONGO", "REDIS", "Identity", "Kind", "at", "named"]

_PATIENCE = 2 * SECOND


@dataclass(frozen=True, slots=True)
class Identity:
    """What a server says that it is.

    Attributes:
        name: such as `Redis 7.0.15`.
        stand_in: whether it only does as if it were the kind that it is used as.

    """

    name: str
    stand_in: bool = False


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of engine.

    Attributes:
        name: `Redis` or `MongoDB`.
        variable: the environment variable with the URL of one that runs already.
        image_variable: the environment variable with the name of an image.
        image: the image without one.
        port: the port in a container.
        url: of one that listens at `{host}:{port}`.
        schemes: of the URLs of such an engine.
        programs: those that may be on a machine, best first, each with its arguments, with `{port}` and `{data}`.
        knock: bytes that any such server answers with some of its own as soon as it serves.
        ask: what asks the one at a URL what it is. Returns None if it does not answer.

    """

    name: str
    variable: str
    image_variable: str
    image: str
    port: int
    url: str
    schemes: Sequence[str]
    programs: Mapping[str, Sequence[str]]
    knock: bytes
    ask: Callable[[str], Awaitable[Identity | None]]

    def arguments(self, program: str, port: int, data: Path) -> list[str]:
        """Return the arguments that run a program on this port over this directory."""
        return [argument.format(port=port, data=data) for argument in self.programs[program]]


def at(url: str, host: str, port: int) -> str:
    """Return the same URL with another address, such as that of a proxy."""
    parts = urlsplit(url)
    login, separator, _ = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{login}{separator}{host}:{port}"))


def named(url: str, database: str) -> str:
    """Return the same URL with this database in its path."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))


def _command(**command: Any) -> bytes:
    """Return a command to a MongoDB as one OP_MSG."""
    body = bson.encode(command)
    return struct.pack("<4iIB", 21 + len(body), 1, 0, 2013, 0, 0) + body


async def _redis(url: str) -> Identity | None:
    client = Redis.from_url(url, socket_timeout=_PATIENCE, socket_connect_timeout=_PATIENCE)  # pyright: ignore[reportUnknownMemberType]  (redis-py's types are partial)
    try:
        info = await client.info("server")  # pyright: ignore[reportUnknownMemberType]  (redis-py's types are partial)
    except (RedisError, OSError):
        return None
    finally:
        await client.aclose()
    if "valkey_version" in info:
        return Identity(f"Valkey {info['valkey_version']}", stand_in=True)
    return Identity(f"Redis {info['redis_version']}")


async def _mongo(url: str) -> Identity | None:
    patience = int(_PATIENCE * 1000)
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(
        url, serverSelectionTimeoutMS=patience, connectTimeoutMS=patience, socketTimeoutMS=patience
    )
    try:
        build = await client.admin.command("buildInfo")
    except PyMongoError:
        return None
    finally:
        await client.close()
    if "ferretdbVersion" in build:
        return Identity(f"FerretDB {build['ferretdbVersion'].removeprefix('v')}", stand_in=True)
    return Identity(f"MongoDB {build['version']}")


REDIS = Kind(
    "Redis",
    "REDIS_URL",
    "TEST_REDIS_IMAGE",
    "redis:7-alpine",
    6379,
    "redis://{host}:{port}/0",
    ("redis", "rediss", "unix"),
    {"redis-server": ("--port", "{port}", "--bind", "127.0.0.1", "--dir", "{data}", "--save", "3600 1")},
    b"PING\r\n",
    _redis,
)

MONGO = Kind(
    "MongoDB",
    "MONGO_URL",
    "TEST_MONGO_IMAGE",
    "mongo:7",
    27017,
    "mongodb://{host}:{port}/",
    ("mongodb", "mongodb+srv"),
    {
        "mongod": ("--port", "{port}", "--bind_ip", "127.0.0.1", "--dbpath", "{data}", "--nounixsocket"),
        "ferretdb": (
            "--handler=sqlite",
            "--sqlite-url=file:{data}/",
            "--state-dir={data}",
            "--telemetry=disable",
            "--listen-addr=127.0.0.1:{port}",
            "--log-level=error",
            "--debug-addr=-",
        ),
    },
    _command(hello=1, **{"$db": "admin"}),
    _mongo,
)
