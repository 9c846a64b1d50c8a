"""`app.gateways.direct`, over a store and a cluster that fail or wait at the right moment; e2e shows the rest."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest

from app.domain.clock import Sequence, least_id, now_ms
from app.domain.mailbox import LATE_MS
from app.engine.base import encode
from app.gateways.base import Envelope
from app.gateways.direct import DirectGateway
from app.gateways.direct_wire import chat_id, message_id
from app.store.base import Message, NewMessage, Received, User
from tests.gateways.house import Device, House, housed
from tests.waiting import until

NUMBERS = itertools.count()


class Post(House):
    """A house whose gateway is that of the direct contract."""

    GATEWAY = DirectGateway


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with housed(Post) as house:
        yield house


@pytest.fixture
async def pair(house: House) -> tuple[User, User]:
    """Return one who writes, and one who reads."""
    return await house.person("Han"), await house.person("Obi")


async def send(house: House, device: Device, receiver: User, text: str) -> None:
    """Send a message and return when it is stored and published."""
    stored = house.count("parley_messages_total")
    await device.sends("send message", {"receiver": receiver.id, "message": text})
    await until(lambda: house.count("parley_messages_total") == stored + 1)


async def texts(device: Device, count: int) -> list[str]:
    """Return the next so many messages."""
    return [(await device.hears("message"))["message"] for _ in range(count)]


async def answer(device: Device, event: str, *args: Any) -> Any:
    """Return what an event is answered with."""
    await device.sends(event, *args)
    return await device.hears(event)


async def post(house: House, sender: User, receiver: User, text: str, ms: int) -> NewMessage:
    """Store a message of some moment, of which nobody is told."""
    new = NewMessage(f"{least_id(ms)}{next(NUMBERS):013}", "direct", sender.id, text, ms, (receiver.id,))
    await house.store.append(new)
    return new


# ids


def test_the_id_of_a_chat_is_that_of_its_message():
    """In the form of a UUID of version 4, read back to what it was made of."""
    ids = Sequence()
    for message, _ in (ids.next() for _ in range(1000)):
        assert message_id(chat_id(message)) == message
    assert [message_id(text) for text in ("", "x", chat_id("0" * 24).upper(), chat_id("a" * 24)[:-1] + "1")] == [
        "",
        "",
        "0" * 24,  # which has no letter
        "",
    ]


# gaps


async def test_what_was_lost_comes_after_the_gap_and_before_anything_live(house: House, pair: tuple[User, User]):
    """In the order of sending, each message once, although the client has not acknowledged any."""
    han, obi = pair
    async with house.device(obi) as desert, house.device(han) as ship:
        await send(house, ship, obi, "before")
        house.cluster.losing = True
        await send(house, ship, obi, "lost 1")
        await send(house, ship, obi, "lost 2")
        house.cluster.losing = False
        house.hub.resync(None)
        await send(house, ship, obi, "after")
        assert await texts(desert, 4) == ["before", "lost 1", "lost 2", "after"]
        house.hub.resync(None)
        await send(house, ship, obi, "marker")
        assert await texts(desert, 1) == ["marker"]


async def test_a_gap_brings_nothing_from_before_the_connect(house: House, pair: tuple[User, User]):
    """That is for the client to ask for; what was sent a moment before may have been stored after it asked."""
    han, obi = pair
    await post(house, han, obi, "old", now_ms() - LATE_MS - 1000)
    async with house.device(obi) as desert, house.device(han) as ship:
        await post(house, han, obi, "stored late", now_ms() - LATE_MS + 2000)
        house.hub.resync(None)
        await send(house, ship, obi, "live")
        assert await texts(desert, 2) == ["stored late", "live"]
        assert [one["message"] for one in await answer(desert, "unreceived messages")] == ["old", "stored late", "live"]


async def test_what_another_device_acknowledged_in_a_gap_comes_as_received(house: House, pair: tuple[User, User]):
    """Every device is given every message, and can see that there is nothing to acknowledge."""
    han, obi = pair
    async with house.device(obi) as phone, house.device(obi) as laptop, house.device(han) as ship:
        house.cluster.losing = True
        await send(house, ship, obi, "lost")
        house.cluster.losing = False
        [chat] = await answer(phone, "unreceived messages")
        await phone.sends("receive message", {"chatId": chat["id"]})
        assert await answer(phone, "unreceived messages") == []
        house.hub.resync(None)
        assert await laptop.hears("message") == {**chat, "received": True}


async def test_what_was_lost_of_a_message_to_oneself_comes_to_every_device(house: House, pair: tuple[User, User]):
    """Also to one whose neighbour has acknowledged it meanwhile."""
    han, _ = pair
    async with house.device(han) as phone, house.device(han) as laptop:
        house.cluster.losing = True
        await send(house, phone, han, "note to self")
        house.cluster.losing = False
        [chat] = await answer(phone, "unreceived messages")
        await phone.sends("receive message", {"chatId": chat["id"]})
        assert await answer(phone, "unreceived messages") == []
        house.hub.resync(None)
        assert await laptop.hears("message") == {**chat, "received": True}


async def test_a_publication_that_is_late_is_given_at_once(house: House, pair: tuple[User, User]):
    """It may be of a message that was found to be stored long after; a repeat of one that was given is not given."""
    han, obi = pair
    async with house.device(obi) as desert:
        packet = encode("message", {"message": "late"})
        envelope = Envelope(packet, least_id(now_ms() - 10 * LATE_MS) + "0" * 13).encode()
        for _ in range(2):
            house.cluster.publish(f"direct:user:{obi.id}", envelope)
        async with house.device(han) as ship:
            await send(house, ship, obi, "marker")
        assert await texts(desert, 2) == ["late", "marker"]
        assert house.store.recoveries == []


# a store or a cluster that fails


async def test_a_message_whose_answer_was_lost_is_delivered(house: House, pair: tuple[User, User]):
    """The sender is told that it may not have been stored, as nobody knew; its receiver need not ask."""
    han, obi = pair
    async with house.device(obi) as desert, house.device(han) as ship:
        house.store.down = {"answer"}
        await ship.sends("send message", {"receiver": obi.id, "message": "in doubt"})
        assert await ship.hears("error") == {"id": han.id, "message": "Service unavailable"}
        house.store.down = set()
        assert await texts(desert, 1) == ["in doubt"]


async def test_a_store_that_does_not_answer_is_told(house: House, pair: tuple[User, User]):
    """By the contract's error, and the connection goes on."""
    _, obi = pair
    async with house.device(obi) as desert:
        house.store.down = {"pending"}
        await desert.sends("unreceived messages")
        assert await desert.hears("error") == {"id": obi.id, "message": "Service unavailable"}
        house.store.down = set()
        assert await answer(desert, "unreceived messages") == []


