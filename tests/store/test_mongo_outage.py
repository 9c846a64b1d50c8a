"""What the MongoDB store does while the network to its server fails, and that it goes on by itself afterwards."""

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import pytest
from pymongo.uri_parser import parse_uri

from app.domain.errors import Conflict, NotSent, Unavailable
from app.store.mongo import READS, MongoStore
from e2e.harness.proxy import FaultProxy
from tests.store.records import HAN, MAILBOX, OBI, add_users, calls, exchange, message, room, stored
from tests.waiting import until

TIMEOUT = 0.6
"""Seconds that a call may take. Several wait together, and a server that is busy must not reach it."""

MARGIN = 0.5
"""Seconds by which a busy machine may be late."""

ROOM = room("5XX")

# the driver leaves the socket of a connection that is cancelled while it is made to the garbage collector
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")

Fault = Callable[[FaultProxy], None]
FAULTS = pytest.mark.parametrize("fault", [FaultProxy.cut, FaultProxy.blackhole], ids=["cut", "blackhole"])


@pytest.fixture
async def proxy(mongo_url: str) -> AsyncIterator[FaultProxy]:
    [address] = parse_uri(mongo_url)["nodelist"]
    proxy = await FaultProxy.start(*address)
    yield proxy
    await proxy.stop()
    gc.collect()


@pytest.fixture
def distant(mongo_url: str, mongo_database: str, proxy: FaultProxy) -> MongoStore:
    """Return a store that reaches its server through the proxy alone, not open yet."""
    [(host, port)] = parse_uri(mongo_url)["nodelist"]
    url = mongo_url.replace(f"{host}:{port}", f"127.0.0.1:{proxy.port}")
    return MongoStore(f"{url}{'&' if '?' in url else '?'}directConnection=true", mongo_database, timeout=TIMEOUT)


@pytest.fixture
async def store(distant: MongoStore) -> AsyncIterator[MongoStore]:
    """Return a store that reaches its server through the proxy, open."""
    await distant.open()
    yield distant
    await distant.close()


@pytest.fixture
async def beside(mongo: MongoStore) -> AsyncIterator[MongoStore]:
    """Return a store of the same database that the proxy does not concern, open."""
    await mongo.open()
    yield mongo
    await mongo.close()


async def timed(call: Coroutine[Any, Any, object]) -> tuple[object, float]:
    """Return the result of a call, or what it raised, and how many seconds it took."""
    start = time.monotonic()
    try:
        result = await call
    except Exception as error:
        result = error
    return result, time.monotonic() - start


@FAULTS
async def test_every_call_is_unavailable_in_time(store: MongoStore, proxy: FaultProxy, fault: Fault):
    """During an outage, as it begins and later, every call raises `Unavailable` with a cause, within the timeout."""
    await add_users(store, HAN, OBI)
    fault(proxy)
    for _ in range(2):
        for result, seconds in await asyncio.gather(*map(timed, calls(store))):
            assert isinstance(result, Unavailable)
            assert result.__cause__ is not None
            assert seconds < TIMEOUT + MARGIN


@FAULTS
async def test_what_waits_behind_a_stuck_write_waits_no_longer(store: MongoStore, proxy: FaultProxy, fault: Fault):
    """Appends called all through an outage are each answered within the timeout, however many are before them."""
    fault(proxy)
    waiting: list[asyncio.Task[tuple[object, float]]] = []
    for _ in range(40):
        waiting.append(asyncio.create_task(timed(store.append(message(HAN, OBI)))))
        await asyncio.sleep(TIMEOUT / 20)
    for result, seconds in await asyncio.gather(*waiting):
        assert isinstance(result, Unavailable)
        assert seconds < TIMEOUT + MARGIN


