"""`app.domain.rooms`: rooms, what is said in them, and who is there."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import orjson
import pytest

from app.cluster.local import LocalCluster
from app.domain.clock import Sequence, now_ms
from app.domain.errors import Invalid, NotSent, Unavailable
from app.domain.participants import KEPT, KEPT_BYTES, Participant, Participants
from app.domain.rooms import MAX_NAME, PAGE, Exchange, Room, RoomConflict, RoomForbidden, RoomNotFound, Rooms, name_of
from app.store.base import NewExchange, Store
from app.store.sqlite import SQLiteStore
from tests.cluster.heard import Heard
from tests.waiting import until


@dataclass
class House:
    """Rooms over a store and a cluster.

    Attributes:
        closed: rooms of whose end was told.

    """

    store: Store
    cluster: LocalCluster = field(default_factory=LocalCluster)
    closed: list[Room] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.participants = Participants(self.cluster)
        self.rooms = Rooms(self.store, Sequence(), self.participants, self.closed.append)


@asynccontextmanager
async def opened(store: Store) -> AsyncIterator[House]:
    """Open a house over an open store."""
    house = House(store)
    await house.cluster.open(Heard())
    yield house
    await house.rooms.close()
    await house.cluster.close()


@pytest.fixture
async def house(store: Store) -> AsyncIterator[House]:
    async with opened(store) as house:
        yield house


@pytest.fixture
async def room(house: House) -> Room:
    return await house.rooms.open_room("3XX", "Dhoni")


async def say(house: House, room: Room, *contents: str) -> None:
    for content in contents:
        await house.rooms.say(room, "Dhoni", content, None, {})


async def history(house: House, first: int | None = None, last: int | None = None, limit: int | None = None):
    """Return the orders of each page."""
    return [[one.order for one in page] async for page in house.rooms.history("3XX", first, last, limit)]


# names


@pytest.mark.parametrize(
    ("value", "name"),
    [("3XX", "3XX"), (" ", " "), (3, "3"), (3.0, "3"), (-1.5, "-1.5"), (0, "0"), ("x" * MAX_NAME, "x" * MAX_NAME)],
)
def test_a_name_is_a_string_or_a_number(value: object, name: str):
    """A number is the text that it is written as; a string is what it is."""
    assert name_of(value) == name


@pytest.mark.parametrize(
    ("value", "wrong"),
    [
        (None, "should not be empty"),
        ("", "should not be empty"),
        (True, "must be a string or a number"),
        (["3XX"], "must be a string or a number"),
        ({}, "must be a string or a number"),
        ("x" * (MAX_NAME + 1), "must be shorter than or equal to 128 characters"),
        (10**200, "must be shorter than or equal to 128 characters"),
        ("\ud800", "must be well-formed Unicode"),
    ],
)
def test_what_is_no_name_is_refused_with_the_reason(value: object, wrong: str):
    """Each says what is wrong, without the value."""
    with pytest.raises(ValueError, match=wrong):
        name_of(value)


# rooms


async def test_a_room_is_found_while_it_is_open(house: House, room: Room):
    """It cannot be opened again, and it is known which opening of it is open."""
    assert await house.rooms.find("3XX") == room
    with pytest.raises(RoomConflict, match="Room with '3XX' already exists"):
        await house.rooms.open_room("3XX", "Kohli")
    assert await house.rooms.is_open(room)


async def test_a_closed_room_is_found_no_more(house: House, room: Room):
    """Its end is told of once, and it can be opened anew, as another."""
    await house.rooms.close_room("3XX")
    assert house.closed == [room]
    with pytest.raises(RoomForbidden, match="The access is forbidden"):
        await house.rooms.find("3XX")
    with pytest.raises(RoomNotFound, match="Room with '3XX' not found"):
        await house.rooms.close_room("3XX")
    assert house.closed == [room]
    anew = await house.rooms.open_room("3XX", "Dhoni")
    assert (await house.rooms.is_open(room), await house.rooms.is_open(anew)) == (False, True)


async def test_errors_have_the_codes_of_the_contract(house: House, room: Room):
    """A client is told what is wrong by code."""
    assert [error.code for error in (RoomConflict, RoomNotFound, RoomForbidden)] == [
        "room.conflict",
        "room.not-found",
        "access-forbidden",
    ]


async def test_an_overview_has_the_newest_rooms(house: House, room: Room):
    """With who is there and how much was said, and no more than were asked for."""
    other = await house.rooms.open_room("4XX", "Kohli")
    await say(house, room, "one", "two")
    await house.participants.enter(room, "Dhoni", "socket")
    [first, second] = await house.rooms.overview(10)
    assert (first.room, first.participants, first.count) == (other, [], 0)
    assert (second.room, second.participants, second.count) == (room, [Participant("Dhoni", True)], 2)
    assert [info.room for info in await house.rooms.overview(1)] == [other]


# what is said


async def test_what_is_said_has_the_next_order_and_all_that_came_with_it(house: House, room: Room):
    """An instant that is not given is now; what more there is comes back as JSON."""
    first = await house.rooms.say(room, "Dhoni", "hello", 12345, {"socketId": "s", "mood": ["\N{GRINNING FACE}", None]})
    assert first == Exchange(1, "Dhoni", "hello", 12345, first.more)
    assert json.loads(first.more) == {"socketId": "s", "mood": ["\N{GRINNING FACE}", None]}
    second = await house.rooms.say(room, "Kohli", "hi", None, {})
    assert (second.order, second.more) == (2, "{}")
    assert abs(second.created_at - now_ms()) < 5_000
    assert [page async for page in house.rooms.history("3XX", None, None, None)] == [[first, second]]


async def test_nobody_says_anything_in_a_closed_room(house: House, room: Room):
    """Nor reads what was said there."""
    await house.rooms.close_room("3XX")
    with pytest.raises(RoomForbidden):
        await say(house, room, "late")
    with pytest.raises(RoomForbidden):
        await history(house)


async def test_a_history_is_all_that_was_said_or_a_part(house: House, room: Room):
    """From an order, to an order, both included; with a limit the newest, or the oldest from an order on."""
    await say(house, room, *"abcdef")
    assert await history(house) == [[1, 2, 3, 4, 5, 6]]
    assert await history(house, first=3) == [[3, 4, 5, 6]]
    assert await history(house, last=3) == [[1, 2, 3]]
    assert await history(house, 2, 4) == [[2, 3, 4]]
    assert await history(house, 4, 4) == [[4]]
    assert await history(house, limit=2) == [[5, 6]]
    assert await history(house, last=4, limit=2) == [[3, 4]]
    assert await history(house, first=2, limit=2) == [[2, 3]]
    assert await history(house, first=7) == []
    with pytest.raises(Invalid, match="toIndex must not be less than fromIndex"):
        await history(house, 4, 3)


async def test_a_long_history_comes_in_pages(house: House, room: Room):
    """However much was said, no more than a page of it is held at a time."""
    await asyncio.gather(*(say(house, room, "hello") for _ in range(2 * PAGE + 1)))
    pages = await history(house)
    assert list(map(len, pages)) == [PAGE, PAGE, 1]
    assert [order for page in pages for order in page] == list(range(1, 2 * PAGE + 2))
    assert [one.order async for one in house.rooms.after(room, 5)] == list(range(6, 2 * PAGE + 2))
    assert await house.rooms.last(room) == 2 * PAGE + 1


async def test_of_a_silent_room_nothing_is_last(house: House, room: Room):
    """0 is before the first."""
    assert await house.rooms.last(room) == 0
    assert [one async for one in house.rooms.after(room, 0)] == []


class Forgetful(SQLiteStore):
    """A store that does what it is asked and then does not answer."""

    async def say(self, room: Room, new: NewExchange) -> int:
        await super().say(room, new)
        raise Unavailable

    async def close_room(self, room_id: str) -> Room | None:
        await super().close_room(room_id)
        raise Unavailable


@pytest.fixture
async def forgetful() -> AsyncIterator[House]:
    """Open a house over such a store."""
    store = Forgetful(None)
    await store.open()
    async with opened(store) as house:
        yield house
    await store.close()


async def test_what_was_said_after_all_is_told_of(forgetful: House, monkeypatch: pytest.MonkeyPatch):
    """Who said it had an error; it is looked for, and told of with its order."""
    monkeypatch.setattr("app.domain.doubts.INTERVAL", 0.01)
    found: list[tuple[Room, Exchange]] = []
    forgetful.rooms.watch(lambda room, exchange: found.append((room, exchange)))
    room = await forgetful.rooms.open_room("3XX", "Dhoni")
    for content in ("one", "two"):
        with pytest.raises(Unavailable):
            await forgetful.rooms.say(room, "Dhoni", content, 12345, {"a": 1})
    await until(lambda: len(found) == 2)
    assert found == [(room, Exchange(i, "Dhoni", content, 12345, '{"a":1}')) for i, content in ((1, "one"), (2, "two"))]


async def test_a_room_that_was_closed_after_all_is_told_of(forgetful: House, monkeypatch: pytest.MonkeyPatch):
    """Who closed it had an error; it is looked for, and its end told of, and nobody is listed there any more."""
    monkeypatch.setattr("app.domain.doubts.INTERVAL", 0.01)
    room, other = [await forgetful.rooms.open_room(name, "Dhoni") for name in ("3XX", "4XX")]
    await forgetful.participants.enter(room, "Dhoni", "a socket")
    await forgetful.participants.leave(room, "a socket")
    with pytest.raises(Unavailable):
        await forgetful.rooms.close_room("3XX")
    await until(lambda: forgetful.closed == [room])
    assert await forgetful.participants.of(room) == []
    assert await forgetful.rooms.is_open(other)
    assert await forgetful.rooms.close()


async def test_a_room_of_which_it_is_not_known_whether_it_was_closed_is_owed(
    forgetful: House, monkeypatch: pytest.MonkeyPatch
):
    """By a server that goes before it could look; of one that was not asked to close it, there is no doubt."""
    for name in ("3XX", "4XX"):
        await forgetful.rooms.open_room(name, "Dhoni")

    async def refuse(_: str) -> None:
        raise NotSent

    with monkeypatch.context() as patch:
        patch.setattr(forgetful.store, "close_room", refuse)
        with pytest.raises(NotSent):
            await forgetful.rooms.close_room("3XX")
    assert await forgetful.rooms.close()
    with pytest.raises(Unavailable):
        await forgetful.rooms.close_room("4XX")
    assert not await forgetful.rooms.close()


# who is there


async def test_who_has_left_is_listed_as_not_connected(house: House, room: Room):
    """Each name once, those who came last at the end; one is there as long as one of their sockets is."""
    enter, leave = house.participants.enter, house.participants.leave
    for username, socket in (("Dhoni", "1"), ("Kohli", "2"), ("Dhoni", "3"), ("a\nb: *", "4")):
        await enter(room, username, socket)
    await leave(room, "1")
    await leave(room, "2")
    assert await house.participants.of(room) == [
        Participant("Kohli", False),
        Participant("Dhoni", True),
        Participant("a\nb: *", True),
    ]
    await leave(room, "3")
    assert Participant("Dhoni", False) in await house.participants.of(room)


async def test_a_socket_may_go_by_another_name(house: House, room: Room):
    """The name that it went by is one of somebody who has left."""
    await house.participants.enter(room, "Dhoni", "1")
    await house.participants.enter(room, "Captain", "1")
    assert await house.participants.of(room) == [Participant("Dhoni", False), Participant("Captain", True)]


async def test_rooms_have_participants_of_their_own(house: House, room: Room):
    """A socket may be in several, and a room that is opened anew has nobody in it."""
    other = await house.rooms.open_room("4XX", "Dhoni")
    await house.participants.enter(room, "Dhoni", "1")
    await house.participants.enter(other, "Captain", "1")
    await house.participants.leave(room, "1")
    assert await house.participants.of_all([room, other]) == {
        room.epoch: [Participant("Dhoni", False)],
        other.epoch: [Participant("Captain", True)],
    }
    await house.rooms.close_room("3XX")
    assert await house.participants.of(await house.rooms.open_room("3XX", "Dhoni")) == []
    assert await house.participants.of(room) == []


async def test_the_list_has_a_bound(house: House, room: Room):
    """Of more names than are kept, those who came last are listed."""
    for i in range(KEPT + 5):
        await house.participants.enter(room, f"user {i}", f"socket {i}")
    names = [one.username for one in await house.participants.of(room)]
    assert names == [f"user {i}" for i in range(5, KEPT + 5)]


async def test_who_is_in_a_room_is_listed_however_many_have_left(house: House, room: Room):
    """Those who left are left out before those who stay."""
    await house.participants.enter(room, "Dhoni", "a socket")
    for i in range(KEPT):
        await house.participants.enter(room, f"user {i}", f"socket {i}")
        await house.participants.leave(room, f"socket {i}")
    listed = await house.participants.of(room)
    assert listed[0] == Participant("Dhoni", True)
    assert [one.username for one in listed[1:]] == [f"user {i}" for i in range(1, KEPT)]


@pytest.mark.parametrize("letter", ["x", "\x01", "\U0001f3cf"])
async def test_the_list_has_a_bound_in_bytes(house: House, letter: str):
    """However long names are as JSON, with that of the room beside each: who has left is left out before who stays."""
    room = await house.rooms.open_room(letter * MAX_NAME, "Dhoni")
    await house.participants.enter(room, "Dhoni", "a socket")
    for i in range(KEPT):
        await house.participants.enter(room, f"{i:04}{letter * (MAX_NAME - 4)}", f"socket {i}")
        await house.participants.leave(room, f"socket {i}")
    listed = await house.participants.of(room)
    told = [{"roomId": room.id, "username": one.username, "connected": one.connected} for one in listed]
    longest = len(orjson.dumps(told[-1])) + 1
    assert KEPT_BYTES - longest < len(orjson.dumps(told)) <= KEPT_BYTES
    assert listed[0] == Participant("Dhoni", True)
    assert [one.username[:4] for one in listed[1:]] == [f"{i:04}" for i in range(KEPT + 1 - len(listed), KEPT)]


async def test_who_enters_while_the_cluster_does_not_answer_is_no_worse_off(
    house: House, room: Room, monkeypatch: pytest.MonkeyPatch
):
    """They are there; that they were is forgotten once they leave."""

    async def refuse(*_: object) -> None:
        raise Unavailable

    for name in ("enlist", "unlist"):
        monkeypatch.setattr(house.cluster, name, refuse)
    await house.participants.enter(room, "Dhoni", "1")
    assert await house.participants.of(room) == [Participant("Dhoni", True)]
    await house.participants.leave(room, "1")
    assert await house.participants.of(room) == []
    await house.rooms.close_room("3XX")