async def test_a_connection_that_would_miss_messages_is_not_kept(house: House, pair: tuple[User, User]):
    """The client is told, and comes back by itself."""
    _, obi = pair
    house.cluster.down = {f"direct:user:{obi.id}"}
    async with house.opened(house.users.token(obi)) as device:
        assert (await device.packet()).startswith("40{")
        assert await device.hears("error") == {"id": obi.id, "message": "Service unavailable"}
        assert await device.ending() == []


# bounds


async def test_no_more_is_read_than_can_be_sent(monkeypatch: pytest.MonkeyPatch):
    """Of many senders with long messages the last of each is read, as long as it could be sent, and so much is sent."""
    async with housed(Post, max_buffer=20_000) as house:
        obi = await house.person("Obi")
        senders = [await house.person(f"Han{number}") for number in range(20)]
        for moment in range(5):
            for sender in senders:
                await post(house, sender, obi, f"{moment} {'x' * 1000}", now_ms() + moment)
        read: list[int] = []
        received = house.store.received

        async def watched(*args: Any) -> list[Received]:
            found = await received(*args)
            read.append(len(found))
            return found

        monkeypatch.setattr(house.store, "received", watched)
        async with house.device(obi) as desert:
            chats = await answer(desert, "all messages")
        assert read == [5] * 4 + [1] * 13
        assert all(one[-1]["message"].startswith("4 ") for one in chats.values())
        assert 3 <= len(chats) <= 4


async def test_a_gap_of_a_user_who_is_not_connected_asks_nobody(house: House, pair: tuple[User, User]):
    """Only who has a connection here lacks anything."""
    _, obi = pair
    async with house.device(obi):
        pass
    await until(lambda: house.engine.connections == 0)
    house.hub.resync(None)
    house.hub.resync([f"direct:user:{obi.id}"])
    async with house.device(obi) as desert:
        assert await answer(desert, "unreceived messages") == []
    assert house.store.recoveries == []


async def test_what_overtakes_a_connect_is_delivered(house: House, pair: tuple[User, User]):
    """A client that was told it is connected is sent what comes from then on, though its server hears it later."""
    han, obi = pair
    await post(house, han, obi, "before", now_ms() - 1000)
    room = f"direct:user:{obi.id}"
    house.cluster.held.add(room)
    async with house.opened(house.users.token(obi)) as device:
        assert (await device.packet()).startswith("40{")
        await until(lambda: room in house.cluster.waiting)
        await post(house, han, obi, "meanwhile", now_ms())
        house.cluster.release(room)
        assert await texts(device, 1) == ["meanwhile"]


@asynccontextmanager
async def reading(house: House, user: User) -> AsyncIterator[tuple[Device, asyncio.Event]]:
    """Connect a device to whom the store's answer is on its way, with what it did not hear of; and have that arrive."""
    room, store, pending = f"direct:user:{user.id}", cast("Any", house.store), house.store.pending
    read, arrives = asyncio.Event(), asyncio.Event()

    async def slow(*args: Any, **options: Any) -> list[Message]:
        found = await pending(*args, **options)
        read.set()
        await arrives.wait()
        return found

    store.pending = slow
    house.cluster.held.add(room)
    async with house.opened(house.users.token(user)) as device:
        assert (await device.packet()).startswith("40{")
        await until(lambda: room in house.cluster.waiting)
        house.cluster.release(room)
        await read.wait()
        yield device, arrives


async def test_what_is_missed_during_a_connect_is_delivered(house: House, pair: tuple[User, User]):
    """What is read from the store for a connect is read again if something was missed meanwhile."""
    han, obi = pair
    async with reading(house, obi) as (device, arrives), house.device(han) as sender:
        await post(house, han, obi, "lost on its way", now_ms())
        house.hub.resync([f"direct:user:{obi.id}"])
        await until(lambda: house.store.recoveries == [[obi.id]] and not house.gateway._recovery._workers)
        arrives.set()
        await send(house, sender, obi, "heard")
        assert await texts(device, 2) == ["lost on its way", "heard"]


async def test_what_is_too_much_to_hold_back_during_a_connect_is_delivered():
    """It is let go of, and read again: the store has it."""
    async with housed(Post, max_buffer=20_000) as house:
        han, obi = await house.person("Han"), await house.person("Obi")
        async with reading(house, obi) as (device, arrives), house.device(han) as sender:
            for number in range(4):
                await send(house, sender, obi, f"{number}{'x' * 1500}")
            arrives.set()
            assert [text[0] for text in await texts(device, 4)] == list("0123")
