"""The connection to MongoDB, and the indexes that the store needs: made where they are missing, checked where not."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import pymongo
from pymongo import AsyncMongoClient, ReadPreference, WriteConcern
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import ConfigurationError, InvalidName, OperationFailure, PyMongoError
from pymongo.monitoring import CommandListener
from pymongo.read_concern import ReadConcern

from app.domain.errors import Unavailable
from app.store.base import StoreUnusableError
from app.store.mongo_documents import CODEC, Document

__all__ = ["INDEXES", "Client", "Index", "connect", "prepare"]

BUILD_TIMEOUT = 600.0
"""Seconds for the indexes of collections that others have filled; of an empty one they take none."""

_UNAUTHORIZED = 13
_AUTHENTICATION_FAILED = 18
_INDEX_NOT_FOUND = 27
_DUPLICATE_KEY = 11000

Client: TypeAlias = AsyncMongoClient[Document]

log = logging.getLogger("parley.store")


@dataclass(frozen=True)
class Index:
    """An index that the store needs. Its name is the one that MongoDB makes of the fields."""

    collection: str
    fields: tuple[tuple[str, int], ...]
    unique: bool = False


INDEXES = (
    Index("users", (("email", 1),), unique=True),
    Index("messages", (("mailbox", 1), ("pending", 1), ("_id", -1))),
    Index("messages", (("mailbox", 1), ("members", 1), ("_id", -1))),
    Index("messages", (("mailbox", 1), ("to", 1), ("sender", 1), ("_id", -1))),
    Index("rooms", (("epoch", -1),), unique=True),
    Index("exchanges", (("exchangeId", 1),), unique=True),
)
"""What makes an e-mail belong to one user, keeps what is said from being stored twice, and makes `pending`, `history`,
`received` and `rooms` one range of an index each."""

_ONE_A_MILLISECOND = {"sender", "createdAt"}
"""What the application that the collections were made for has a unique index on: of the messages that a user sends in
one millisecond it stores the first alone."""


def connect(
    url: str, name: str, timeout: float, pool: int, listener: CommandListener
) -> tuple[Client, AsyncDatabase[Document]]:
    """Return a client, which connects when it is first used and at most so many times, and its database.

    Writes are acknowledged when a majority of the replica set has them in its journals, and reads return only what
    is safe in that way. Raise `StoreUnusableError` for a URL or a name that cannot be one; it does not cite the URL,
    for what is wrong may be in the password.
    """
    try:
        parts = urlsplit(url)
        if "@" in parts.path + parts.query + parts.fragment:
            raise ValueError  # a password with a character that ends it: what follows is no host and no database
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)  # an option that is not known or of a wrong type
            client: Client = AsyncMongoClient(
                url,
                appname="parley",
                timeoutMS=round(timeout * 1000),
                serverSelectionTimeoutMS=round(timeout * 1000),
                connectTimeoutMS=round(timeout * 1000),
                maxPoolSize=pool,
                event_listeners=[listener],
            )
    except (PyMongoError, UserWarning, ValueError, TypeError):
        raise StoreUnusableError(
            "the MongoDB URL cannot be used: it has to be mongodb://user:password@host:port/?option=value, with user"
            " and password percent-encoded, and options that PyMongo knows"
        ) from None
    try:
        database = client.get_database(
            name,
            codec_options=CODEC,
            read_preference=ReadPreference.PRIMARY,
            read_concern=ReadConcern("majority"),
            write_concern=WriteConcern(w="majority", j=True),
        )
    except InvalidName as error:
        raise StoreUnusableError(f"{name!r} cannot be the name of a MongoDB database: {error}") from error
    return client, database


async def prepare(database: AsyncDatabase[Document], timeout: float) -> None:
    """Check that the server answers and make the indexes that are missing; many servers may do so at once.

    Raise `StoreUnusableError` if the server refuses us or if what is stored does not allow an index, `Unavailable`
    if it does not answer.
    """
    with _explained(database):
        with pymongo.timeout(timeout):
            await database.client.admin.command("ping")
            missing = [index for index in INDEXES if not await _exists(database, index)]
            await _drop_one_a_millisecond(database)
        with pymongo.timeout(BUILD_TIMEOUT):
            for index in missing:
                await database[index.collection].create_index(list(index.fields), unique=index.unique)


async def _exists(database: AsyncDatabase[Document], index: Index) -> bool:
    """Return whether there is an index of those fields. Raise `StoreUnusableError` if one should be unique."""
    for name, found in (await _indexes(database, index.collection)).items():
        if tuple(found["key"]) == index.fields:
            if index.unique and not found.get("unique"):
                raise StoreUnusableError(
                    f"the index {name} of {database.name}.{index.collection} is not unique: drop it, and the next"
                    " start makes one that is"
                )
            return True
    return False


async def _drop_one_a_millisecond(database: AsyncDatabase[Document]) -> None:
    for name, found in (await _indexes(database, "messages")).items():
        if found.get("unique") and {field for field, _ in found["key"]} == _ONE_A_MILLISECOND:
            log.warning("dropping the index %s of %s.messages: it loses messages", name, database.name)
            try:
                await database["messages"].drop_index(name)
            except OperationFailure as error:
                if error.code != _INDEX_NOT_FOUND:  # another server was faster
                    raise


async def _indexes(database: AsyncDatabase[Document], collection: str) -> Mapping[str, Mapping[str, Any]]:
    return await database[collection].index_information()


@contextlib.contextmanager
def _explained(database: AsyncDatabase[Document]) -> Generator[None]:
    """Raise what the driver raises as what an operator can act on."""
    try:
        yield
    except ConfigurationError as error:
        raise StoreUnusableError(f"MongoDB cannot be used: {error}") from error
    except OperationFailure as error:
        if error.code == _AUTHENTICATION_FAILED:
            raise StoreUnusableError(
                "MongoDB refuses the user or the password of its URL: correct them, or name the database that the"
                " user is defined in with ?authSource="
            ) from error
        if error.code == _UNAUTHORIZED:
            raise StoreUnusableError(
                f"MongoDB wants a user and a password in its URL, of a user with the role readWrite on the database"
                f" {database.name}"
            ) from error
        if error.code == _DUPLICATE_KEY:
            raise StoreUnusableError(
                f"several users of {database.name}.users have one e-mail: give each an e-mail of their own"
            ) from error
        reason = (error.details or {}).get("errmsg", error)
        raise Unavailable(f"MongoDB at {_servers(database)} refuses: {reason}") from error
    except PyMongoError as error:
        raise Unavailable(f"MongoDB at {_servers(database)} does not answer") from error


def _servers(database: AsyncDatabase[Document]) -> str:
    return ", ".join(f"{host}:{port}" for host, port in database.client.topology_description.server_descriptions())
