"""What the MongoDB store guarantees beyond the contract: the shapes it stores, and how few requests it makes."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from bson import ObjectId
from bson.errors import InvalidId
from pymongo.database import Database
from pymongo.errors import DocumentTooLarge

from app.domain.errors import Conflict
from app.store import mongo_queries
from app.store.base import Message, NewMessage, User
from app.store.mongo import MongoStore
from app.store.mongo_documents import Document
from tests.store.mongo_requests import Requests
from tests.store.records import ANAKIN, HAN, LEIA, MAILBOX, OBI, add_friends, add_users, message, stored, uid, user


@pytest.fixture
async def store(mongo: MongoStore) -> AsyncIterator[MongoStore]:
    """Return an empty store, open."""
    await mongo.open()
    yield mongo
    await mongo.close()


# documents


async def test_a_user_is_stored_in_the_shape_of_the_original(store: MongoStore, raw: Database[Document]):
    """A user is what tools for the original expect: object ids, a date, and nothing more."""
    await store.add_user(User(HAN, "Han@mail.com", "$2b$12$hash", "Han", "Solo", (OBI, LEIA), 1_649_021_011_964))
    assert raw["users"].find_one() == {
        "_id": ObjectId(HAN),
        "email": "han@mail.com",
        "password": "$2b$12$hash",
        "name": "Han",
        "surname": "Solo",
        "friends": [ObjectId(OBI), ObjectId(LEIA)],
        "lastSeen": datetime(2022, 4, 3, 21, 23, 31, 964_000, UTC),
    }


async def test_a_message_is_stored_in_the_shape_of_the_original(store: MongoStore, raw: Database[Document]):
    """A message has the fields of the original; its mailbox, members and those who have not confirmed it are ours."""
    new = NewMessage("1a1fa81b5540000047aaaaaa", MAILBOX, HAN, "hello", 1_649_021_011_964, (OBI, LEIA))
    await store.append(new)
    await store.confirm(OBI, [new.id])
    assert raw["messages"].find_one() == {
        "_id": new.id,
        "sender": ObjectId(HAN),
        "message": "hello",
        "createdAt": datetime(2022, 4, 3, 21, 23, 31, 964_000, UTC),
        "mailbox": MAILBOX,
        "members": [HAN, OBI, LEIA],
        "pending": [LEIA],
        "to": [OBI, LEIA],
    }


async def test_a_member_is_one_once(store: MongoStore, raw: Database[Document]):
    """A sender among the recipients is listed once, so that an index has one entry for them."""
    await store.append(message(HAN, HAN, OBI))
    assert raw["messages"].find_one({}, {"members": 1, "pending": 1, "_id": 0}) == {
        "members": [HAN, OBI],
        "pending": [HAN, OBI],
    }


async def test_a_message_of_no_user_has_no_sender(store: MongoStore, raw: Database[Document]):
    """`sender` is null, and none of the members is nobody."""
    await store.append(message("", OBI))
    assert raw["messages"].find_one({}, {"sender": 1, "members": 1, "_id": 0}) == {"sender": None, "members": [OBI]}


async def test_a_friendship_is_object_ids_of_both(store: MongoStore, raw: Database[Document]):
    """`befriend` and `touch` keep the shape of a user."""
    await add_friends(store, HAN, OBI)
    await store.touch(HAN, 2_000)
    found = raw["users"].find_one({"_id": ObjectId(HAN)}, {"friends": 1, "lastSeen": 1, "_id": 0})
    assert found == {"friends": [ObjectId(OBI)], "lastSeen": datetime(1970, 1, 1, 0, 0, 2, 0, UTC)}


async def test_users_of_the_original_are_read(store: MongoStore, raw: Database[Document]):
    """A user that another program stored is found, with fields that are ours to ignore and without some of ours."""
    raw["users"].insert_one(
        {"_id": ObjectId(HAN), "email": "han@mail.com", "password": "x", "name": "Han", "surname": "Solo", "__v": 0}
    )
    assert await store.user_by_email("han@mail.com") == User(HAN, "han@mail.com", "x", "Han", "Solo", (), 0)
    await add_users(store, OBI)
    assert await store.befriend(OBI, HAN) is True
    assert await store.append(message(HAN, to_friends=True)) == (OBI,)


ODD: list[Any] = [None, 5, {"a": 1}, ["x"], "x"]


async def test_odd_users_are_read_as_far_as_they_can_be(
    store: MongoStore, raw: Database[Document], caplog: pytest.LogCaptureFixture
):
    """Whatever another program has left in one user's document, the others who are asked for with it are found."""
    await add_users(store, HAN, OBI)
    raw["users"].update_one({"_id": ObjectId(HAN)}, {"$unset": {"surname": "", "password": ""}})
    for _ in range(2):
        found = await store.users([HAN, OBI])
        assert (found[HAN].surname, found[HAN].password, found[OBI]) == ("", "", user(OBI))
    assert [record.getMessage().count(HAN) for record in caplog.records] == [1]
    for odd in ODD:
        fields = ("name", "surname", "password", "lastSeen", "friends")
        raw["users"].update_one({"_id": ObjectId(HAN)}, {"$set": dict.fromkeys(fields, odd)})
        assert set(await store.users([HAN, OBI])) == {HAN, OBI}
        assert await store.append(message(OBI, HAN)) == (HAN,)


