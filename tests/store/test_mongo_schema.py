"""How the MongoDB store opens: the indexes that it makes, the collections that it takes over, and what it refuses."""

import asyncio
import traceback
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from bson import ObjectId
from pymongo.database import Database
from pymongo.errors import ConfigurationError, OperationFailure

from app.domain.errors import Unavailable
from app.store import mongo_schema
from app.store.base import StoreUnusableError
from app.store.mongo import MongoStore
from app.store.mongo_documents import Document
from tests.store.records import HAN, MAILBOX, OBI, message, stored, user

SECRET = "0pen-5esame"


def indexes(raw: Database[Document], collection: str) -> list[tuple[list[tuple[str, int]], bool]]:
    """Return the fields of each index of a collection, and whether it is unique."""
    found: dict[str, Any] = dict(raw[collection].index_information())
    found.pop("_id_")
    return sorted((list(index["key"]), index.get("unique", False)) for index in found.values())


async def refusal(store: MongoStore) -> str:
    """Return why a store does not open, with everything that a log of it would show."""
    with pytest.raises(StoreUnusableError) as refused:
        await store.open()
    shown = "".join(traceback.format_exception(refused.value))
    assert SECRET not in shown
    assert SECRET[:5] not in shown
    with pytest.raises(Unavailable):
        await store.ping()
    await store.close()
    return str(refused.value)


# indexes


async def test_open_makes_the_indexes(mongo: MongoStore, raw: Database[Document]):
    """What must be one's own is unique; each part of a mailbox, and the rooms, are in the order of an index."""
    await mongo.open()
    await mongo.close()
    assert indexes(raw, "users") == [([("email", 1)], True)]
    assert indexes(raw, "messages") == [
        ([("mailbox", 1), ("members", 1), ("_id", -1)], False),
        ([("mailbox", 1), ("pending", 1), ("_id", -1)], False),
        ([("mailbox", 1), ("to", 1), ("sender", 1), ("_id", -1)], False),
    ]
    assert indexes(raw, "rooms") == [([("epoch", -1)], True)]
    assert indexes(raw, "exchanges") == [([("exchangeId", 1)], True)]


async def test_many_servers_open_at_once(mongo_url: str, mongo_database: str, raw: Database[Document]):
    """Servers that start together on an empty database all open, and each sees what another stores."""
    stores = [MongoStore(mongo_url, mongo_database) for _ in range(5)]
    await asyncio.gather(*(store.open() for store in stores))
    new = message(HAN, OBI)
    await stores[0].append(new)
    assert [await store.pending(MAILBOX, OBI, 1) for store in stores] == [[stored(new)]] * 5
    await asyncio.gather(*(store.close() for store in stores))
    assert len(indexes(raw, "messages")) == 3


async def test_a_store_may_be_opened_again(mongo: MongoStore):
    """What was stored is there after `close` and `open`."""
    await mongo.open()
    await mongo.add_user(user(HAN))
    await mongo.close()
    await mongo.open()
    assert await mongo.user(HAN) == user(HAN)
    await mongo.close()


async def test_the_collections_of_the_original_are_taken_over(
    mongo_url: str, mongo_database: str, raw: Database[Document]
):
    """Its index on e-mails serves, whatever its name; that on (sender, createdAt) goes; its documents stay."""
    raw["users"].create_index([("email", 1)], unique=True, name="emails")
    raw["messages"].create_index([("sender", 1), ("createdAt", -1)], unique=True)
    old = {"_id": ObjectId(), "sender": ObjectId(HAN), "message": "old", "createdAt": datetime(2022, 4, 3, tzinfo=UTC)}
    raw["messages"].insert_one(old)
    stores = [MongoStore(mongo_url, mongo_database) for _ in range(3)]
    await asyncio.gather(*(store.open() for store in stores))
    news = [replace(message(HAN, OBI), created_at=7) for _ in range(20)]
    assert await asyncio.gather(*map(stores[0].append, news)) == [(OBI,)] * 20
    assert len(await stores[1].history(MAILBOX, HAN, None, 50)) == 20
    await asyncio.gather(*(store.close() for store in stores))
    assert raw["messages"].find_one({"_id": old["_id"]}) == old
    assert indexes(raw, "users") == [([("email", 1)], True)]
    assert len(indexes(raw, "messages")) == 3


