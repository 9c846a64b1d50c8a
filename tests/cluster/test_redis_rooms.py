"""Publications between servers that share a Redis, and what is said of those that were lost."""

import asyncio
from urllib.parse import urlsplit

import pytest

from app.cluster import redis_publisher, redis_subscriber
from e2e.harness.engine import Engine
from tests.cluster.servers import Servers, reached
from tests.waiting import until


async def test_a_publication_reaches_every_server_that_is_subscribed(servers: Servers):
    """Once each, byte for byte, the publisher's own server included."""
    one, two, three = [await servers.start() for _ in range(3)]
    for server in (one, two, three):
        await server.cluster.subscribe("room")
    one.cluster.publish("room", b"\x00\xff payload")
    assert one.heard.deliveries == [("room", b"\x00\xff payload")]
    await reached(one, [two, three], "room")
    await reached(two, [one, three], "room", b"end")  # an echo of the first would have come before
    for server in (one, two, three):
        assert server.heard.deliveries == [("room", b"\x00\xff payload"), ("room", b"marker"), ("room", b"end")]


async def test_publications_of_one_server_arrive_in_order_elsewhere(servers: Servers):
    """Over all rooms, and however many there are in one pass of the loop."""
    one, two = [await servers.start() for _ in range(2)]
    for room in "ab":
        await two.cluster.subscribe(room)
    sent = [("ab"[i % 2], str(i).encode()) for i in range(5000)]
    for room, payload in sent:
        one.cluster.publish(room, payload)
    await until(lambda: len(two.heard.deliveries) == len(sent))
    assert two.heard.deliveries == sent


async def test_a_server_that_is_subscribed_to_other_rooms_gets_nothing(servers: Servers):
    """Not a byte: nobody pays for the rooms of others."""
    one, two, three = [await servers.start() for _ in range(3)]
    await two.cluster.subscribe("room")
    await three.cluster.subscribe("another")
    heard: list[int] = []
    wire = three.cluster._subscriber._wire
    assert wire
    take = wire._take
    wire._take = lambda replies: (heard.append(len(replies)), take(replies))[1]
    for _ in range(1000):
        one.cluster.publish("room", b"x" * 100)
    await reached(one, [two], "room")
    await three.cluster.ping()
    assert heard == [1]  # the pong


async def test_a_server_that_left_a_room_gets_nothing(servers: Servers):
    """From the end of the subscription on."""
    one, two = [await servers.start() for _ in range(2)]
    for room in ("left", "kept"):
        await two.cluster.subscribe(room)
    await two.cluster.unsubscribe("left")
    one.cluster.publish("left", b"lost")
    await reached(one, [two], "kept")
    assert two.heard.deliveries == [("kept", b"marker")]


async def test_clusters_with_other_prefixes_are_apart(redis_url: str):
    """Several may share a Redis."""
    first, second = Servers(redis_url), Servers(redis_url)
    try:
        one, two, other = await first.start(), await first.start(), await second.start()
        for server in (two, other):
            await server.cluster.subscribe("room")
        await reached(one, [two], "room")
        await other.cluster.ping()
        assert other.heard.deliveries == []
    finally:
        await first.stop()
        await second.stop()


async def test_clusters_in_other_databases_are_apart(redis_url: str):
    """With the same prefix too: what is published, or lost, in one is not heard in the other."""
    first, second = Servers(redis_url), Servers(urlsplit(redis_url)._replace(path="/1").geturl())
    second.prefix = first.prefix
    try:
        one, two, other = await first.start(), await first.start(), await second.start()
        for server in (two, other):
            await server.cluster.subscribe("room")
        one.cluster._publisher.lost_elsewhere()
        await reached(one, [two], "room")
        await other.cluster.ping()
        assert two.heard.resyncs == [None]
        assert (other.heard.deliveries, other.heard.resyncs) == ([], [])
    finally:
        await first.stop()
        await second.stop()


