"""How the MongoDB store keeps what is said in rooms: its shapes, its requests, and what a failure half way leaves."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from pymongo.database import Database
from pymongo.errors import AutoReconnect, DocumentTooLarge

from app.domain.errors import Conflict, NotFound, NotSent, Unavailable
from app.store import mongo_queries, mongo_rooms
from app.store.base import NewExchange, Room
from app.store.mongo import MongoStore
from app.store.mongo_documents import Document
from app.store.mongo_rooms import Sayings
from tests.store.mongo_requests import Requests
from tests.store.records import exchange, room

EPOCH = "1a1fa81b5540000047aaaaaa"


@pytest.fixture
async def store(mongo: MongoStore) -> AsyncIterator[MongoStore]:
    """Return an empty store, open."""
    await mongo.open()
    yield mongo
    await mongo.close()


@pytest.fixture
async def open_room(store: MongoStore) -> Room:
    new = room("3XX")
    await store.open_room(new)
    return new


# documents


async def test_a_room_and_what_is_said_in_it_are_plain_documents(store: MongoStore, raw: Database[Document]):
    """A room is known by its id, and what is said by opening and order, so that both read well in a shell."""
    await store.open_room(Room("3XX", EPOCH, "Dhoni", 1_649_021_011_964))
    new = NewExchange("1a1fa81b5540000147aaaaaa", "Kohli", "hello", 1_649_021_011_965, '{"socketId": "x"}')
    await store.say(Room("3XX", EPOCH, "Dhoni", 1_649_021_011_964), new)
    assert raw["rooms"].find_one() == {
        "_id": "3XX",
        "epoch": EPOCH,
        "createdBy": "Dhoni",
        "createdDate": datetime(2022, 4, 3, 21, 23, 31, 964_000, UTC),
    }
    assert raw["exchanges"].find_one() == {
        "_id": f"{EPOCH}:0000000001",
        "exchangeId": new.id,
        "username": "Kohli",
        "content": "hello",
        "createdAt": datetime(2022, 4, 3, 21, 23, 31, 965_000, UTC),
        "more": '{"socketId": "x"}',
    }


async def test_a_room_is_closed_by_the_last_of_what_is_said(
    store: MongoStore, open_room: Room, raw: Database[Document]
):
    """The end takes the order behind the last, where nobody can write any more."""
    await store.say(open_room, exchange())
    await store.close_room("3XX")
    assert raw["rooms"].count_documents({}) == 0
    epoch = open_room.epoch
    end = {"_id": f"{epoch}:0000000002", "exchangeId": epoch, "closed": True}
    assert list(raw["exchanges"].find().sort("_id"))[1:] == [end]


# requests


async def test_what_is_said_at_once_shares_writes(store: MongoStore, open_room: Room):
    """50 callers at once are at most two writes."""
    await asyncio.gather(*(store.say(open_room, exchange()) for _ in range(50)))
    assert store.operations == 50
    assert store.commits <= 2


async def test_what_is_said_in_a_room_of_known_order_is_one_request(
    store: MongoStore, open_room: Room, watched: mongo_queries.Database, requests: Requests
):
    """The first time its last order is read; from then on the insertion is all, of many in their order."""
    say = Sayings(watched)
    assert await say([(open_room, exchange())]) == [1]
    assert requests.names == ["find", "find", "insert"]
    news = [exchange() for _ in range(3)]
    assert await say([(open_room, new) for new in news]) == [2, 3, 4]
    assert requests.names[3:] == ["insert"]
    _, insert = requests.made[-1]
    assert insert["ordered"] is True
    assert [document["exchangeId"] for document in insert["documents"]] == [new.id for new in news]


async def test_an_order_that_another_server_has_is_read_again(
    store: MongoStore, open_room: Room, watched: mongo_queries.Database, requests: Requests
):
    """Where another server was faster, two reads and one insertion more put it behind that."""
    say = Sayings(watched)
    await say([(open_room, exchange())])
    await store.say(open_room, exchange())
    requests.made.clear()
    assert await say([(open_room, exchange()), (open_room, exchange())]) == [3, 4]
    assert requests.names == ["insert", "find", "find", "insert"]


async def test_many_rooms_are_written_at_once(store: MongoStore, watched: mongo_queries.Database, requests: Requests):
    """Each room is a request of its own, and none waits for the answer to another's."""
    rooms = [room(f"room {i}") for i in range(5)]
    for new in rooms:
        await store.open_room(new)
    say = Sayings(watched)
    await say([(new, exchange()) for new in rooms])
    requests.made.clear()
    assert await say([(new, exchange()) for new in (*rooms, *rooms)]) == [2] * 5 + [3] * 5
    assert requests.names == ["insert"] * 5