@FAULTS
async def test_the_store_goes_on_after_an_outage(store: MongoStore, proxy: FaultProxy, fault: Fault):
    """Once the network is whole calls work again, without a restart."""
    await add_users(store, HAN, OBI)
    fault(proxy)
    await asyncio.gather(*map(timed, calls(store)))
    proxy.heal()

    async def works() -> bool:
        results = await asyncio.gather(*map(timed, calls(store)))
        return not any(isinstance(result, Unavailable) for result, _ in results)

    async with asyncio.timeout(10):
        while not await works():
            pass
    new = message(HAN, OBI)
    assert await store.append(new) == (OBI,)
    assert (await store.pending(MAILBOX, OBI, 1)) == [stored(new)]


async def test_an_append_that_was_done_after_all_is_known_by_its_id(store: MongoStore, proxy: FaultProxy):
    """Where an append was done and its answer came too late `stored` tells, and a repeat raises `Conflict`."""
    new = message(HAN, OBI)
    await store.append(message(HAN, OBI))  # over the connection that is used next
    proxy.delay(TIMEOUT * 0.7)
    with pytest.raises(Unavailable):
        await store.append(new)
    proxy.heal()
    async with asyncio.timeout(10):
        while (await timed(store.stored([new.id])))[0] != {new.id}:
            pass
    with pytest.raises(Conflict):
        await store.append(new)
    assert stored(new) in await store.pending(MAILBOX, OBI, 10)


async def test_what_was_said_after_all_has_its_order(store: MongoStore, proxy: FaultProxy):
    """Where it was stored and the answer came too late `said` tells, and a repeat has the order and stores nothing."""
    await store.open_room(ROOM)
    await store.say(ROOM, exchange())  # over the connection that is used next
    new = exchange()
    proxy.delay(TIMEOUT * 0.7)
    with pytest.raises(Unavailable):
        await store.say(ROOM, new)
    proxy.heal()
    async with asyncio.timeout(10):
        while (await timed(store.said([new.id])))[0] != {new.id: 2}:
            pass
    assert await store.say(ROOM, new) == 2
    assert await store.say(ROOM, exchange()) == 3
    assert [one.order for one in await store.exchanges(ROOM.epoch, 1, None, 9)] == [1, 2, 3]


async def test_a_friendship_that_was_cut_short_is_completed_by_a_repeat(
    store: MongoStore, proxy: FaultProxy, beside: MongoStore
):
    """Where the connection breaks between the two sides of a `befriend`, one has the friend until it is repeated."""
    await add_users(store, HAN, OBI)
    proxy.delay(0.05)
    call = asyncio.create_task(timed(store.befriend(HAN, OBI)))
    async with asyncio.timeout(10):
        while not any(found.friends for found in (await beside.users([HAN, OBI])).values()):
            pass
    proxy.cut()
    assert isinstance((await call)[0], Unavailable)
    halves = [found.friends for found in (await beside.users([HAN, OBI])).values()]
    assert sorted(map(len, halves)) == [0, 1]
    proxy.heal()
    assert await beside.befriend(OBI, HAN) is True
    found = await beside.users([HAN, OBI])
    assert (found[HAN].friends, found[OBI].friends) == ((OBI,), (HAN,))


async def test_whichever_call_completes_a_friendship_is_the_one_that_began_it(
    store: MongoStore, proxy: FaultProxy, beside: MongoStore
):
    """Where a second `befriend` overtakes a first that is half way, the second returns True and the first False."""
    await add_users(store, HAN, OBI)
    proxy.delay(0.05)
    call = asyncio.create_task(store.befriend(HAN, OBI))
    async with asyncio.timeout(10):
        while not any(found.friends for found in (await beside.users([HAN, OBI])).values()):
            pass
    assert (await beside.befriend(OBI, HAN), await call) == (True, False)


async def test_a_failed_group_is_logged_once(store: MongoStore, proxy: FaultProxy, caplog: pytest.LogCaptureFixture):
    """Many appends that fail together make one line, which has the cause."""
    proxy.blackhole()
    await asyncio.gather(*(timed(store.append(message(HAN, OBI))) for _ in range(50)))

    def lines() -> list[str]:
        return [line for record in caplog.records if (line := record.getMessage()).startswith("50 calls failed")]

    await until(lines)
    [line] = lines()
    assert line.startswith("50 calls failed: NetworkTimeout(")


