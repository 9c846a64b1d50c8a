"""What every adapter of `app.store.base.Store` guarantees of rooms and of the order in them."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.domain.errors import Conflict, NotFound
from app.store.base import Exchange, NewExchange, Room, Store
from app.store.mongo import MongoStore
from app.store.sqlite import SQLiteStore
from tests.store.records import exchange, room
from tests.waiting import until

STRANGE = ["3XX", "a:b", "a*b?[c]", " ", "a b", "$a.b", "\N{GRINNING FACE}", "a\x00b", "x" * 1000]


@pytest.fixture
def sqlite_pair(tmp_path: Path) -> tuple[Store, Store]:
    """Return two stores of one file."""
    path = tmp_path / "parley.db"
    return SQLiteStore(path), SQLiteStore(path, exclusive=False)


@pytest.fixture
def mongo_pair(mongo_url: str, mongo_database: str) -> tuple[Store, Store]:
    """Return two stores of one database."""
    return MongoStore(mongo_url, mongo_database), MongoStore(mongo_url, mongo_database)


@pytest.fixture(params=["sqlite_pair", "mongo_pair"])
async def pair(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Store, Store]]:
    """Return two stores of the same data, open: two servers."""
    stores: tuple[Store, Store] = request.getfixturevalue(request.param)
    for store in stores:
        await store.open()
    yield stores
    for store in stores:
        await store.close()


def stored(order: int, new: NewExchange) -> Exchange:
    """Return what was said as it is read back."""
    return Exchange(order, new.username, new.content, new.created_at, new.more)


async def opened(store: Store, room_id: str = "3XX") -> Room:
    new = room(room_id)
    await store.open_room(new)
    return new


# rooms


@pytest.mark.parametrize("room_id", STRANGE)
async def test_an_open_room_is_known_by_its_id(store: Store, room_id: str):
    """`open_room` stores a room whose id may be any text, and says nothing in it."""
    assert await store.room(room_id) is None
    new = await opened(store, room_id)
    assert await store.room(room_id) == new
    assert await store.room(f"{room_id}x") is None
    assert await store.exchanges(new.epoch, 1, None, 10) == []


async def test_an_id_belongs_to_one_open_room(store: Store):
    """`open_room` raises `Conflict` for an id that is taken, and the first room is what it was."""
    first = await opened(store)
    for again in (first, room("3XX", creator="Kohli")):
        with pytest.raises(Conflict, match="Room with '3XX' already exists"):
            await store.open_room(again)
    assert await store.room("3XX") == first


async def test_one_of_many_who_open_a_room_opens_it(store: Store):
    """Of 20 calls at once for one id one succeeds, and the room is that one's."""
    news = [room("3XX") for _ in range(20)]
    results = await asyncio.gather(*map(store.open_room, news), return_exceptions=True)
    assert sum(isinstance(result, Conflict) for result in results) == 19
    assert await store.room("3XX") == news[results.index(None)]


async def test_a_closed_room_is_unknown(store: Store):
    """`close_room` returns the room that it closed; then there is none of that id to be read or closed."""
    new = await opened(store)
    other = await opened(store, "4XX")
    assert await store.close_room("3XX") == new
    assert await store.room("3XX") is None
    assert await store.close_room("3XX") is None
    assert await store.close_room("5XX") is None
    assert await store.room("4XX") == other


async def test_one_of_many_who_close_a_room_is_told_of_it(store: Store):
    """Of 20 calls at once one returns the room, the others None."""
    new = await opened(store)
    results = await asyncio.gather(*(store.close_room("3XX") for _ in range(20)))
    assert sorted(results, key=str) == [None] * 19 + [new]


async def test_a_room_that_was_closed_starts_anew(store: Store):
    """An id may be opened again: nothing was said in the new room, and orders begin at 1."""
    old = await opened(store)
    said = exchange("before")
    await store.say(old, said)
    await store.close_room("3XX")
    new = await opened(store)
    assert await store.exchanges(new.epoch, 1, None, 10) == []
    again = exchange("after")
    assert await store.say(new, again) == 1
    assert await store.exchanges(new.epoch, 1, None, 10) == [stored(1, again)]
    assert await store.exchanges(old.epoch, 1, None, 10) == [stored(1, said)]


async def test_open_rooms_are_listed_newest_first(store: Store):
    """`rooms` has the newest that are open, at most so many, with how much was said in each."""
    one, two, three, four = [await opened(store, room_id) for room_id in ("one", "two", "three", "four")]
    for said, into in enumerate((one, two, three, four)):
        for _ in range(said):
            await store.say(into, exchange())
    await store.close_room("three")
    assert await store.rooms(10) == [(four, 3), (two, 1), (one, 0)]
    assert await store.rooms(2) == [(four, 3), (two, 1)]
    assert await store.rooms(0) == []


# what is said


async def test_what_is_said_is_read_by_its_order(store: Store):
    """`say` returns 1, 2, 3, ...; `exchanges` has a range of it, both ends included, oldest first."""
    new = await opened(store)
    said = [exchange(f"message {i}") for i in range(5)]
    assert [await store.say(new, one) for one in said] == [1, 2, 3, 4, 5]
    everything = [stored(i, one) for i, one in enumerate(said, 1)]
    assert await store.exchanges(new.epoch, 1, None, 10) == everything
    assert await store.exchanges(new.epoch, 2, 4, 10) == everything[1:4]
    assert await store.exchanges(new.epoch, 4, 99, 10) == everything[3:]
    assert await store.exchanges(new.epoch, 0, 10**18, 10) == everything
    for nothing in ((6, None, 10), (3, 2, 10), (1, None, 0), (1, 0, 10), (10**18, None, 10)):
        assert await store.exchanges(new.epoch, *nothing) == []