async def test_a_message_to_friends_names_nobody_and_is_not_odd(store: MongoStore, caplog: pytest.LogCaptureFixture):
    """What is owed after a gap is read without a word."""
    await add_friends(store, HAN, OBI)
    new = message(HAN, to_friends=True)
    await store.append(new)
    owed = await store.owed(MAILBOX, [HAN, OBI], "", 10)
    assert [(one.message, one.pending) for one in owed] == [(stored(new), frozenset({OBI}))]
    assert caplog.records == []


async def test_odd_messages_are_read_as_far_as_they_can_be(
    store: MongoStore, raw: Database[Document], caplog: pytest.LogCaptureFixture
):
    """A message that lacks fields is an empty one, and nobody lacks another for it."""
    new = message(HAN, OBI)
    await store.append(new)
    raw["messages"].insert_one({"_id": "f" * 24, "mailbox": MAILBOX, "pending": [OBI]})
    raw["messages"].insert_one({"_id": ObjectId(), "mailbox": MAILBOX, "pending": [OBI], "members": [OBI]})
    empty = Message("f" * 24, MAILBOX, "", "", 0)
    for _ in range(2):
        assert await store.pending(MAILBOX, OBI, 10) == [empty, stored(new)]
        owed = await store.owed(MAILBOX, [OBI, LEIA], "", 10)
        assert [one.message for one in owed] == [empty, stored(new)]
    assert [len(record.getMessage()) < 200 for record in caplog.records] == [True, True]
    for odd in ODD:
        fields = ("sender", "message", "createdAt", "members", "to")
        change = {"$set": dict.fromkeys(fields, odd) | {"pending": OBI}}
        raw["messages"].update_one({"_id": "f" * 24}, change)
        assert stored(new) in await store.pending(MAILBOX, OBI, 10)
        assert stored(new) in [one.message for one in await store.owed(MAILBOX, [OBI, LEIA], "", 10)]
        assert stored(new) in await store.history(MAILBOX, OBI, None, 10)


@pytest.mark.parametrize("instant", [-1, 0, 2**40, 253_402_300_800_000])
async def test_an_instant_of_any_year_is_kept_to_the_millisecond(store: MongoStore, instant: int):
    """Instants before 1970 and after 9999 are stored too."""
    new = replace(message(HAN, OBI), created_at=instant)
    await store.append(new)
    assert await store.pending(MAILBOX, OBI, 1) == [stored(new)]