async def test_an_engine_that_does_not_answer_keeps_nobody_waiting(
    store: MongoStore, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
):
    """Once that is known, calls are refused at once, until it answers again."""
    monkeypatch.setattr("app.store.breaker.PATIENCE", TIMEOUT / 10)
    proxy.blackhole()
    await timed(store.append(message(HAN, OBI)))
    link: Any = store._link
    await until(lambda: link._breaker.refusing)
    for result, seconds in await asyncio.gather(*map(timed, calls(store))):
        assert isinstance(result, Unavailable)
        assert seconds < TIMEOUT / 2
    proxy.heal()
    await until(lambda: not link._breaker.refusing)
    assert await store.append(message(HAN, OBI)) == (OBI,)


async def test_readers_who_are_too_many_keep_no_writer_waiting(store: MongoStore, proxy: FaultProxy):
    """An engine that is slow is not dead: what is stored and what is asked of its life waits behind no reader."""
    await add_users(store, HAN)
    await store.append(message(HAN, OBI))
    proxy.delay(TIMEOUT / 10)  # each way
    reads = [asyncio.create_task(timed(store.user(HAN))) for _ in range(500)]
    await asyncio.sleep(TIMEOUT / 2)
    assert await store.append(message(HAN, OBI)) == (OBI,)
    results = await asyncio.gather(*reads)
    assert any(isinstance(result, Unavailable) for result, _ in results)
    assert max(seconds for _, seconds in results) < TIMEOUT + MARGIN
    link: Any = store._link
    await until(lambda: link._breaker._probing is None)
    assert not link._breaker.refusing
    proxy.heal()


async def test_no_more_readers_wait_than_so_many(store: MongoStore, monkeypatch: pytest.MonkeyPatch):
    """Who comes then is refused at once, and nothing was asked."""
    monkeypatch.setattr("app.store.mongo.READS_WAITING", 0)
    calls = [asyncio.create_task(timed(store.user(HAN))) for _ in range(READS + 1)]
    assert isinstance((await calls[-1])[0], NotSent)
    assert all(result is None for result, _ in await asyncio.gather(*calls[:-1]))


@FAULTS
async def test_close_is_bounded(store: MongoStore, proxy: FaultProxy, fault: Fault):
    """`close` during an outage waits for what is under way, and not longer than the timeouts of that."""
    fault(proxy)
    under_way = asyncio.gather(*map(timed, calls(store)))
    await asyncio.sleep(0)
    _, seconds = await timed(store.close())
    assert seconds < 3 * TIMEOUT + MARGIN
    assert all(isinstance(result, Unavailable) for result, _ in await under_way)


async def test_nothing_is_left_of_a_store_that_was_closed_during_an_outage(store: MongoStore, proxy: FaultProxy):
    """Nobody goes on asking for a sign of life."""
    proxy.blackhole()
    under_way = asyncio.create_task(timed(store.append(message(HAN, OBI))))
    await asyncio.sleep(0)
    await store.close()
    assert isinstance((await under_way)[0], Unavailable)
    link: Any = store._link
    assert link._breaker._probing is None


@FAULTS
async def test_open_says_that_the_server_does_not_answer(distant: MongoStore, proxy: FaultProxy, fault: Fault):
    """A server that may come later is `Unavailable`, by its address; then the same store opens."""
    fault(proxy)
    result, seconds = await timed(distant.open())
    assert isinstance(result, Unavailable)
    assert str(result) == f"MongoDB at 127.0.0.1:{proxy.port} does not answer"
    assert seconds < TIMEOUT + 2 * MARGIN
    proxy.heal()
    await distant.open()
    await distant.ping()
    await distant.close()