async def test_a_listener_that_raises_misses_what_it_raised_at(servers: Servers, caplog: pytest.LogCaptureFixture):
    """It is logged, and what follows is delivered."""
    one, two = [await servers.start() for _ in range(2)]
    await two.cluster.subscribe("room")
    deliver = two.heard.deliver

    def picky(room: str, payload: bytes) -> None:
        if payload == b"bad":
            raise ValueError("not this one")
        deliver(room, payload)

    two.heard.deliver = picky
    one.cluster.publish("room", b"bad")
    await reached(one, [two], "room")
    assert two.heard.deliveries == [("room", b"marker")]
    assert "not this one" in caplog.text


@pytest.mark.parametrize("notice", [b"[" * 200_000, b'["' + b"x" * 5_000_000 + b'"]', b"{", b"7", b"[[]]", b"\xff"])
async def test_a_notice_that_is_none_harms_nothing(servers: Servers, notice: bytes):
    """Whatever somebody else publishes: the subscription stands, and what follows is heard."""
    one, two = [await servers.start() for _ in range(2)]
    await two.cluster.subscribe("room")
    wire = two.cluster._subscriber._wire
    publisher = one.cluster._publisher
    publisher._send(publisher._channels.gap, notice, "room")
    await reached(one, [two], "room")
    assert two.cluster._subscriber._wire is wire
    assert two.heard.resyncs == []


# interruptions


@pytest.mark.parametrize("fault", ["cut", "blackhole"])
async def test_a_server_that_was_cut_off_resyncs_before_anything_else(servers: Servers, fault: str):
    """What others published meanwhile may be missed, and is never delivered unannounced."""
    one, two = await servers.start(), await servers.start_hasty()
    await two.cluster.subscribe("room")
    getattr(two.proxy, fault)()
    await until(lambda: two.down)
    one.cluster.publish("room", b"missed")
    two.proxy.heal()
    await until(lambda: two.heard.resyncs)
    await reached(one, [two], "room")
    assert two.heard.news[0] == ("resync", None)
    assert two.heard.resyncs == [None]
    assert one.heard.resyncs == []


@pytest.mark.parametrize("fault", ["cut", "blackhole"])
async def test_others_hear_in_which_rooms_a_server_lost_publications(servers: Servers, fault: str):
    """Only of those that they are subscribed to, before what it publishes then; what is to be kept is sent again."""
    one, two, three = await servers.start_hasty(), await servers.start(), await servers.start()
    for room in ("a", "b", "quiet"):
        await two.cluster.subscribe(room)
    await three.cluster.subscribe("quiet")
    getattr(one.proxy, fault)()
    one.cluster.publish("a", b"in flight")
    await until(lambda: one.down)
    one.cluster.publish("a", b"lost")
    one.cluster.publish("b", b"kept 1", retry=True)
    one.cluster.publish("nobody's", b"lost")
    one.cluster.publish("b", b"kept 2", retry=True)
    one.proxy.heal()
    await until(lambda: one.whole)
    await reached(one, [two], "a")
    late = ("deliver", ("a", b"in flight"))  # a network may have kept it, and passed it on before the rest
    assert [news for news in two.heard.news if news != late] == [
        ("resync", {"a", "b"}),
        ("deliver", ("b", b"kept 1")),
        ("deliver", ("b", b"kept 2")),
        ("deliver", ("a", b"marker")),
    ]
    await reached(one, [three], "quiet")
    assert three.heard.resyncs == []
    assert one.heard.deliveries == []


async def test_its_own_subscription_is_served_while_a_server_is_cut_off(servers: Servers):
    """Who is on the same server does not notice, and hears nothing twice."""
    one = await servers.start_hasty()
    await one.cluster.subscribe("room")
    await one.lose()
    one.cluster.publish("room", b"local", retry=True)
    assert one.heard.deliveries == [("room", b"local")]
    one.proxy.heal()
    await until(lambda: one.whole and one.heard.resyncs)
    await one.cluster.ping()
    assert one.heard.deliveries == [("room", b"local")]