async def test_an_index_on_emails_that_is_not_unique_is_refused(mongo: MongoStore, raw: Database[Document]):
    """The text names the index and says what to do; without it the store opens."""
    raw["users"].create_index([("email", 1)])
    assert await refusal(mongo) == (
        f"the index email_1 of {raw.name}.users is not unique: drop it, and the next start makes one that is"
    )
    raw["users"].drop_index("email_1")
    await mongo.open()
    await mongo.close()


# what is refused


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mongo.example:port",
        "://mongo.example",
        f"http://user:{SECRET}@mongo.example/",
        f"mongodb://user:{SECRET}/x@mongo.example/",
        f"mongodb://user:{SECRET}?x@mongo.example/",
        f"mongodb://user:12/{SECRET}@mongo.example/",
        f"mongodb://user:12?{SECRET}@mongo.example/",
        f"mongodb://user:12#{SECRET}@mongo.example/",
        f"mongodb://[{SECRET}@mongo.example/",
        f"mongodb://user:{SECRET}@x@mongo.example/",
        f"mongodb://user:{SECRET}%zz@mongo.example/",
        f"mongodb://user:1?{SECRET}=1@mongo.example/",
        "mongodb://mongo.example:99999/",
        "mongodb://mongo.example/?retries=7",
        "mongodb://mongo.example/?tls=perhaps",
    ],
)
async def test_a_url_that_cannot_be_one_is_refused(url: str):
    """What PyMongo cannot read, and options that it does not know, are refused without a word of the URL."""
    assert (await refusal(MongoStore(url, "parley"))).startswith("the MongoDB URL cannot be used: it has to be mongodb")


@pytest.mark.parametrize("name", ["", "a/b", "a b", "$a", "a.b"])
async def test_a_name_that_cannot_be_one_is_refused(mongo_url: str, name: str):
    """The text names the name."""
    assert (await refusal(MongoStore(mongo_url, name))).startswith(f"{name!r} cannot be the name of a MongoDB database")


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (OperationFailure("Authentication failed.", 18), "MongoDB refuses the user or the password of its URL"),
        (OperationFailure("command listIndexes requires authentication", 13), "the role readWrite on the database"),
        (OperationFailure("E11000 duplicate key error", 11000), "several users of"),
        (ConfigurationError("wire version 5, PyMongo requires 8"), "MongoDB cannot be used: wire version 5"),
    ],
    ids=["authentication", "authorization", "emails", "version"],
)
async def test_what_an_operator_must_change_is_said(
    mongo_url: str, mongo_database: str, monkeypatch: pytest.MonkeyPatch, error: Exception, text: str
):
    """A server that refuses the user, is too old, or has users of one e-mail, ends the start with a sentence on it."""

    async def refuse(*_: object) -> None:
        raise error

    monkeypatch.setattr(mongo_schema, "_indexes", refuse)
    assert text in await refusal(MongoStore(mongo_url, mongo_database))


async def test_a_server_that_refuses_for_now_is_unavailable(mongo: MongoStore, monkeypatch: pytest.MonkeyPatch):
    """A server that is starting, or has no primary, may do better later: its own words are in the text."""

    async def refuse(*_: object) -> None:
        raise OperationFailure("not primary", 10107, {"errmsg": "not primary"})

    monkeypatch.setattr(mongo_schema, "_indexes", refuse)
    with pytest.raises(Unavailable, match=r"^MongoDB at \S+:\d+ refuses: not primary$"):
        await mongo.open()