async def test_of_more_than_the_limit_the_oldest_or_the_newest_are_read(store: Store):
    """A limit leaves the end out, or with `newest` the beginning; the order is the same."""
    new = await opened(store)
    said = [stored(i, one) for i in range(1, 6) if await store.say(new, one := exchange(str(i)))]
    assert await store.exchanges(new.epoch, 1, None, 2) == said[:2]
    assert await store.exchanges(new.epoch, 2, None, 2) == said[1:3]
    assert await store.exchanges(new.epoch, 1, None, 2, newest=True) == said[3:]
    assert await store.exchanges(new.epoch, 1, 4, 2, newest=True) == said[2:4]


@pytest.mark.parametrize("text", ["", "\x00", "$set", "\N{GRINNING FACE}" * 2000, '{"a": 1}'])
async def test_what_is_said_is_kept_as_it_is(store: Store, text: str):
    """User names, contents and the rest may be any text; instants have any year."""
    new = await opened(store)
    said = NewExchange(exchange().id, text, text, 253_402_300_800_000, text)
    await store.say(new, said)
    assert await store.exchanges(new.epoch, 1, None, 1) == [stored(1, said)]


async def test_rooms_are_counted_apart(store: Store):
    """Each room has orders of its own, also where their ids begin alike and all are written at once."""
    rooms = [await opened(store, room_id) for room_id in ("a", "ab", "b")]
    orders = await asyncio.gather(*(store.say(rooms[i % 3], exchange()) for i in range(30)))
    for i, new in enumerate(rooms):
        assert orders[i::3] == list(range(1, 11))
        assert [one.order for one in await store.exchanges(new.epoch, 1, None, 99)] == list(range(1, 11))


async def test_what_is_said_again_is_not_stored_again(store: Store):
    """A repeat has the order of the first time, also among others, and where the room is closed by then."""
    new = await opened(store)
    said = [exchange(str(i)) for i in range(5)]
    await asyncio.gather(*(store.say(new, one) for one in said))
    again = [said[2], exchange("5"), said[0], said[2], exchange("6")]
    assert await asyncio.gather(*(store.say(new, one) for one in again)) == [3, 6, 1, 3, 7]
    assert [one.content for one in await store.exchanges(new.epoch, 1, None, 99)] == list("0123456")
    await store.close_room("3XX")
    assert await store.say(new, said[4]) == 5


async def test_what_was_said_is_known_by_its_id(store: Store):
    """`said` tells the orders of those ids that something was said under; the id of an opening is none."""
    new = await opened(store)
    said = [exchange() for _ in range(3)]
    assert await store.said([one.id for one in said]) == {}
    for one in said[1:]:
        await store.say(new, one)
    assert await store.said([one.id for one in said]) == {said[1].id: 1, said[2].id: 2}
    await store.close_room("3XX")
    assert await store.said(["", "unknown", "3XX", new.epoch, said[2].id]) == {said[2].id: 2}
    assert await store.said([]) == {}


async def test_nothing_is_said_in_a_closed_room(store: Store):
    """`say` raises `NotFound` in a room that is closed, opened anew or not, or that never was."""
    old = await opened(store)
    await store.say(old, exchange("before"))
    await store.close_room("3XX")
    for _ in range(2):
        with pytest.raises(NotFound, match="Room with '3XX' not found"):
            await store.say(old, exchange("after"))
    await opened(store)
    for other in (old, room("3XX"), room("4XX")):
        with pytest.raises(NotFound):
            await store.say(other, exchange("after"))
    assert [one.content for one in await store.exchanges(old.epoch, 1, None, 10)] == ["before"]


async def test_nothing_is_said_in_a_room_that_was_closed_in_silence(store: Store):
    """The same for one in which nothing was ever said."""
    new = await opened(store)
    await store.close_room("3XX")
    with pytest.raises(NotFound):
        await store.say(new, exchange())
    assert await store.exchanges(new.epoch, 1, None, 10) == []


# servers


async def test_servers_that_write_at_once_have_one_order(pair: tuple[Store, Store]):
    """What two servers say in one room is 1..n, none twice and none missing, and each is told what was stored."""
    new = await opened(pair[0])
    told: dict[int, str] = {}

    async def write(writer: int) -> None:
        for i in range(10):
            said = exchange(f"{writer}:{i}")
            order = await pair[writer % 2].say(new, said)
            assert order not in told
            told[order] = said.content

    await asyncio.gather(*map(write, range(20)))
    assert sorted(told) == list(range(1, 201))
    for store in pair:
        read = await store.exchanges(new.epoch, 1, None, 999)
        assert [(one.order, one.content) for one in read] == sorted(told.items())
    for writer in range(20):  # one after the other
        assert [text for _, text in sorted(told.items()) if text.startswith(f"{writer}:")] == [
            f"{writer}:{i}" for i in range(10)
        ]


async def test_a_server_closes_what_another_writes_in(pair: tuple[Store, Store]):
    """What was answered before the room was closed is stored, what was not is refused, and nothing comes after."""
    writing, closing = pair
    new = await opened(writing)
    told: list[int] = []
    closed: list[int] = []

    async def write() -> None:
        try:
            while True:
                told.append(await writing.say(new, exchange()))
        except NotFound:
            closed.append(len(told))

    writers = [asyncio.create_task(write()) for _ in range(5)]
    await until(lambda: len(told) >= 20)
    assert await closing.close_room("3XX") == new
    read = [one.order for one in await closing.exchanges(new.epoch, 1, None, 9999)]
    await asyncio.gather(*writers)
    assert len(closed) == 5
    assert read == sorted(told) == list(range(1, len(told) + 1))
    assert [one.order for one in await closing.exchanges(new.epoch, 1, None, 9999)] == read