async def test_a_subscription_during_an_interruption_counts_from_its_end_on(servers: Servers):
    """It does not wait, as a resync follows; an end of a subscription counts as well."""
    one, two = await servers.start(), await servers.start_hasty()
    await two.cluster.subscribe("ended")
    await two.lose()
    async with asyncio.timeout(0.1):
        await two.cluster.subscribe("begun")
        await two.cluster.unsubscribe("ended")
    two.proxy.heal()
    await until(lambda: two.heard.resyncs)
    one.cluster.publish("ended", b"lost")
    await reached(one, [two], "begun")
    assert two.heard.deliveries == [("begun", b"marker")]


async def test_subscriptions_in_flight_are_done_when_the_connection_is_lost(servers: Servers):
    """Nobody waits for a confirmation that never comes."""
    one = await servers.start_hasty()
    one.proxy.blackhole()
    async with asyncio.timeout(3):
        await asyncio.gather(one.cluster.subscribe("a"), one.cluster.unsubscribe("b"))
    one.proxy.heal()
    await until(lambda: one.heard.resyncs)


async def test_many_rooms_are_subscribed_to_again(servers: Servers, monkeypatch: pytest.MonkeyPatch):
    """All of them, before the resync; what is published while that goes on comes after it."""
    monkeypatch.setattr(redis_subscriber, "CHUNK", 7)
    one, two = await servers.start(), await servers.start_hasty()
    rooms = [f"room {number}" for number in range(100)]
    await asyncio.gather(*map(two.cluster.subscribe, rooms))
    await two.lose()
    two.proxy.heal()
    sent = 0
    while not two.heard.resyncs:
        one.cluster.publish(rooms[sent % 100], str(sent).encode())
        sent += 1
        await asyncio.sleep(0)
    for room in rooms:
        await reached(one, [two], room)
    assert two.heard.news[0] == ("resync", None)
    numbers = [int(payload) for _, payload in two.heard.deliveries if payload != b"marker"]
    assert numbers == sorted(numbers)


async def test_what_is_noted_during_an_interruption_is_bounded(servers: Servers, monkeypatch: pytest.MonkeyPatch):
    """Above a number of rooms it stands for all; of what is kept the latest stay."""
    monkeypatch.setattr(redis_publisher, "ROOMS_BOUND", 3)
    one, two = await servers.start_hasty(), await servers.start()
    await two.cluster.subscribe("room")
    await one.lose()
    for number in range(redis_publisher.KEPT_BOUND + 5):
        one.cluster.publish(f"room {number}", b"lost")
        one.cluster.publish("room", str(number).encode(), retry=True)
    one.proxy.heal()
    await until(lambda: one.whole)
    await reached(one, [two], "room")
    assert two.heard.news[0] == ("resync", None)
    assert len(two.heard.deliveries) == redis_publisher.KEPT_BOUND + 1
    assert two.heard.deliveries[0] == ("room", b"5")


async def test_all_servers_recover_from_a_redis_that_was_frozen(own_servers: Servers, own_redis: Engine):
    """For longer than it may take: each resyncs, and hears the others again."""
    one, two = [await own_servers.start_hasty() for _ in range(2)]
    for server in (one, two):
        await server.cluster.subscribe("room")
    await own_redis.pause()
    one.cluster.publish("room", b"kept", retry=True)
    await until(lambda: one.down and two.down)
    await own_redis.resume()
    await until(lambda: one.whole and two.whole and one.heard.resyncs and two.heard.resyncs)
    await reached(one, [two], "room")
    await reached(two, [one], "room", b"back")
    assert one.heard.deliveries.count(("room", b"kept")) == 1


async def test_all_servers_recover_from_a_redis_that_was_killed(own_servers: Servers, own_redis: Engine):
    """And started again without anything that it had."""
    one, two = [await own_servers.start_hasty() for _ in range(2)]
    for server in (one, two):
        await server.cluster.subscribe("room")
    await own_redis.kill()
    await until(lambda: one.down and two.down)
    await own_redis.restart(empty=True)
    await until(lambda: one.whole and two.whole and one.heard.resyncs and two.heard.resyncs)
    await reached(one, [two], "room")
    await reached(two, [one], "room", b"back")
    assert one.heard.news[0][0] == two.heard.news[0][0] == "resync"