async def test_what_has_no_place_in_the_shape_is_not_stored(store: MongoStore):
    """A user whose id is not 24 hex digits is a mistake of the caller's, and so is such a sender."""
    with pytest.raises(InvalidId):
        await store.add_user(user("nobody"))
    with pytest.raises(InvalidId):
        await store.append(message("nobody", OBI))
    assert await store.pending(MAILBOX, OBI, 1) == []


# grouped writes


async def test_concurrent_appends_share_writes(store: MongoStore):
    """50 appends at once are at most two writes."""
    await asyncio.gather(*(store.append(message(HAN, OBI)) for _ in range(50)))
    assert store.operations == 50
    assert store.commits <= 2


async def test_sequential_appends_have_a_write_each(store: MongoStore):
    """An append alone is written at once: nothing waits for company."""
    for _ in range(5):
        await store.append(message(HAN, OBI))
    assert (store.commits, store.operations) == (5, 5)


async def test_concurrent_confirmations_and_times_share_writes(store: MongoStore):
    """Confirmations and times are grouped as appends are, apart from each other."""
    names = [uid(f"user{i}") for i in range(50)]
    new = message(HAN, *names)
    await store.append(new)
    await asyncio.gather(*(store.confirm(name, [new.id]) for name in names), *(store.touch(name, 1) for name in names))
    assert store.operations == 101
    assert store.commits <= 5
    assert [await store.pending(MAILBOX, name, 1) for name in names] == [[]] * 50


async def test_reads_are_no_writes(store: MongoStore):
    """The counters count grouped writes alone."""
    await store.ping()
    await store.pending(MAILBOX, OBI, 10)
    await add_friends(store, HAN, OBI)
    assert (store.commits, store.operations) == (0, 0)


async def test_a_programming_error_is_the_callers_own(store: MongoStore):
    """What cannot be stored reaches its caller as it is, from among calls that are stored."""
    good, last = message(HAN, OBI), message(HAN, OBI)
    bad, large = message(HAN, OBI, text="\ud800"), message(HAN, OBI, text="x" * 16 * 1024 * 1024)
    results = await asyncio.gather(*map(store.append, (good, bad, large, last)), return_exceptions=True)
    assert results[::3] == [(OBI,), (OBI,)]
    assert [type(result) for result in results[1:3]] == [UnicodeEncodeError, DocumentTooLarge]
    await asyncio.gather(store.confirm("\ud800", [good.id]), store.confirm(OBI, [good.id]), return_exceptions=True)
    assert await store.pending(MAILBOX, OBI, 10) == [stored(last)]


async def test_a_cancelled_caller_takes_nothing_back(store: MongoStore, raw: Database[Document]):
    """What a caller who is cancelled had called is done: an append, and a friendship for both."""
    await add_users(store, HAN, OBI)
    new = message(HAN, OBI)
    calls = [asyncio.ensure_future(call) for call in (store.append(new), store.befriend(HAN, OBI))]
    await asyncio.sleep(0)  # each task runs up to its call
    for call in calls:
        call.cancel()
    await asyncio.wait(calls)
    await store.close()
    assert raw["messages"].count_documents({"_id": new.id}) == 1
    assert raw["users"].count_documents({"friends": {"$in": [ObjectId(HAN), ObjectId(OBI)]}}) == 2


# requests


async def test_a_group_of_appends_is_two_requests(
    store: MongoStore, watched: mongo_queries.Database, requests: Requests
):
    """The friends of all senders are read by one request, and the messages inserted by another, in order."""
    await add_friends(store, HAN, OBI, LEIA)
    news = [message(HAN, to_friends=True), message(OBI, to_friends=True), message(LEIA, ANAKIN)]
    assert await mongo_queries.append(watched, news) == [(OBI, LEIA), (HAN,), (ANAKIN,)]
    assert requests.names == ["find", "insert"]
    [(_, insert)] = requests.made[1:]
    assert insert["ordered"] is True
    assert [document["_id"] for document in insert["documents"]] == [new.id for new in news]


