"""The adapters that the store's contract suite runs over: to add one, add its fixture and its name in `ADAPTERS`."""

import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pymongo
import pytest
from pymongo.database import Database

from app.store.base import Store
from app.store.mongo import MongoStore
from app.store.mongo_documents import CODEC, Document
from app.store.mongo_queries import Database as Watched
from app.store.sqlite import SQLiteStore
from tests.store.mongo_requests import Requests

ADAPTERS = ("sqlite", "sqlite_memory", "mongo")


@pytest.fixture
def sqlite(tmp_path: Path) -> Store:
    """Return a store in a file."""
    return SQLiteStore(tmp_path / "parley.db")


@pytest.fixture
def sqlite_memory() -> Store:
    """Return a store in memory."""
    return SQLiteStore(None)


@pytest.fixture
def mongo_database(mongo_url: str) -> Iterator[str]:
    """Return the name of a database that does not exist, and drop it at the end."""
    name = f"parley-{secrets.token_hex(8)}"
    yield name
    client: pymongo.MongoClient[Document]
    with pymongo.MongoClient(mongo_url) as client:
        client.drop_database(name)


@pytest.fixture
def raw(mongo_url: str, mongo_database: str) -> Iterator[Database[Document]]:
    """Return the database as any other program sees it."""
    client: pymongo.MongoClient[Document]
    with pymongo.MongoClient(mongo_url, tz_aware=True) as client:
        yield client[mongo_database]


@pytest.fixture
def mongo(mongo_url: str, mongo_database: str) -> Store:
    """Return a store in a database of its own."""
    return MongoStore(mongo_url, mongo_database)


@pytest.fixture
def requests() -> Requests:
    """Return the requests that `watched` makes."""
    return Requests()


@pytest.fixture
async def watched(mongo_url: str, mongo_database: str, requests: Requests) -> AsyncIterator[Watched]:
    """Return the database of `mongo`; the requests made of it are kept."""
    client: pymongo.AsyncMongoClient[Document]
    async with pymongo.AsyncMongoClient(mongo_url, event_listeners=[requests]) as client:
        yield client.get_database(mongo_database, codec_options=CODEC)


@pytest.fixture(params=ADAPTERS)
def adapter(request: pytest.FixtureRequest) -> Store:
    """Return an empty store, not open yet."""
    return request.getfixturevalue(request.param)


@pytest.fixture
async def store(adapter: Store) -> AsyncIterator[Store]:
    """Return an empty store, open."""
    await adapter.open()
    yield adapter
    await adapter.close()