@pytest.mark.parametrize("count", [*range(10), 31, 32, 33])
async def test_what_was_said_is_counted_by_few_keys(
    store: MongoStore,
    open_room: Room,
    watched: mongo_queries.Database,
    requests: Requests,
    count: int,
    monkeypatch: pytest.MonkeyPatch,
):
    """However much it is, and whether the room is closed meanwhile, few orders are looked up to know the last."""
    await asyncio.gather(*(store.say(open_room, exchange()) for _ in range(count)))
    assert await mongo_rooms.rooms(watched, 10) == [(open_room, count)]
    assert len(requests.made) <= 3 + 2 * count.bit_length()

    async def closed_meanwhile(*_: object) -> set[str]:
        await Sayings(watched)([(open_room, None)])
        return set()

    monkeypatch.setattr(mongo_rooms, "_ended", closed_meanwhile)
    assert await mongo_rooms.rooms(watched, 10) == [(open_room, count)]


# failures


async def test_a_write_of_which_half_was_done_is_completed_by_a_repeat(
    store: MongoStore, open_room: Room, watched: mongo_queries.Database
):
    """What had been stored keeps its order, the rest is put behind it: none twice, none missing."""
    news = [exchange(str(i)) for i in range(6)]
    await Sayings(watched)([(open_room, new) for new in news[:3]])
    assert await asyncio.gather(*(store.say(open_room, new) for new in news)) == [1, 2, 3, 4, 5, 6]
    said = await store.exchanges(open_room.epoch, 1, None, 99)
    assert [(one.order, one.content) for one in said] == [(i + 1, str(i)) for i in range(6)]


async def test_a_failure_in_one_room_waits_for_the_others(
    store: MongoStore, open_room: Room, watched: mongo_queries.Database, monkeypatch: pytest.MonkeyPatch
):
    """The group fails as one, after all that was under way is done: nobody is told of it, and a repeat tells."""
    other = room("4XX")
    await store.open_room(other)
    say = Sayings(watched)
    insert = Sayings._insert

    async def fail_first(self: Sayings, epoch: str, order: int, waiting: dict[str, NewExchange | None]) -> int:
        if epoch == open_room.epoch:
            raise AutoReconnect("gone")
        await asyncio.sleep(0.05)
        return await insert(self, epoch, order, waiting)

    new = exchange()
    with monkeypatch.context() as patch:
        patch.setattr(Sayings, "_insert", fail_first)
        with pytest.raises(AutoReconnect):
            await say([(open_room, exchange()), (other, new)])
    assert await store.said([new.id]) == {new.id: 1}
    assert await say([(open_room, exchange()), (other, new), (other, exchange())]) == [1, 1, 2]


async def test_a_room_that_was_closed_half_way_is_closed(
    store: MongoStore, open_room: Room, watched: mongo_queries.Database
):
    """Its end is written and it is not removed: it is known no more, and its id may be taken."""
    await Sayings(watched)([(open_room, None)])
    with pytest.raises(NotFound):
        await store.say(open_room, exchange())
    assert await store.room("3XX") is None
    assert await store.rooms(10) == []
    anew = room("3XX")
    await store.open_room(anew)
    with pytest.raises(Conflict):
        await store.open_room(room("3XX"))
    assert await store.room("3XX") == anew
    assert await store.say(anew, exchange()) == 1


async def test_a_room_that_was_closed_half_way_is_told_of_by_a_repeat(
    store: MongoStore, open_room: Room, watched: mongo_queries.Database
):
    """The first call had an error: the second returns the room, and a third finds none."""
    await Sayings(watched)([(open_room, None)])
    assert await store.close_room("3XX") == open_room
    assert await store.close_room("3XX") is None


async def test_who_closes_a_room_half_way_is_not_told_that_nothing_was_done(
    store: MongoStore, open_room: Room, monkeypatch: pytest.MonkeyPatch
):
    """Where the engine gives no sign of life any more once the end is written."""

    async def refuse(*_: object) -> bool:
        raise NotSent

    monkeypatch.setattr(mongo_rooms, "remove_room", refuse)
    with pytest.raises(Unavailable) as caught:
        await store.close_room("3XX")
    assert not isinstance(caught.value, NotSent)
    assert await store.room("3XX") is None


async def test_what_is_said_while_a_room_is_closed_comes_before_its_end_or_not_at_all(
    store: MongoStore, open_room: Room, watched: mongo_queries.Database
):
    """In one group the end is the last, whoever called first."""
    say = Sayings(watched)
    assert await say([(open_room, exchange()), (open_room, None), (open_room, exchange())]) == [1, 3, 2]
    [refused] = await say([(open_room, exchange())])
    assert isinstance(refused, NotFound)
    assert [one.order for one in await store.exchanges(open_room.epoch, 1, None, 9)] == [1, 2]


async def test_what_cannot_be_stored_fails_alone(store: MongoStore, open_room: Room):
    """It reaches its caller as it is, from among others that are stored, each once."""
    bad, large = exchange("\ud800"), exchange("x" * 16 * 1024 * 1024)
    news = [exchange("1"), bad, exchange("2"), large, exchange("3")]
    results = await asyncio.gather(*(store.say(open_room, new) for new in news), return_exceptions=True)
    assert results[::2] == [1, 2, 3]
    assert [type(result) for result in results[1::2]] == [UnicodeEncodeError, DocumentTooLarge]
    assert [one.content for one in await store.exchanges(open_room.epoch, 1, None, 9)] == ["1", "2", "3"]