async def test_requests_are_counted(store: MongoStore):
    """Those of a group once, however many calls it has."""
    before = store.requests
    await asyncio.gather(*(store.append(message(HAN, OBI)) for _ in range(20)))
    appended = store.requests - before
    await store.ping()
    assert 1 <= appended < 20
    assert store.requests == before + appended + 1


async def test_appends_to_named_recipients_read_nothing(watched: mongo_queries.Database, requests: Requests):
    """Where every message names its recipients the insertion is the only request; with none at all there is none."""
    assert await mongo_queries.append(watched, [message(HAN), message(HAN)]) == [(), ()]
    assert await mongo_queries.append(watched, [message(HAN, OBI), message(HAN), message(HAN, LEIA)])
    assert requests.names == ["insert"]


async def test_an_id_that_is_taken_is_one_request_more(watched: mongo_queries.Database, requests: Requests):
    """The insertion goes on behind the message whose id is taken."""
    news = [message(HAN, OBI) for _ in range(5)]
    await mongo_queries.append(watched, [news[2]])
    outcomes = await mongo_queries.append(watched, news)
    assert [isinstance(outcome, Conflict) for outcome in outcomes] == [False, False, True, False, False]
    assert requests.names == ["insert"] * 3


async def test_a_group_of_confirmations_is_one_request(watched: mongo_queries.Database, requests: Requests):
    """With an update for each message, of all users who confirm it."""
    first, second, third = (message(HAN, OBI, LEIA, ANAKIN) for _ in range(3))
    await mongo_queries.append(watched, [first, second, third])
    requests.made.clear()
    confirmed = [(OBI, [first.id, second.id]), (LEIA, [second.id]), (LEIA, [first.id]), (ANAKIN, [third.id])]
    assert await mongo_queries.confirm(watched, confirmed) == [None] * 4
    [(name, request)] = requests.made
    assert (name, request["ordered"]) == ("update", False)
    updates = {one["q"]["_id"]: set(one["u"]["$pullAll"]["pending"]) for one in request["updates"]}
    assert updates == {first.id: {OBI, LEIA}, second.id: {OBI, LEIA}, third.id: {ANAKIN}}


async def test_a_long_list_that_is_confirmed_is_one_update(watched: mongo_queries.Database, requests: Requests):
    """As a client does that comes back to many messages."""
    messages = [message(HAN, OBI) for _ in range(100)]
    await mongo_queries.append(watched, messages)
    requests.made.clear()
    await mongo_queries.confirm(watched, [(OBI, [one.id for one in messages])])
    [(_, request)] = requests.made
    assert [set(one["q"]["_id"]["$in"]) for one in request["updates"]] == [{one.id for one in messages}]


async def test_times_of_one_user_are_one_update(watched: mongo_queries.Database, requests: Requests):
    """Of many times of one user in a group the latest alone is sent."""
    await mongo_queries.touch(watched, [(HAN, 3), (OBI, 1), (HAN, 2)])
    [(_, request)] = requests.made
    assert [(one["q"]["_id"], int(one["u"]["$max"]["lastSeen"])) for one in request["updates"]] == [
        (ObjectId(HAN), 3),
        (ObjectId(OBI), 1),
    ]


@pytest.mark.parametrize("limit", [1, 150])
async def test_a_page_is_one_request(watched: mongo_queries.Database, requests: Requests, limit: int):
    """However long, a list of messages comes in one answer."""
    await mongo_queries.append(watched, [message(HAN, OBI) for _ in range(200)])
    requests.made.clear()
    assert len(await mongo_queries.pending(watched, MAILBOX, OBI, limit)) == limit
    assert len(await mongo_queries.history(watched, MAILBOX, HAN, "f" * 24, limit, None)) == limit
    assert requests.names == ["find", "find"]
