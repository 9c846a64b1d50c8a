"""`app.gateways.friends`: messages that the cluster loses are given from the store, and nobody comes back for them."""

import asyncio
from typing import Any

import pytest

from app.domain.clock import least_id, now_ms
from app.domain.mailbox import LATE_MS
from app.engine.base import encode
from app.gateways.base import Envelope
from app.store.base import NewMessage, User
from tests.engine.served import received
from tests.gateways.friends_talk import confirm, say, store, tell, texts
from tests.gateways.house import House, housed
from tests.waiting import DEADLINE, until


async def test_what_was_lost_comes_after_the_gap_and_before_anything_live(house: House, pair: tuple[User, User]):
    """In the order of sending, and each message once."""
    han, obi = pair
    async with house.device(obi) as desert, house.device(han) as ship:
        await desert.hears("connected")
        await say(house, ship, "before")
        house.cluster.losing = True
        await say(house, ship, "lost 1")
        await say(house, ship, "lost 2")
        house.cluster.losing = False
        house.hub.resync(None)
        await say(house, ship, "after")
        assert await texts(desert, 4) == ["before", "lost 1", "lost 2", "after"]


async def test_a_gap_in_some_rooms_concerns_their_members_only(house: House, pair: tuple[User, User]):
    """Nobody else is looked up in the store."""
    han, obi = pair
    luke = await house.person("Luke", han)
    async with house.device(obi) as desert, house.device(luke), house.device(han) as ship:
        await desert.hears("connected")
        house.cluster.losing = True
        await say(house, ship, "lost")
        house.cluster.losing = False
        house.hub.resync([f"friends:user:{obi.id}", f"direct:user:{luke.id}", "friends:of:nobody"])
        assert await texts(desert, 1) == ["lost"]
        assert house.store.recoveries == [[obi.id]]


async def test_what_was_given_live_is_not_given_again(house: House, pair: tuple[User, User]):
    """Whether or not it was confirmed by then."""
    han, obi = pair
    async with house.device(obi) as desert, house.device(han) as ship:
        await desert.hears("connected")
        for i in range(10):
            await say(house, ship, f"{i}")
            house.hub.resync(None)
        await say(house, ship, "last")
        assert await texts(desert, 11) == [*map(str, range(10)), "last"]


async def test_what_one_device_confirmed_reaches_the_other(house: House, pair: tuple[User, User]):
    """Each that stood all the time has each message once, and one that came later has what was pending then."""
    han, obi = pair
    async with house.device(han) as ship, house.device(obi) as one:
        await say(house, ship, "to the one")
        assert await texts(one, 1) == ["to the one"]
        await confirm(house, one, obi)
        async with house.device(obi) as other:
            room = f"friends:of:{han.id}"
            house.engine.leave([*house.engine.members(room)][-1], room)
            await say(house, ship, "missed by the other")
            assert await texts(one, 1) == ["missed by the other"]
            await confirm(house, one, obi)
            house.hub.resync(None)
            await say(house, ship, "live")
            assert await texts(other, 2) == ["missed by the other", "live"]
            assert await texts(one, 1) == ["live"]


async def test_what_another_device_confirmed_during_a_connect_is_in_its_place(house: House, pair: tuple[User, User]):
    """It was held back, and is pending no more: after the list it would come after what was sent later."""
    han, obi = pair
    async with house.device(han) as ship, house.device(obi) as one:
        house.store.answering.clear()
        asked = house.store.pendings
        async with house.opened(house.users.token(obi)) as other:
            await until(lambda: house.store.pendings == asked + 1)
            await say(house, ship, "first")
            assert await texts(one, 1) == ["first"]
            assert await received(one.websocket) == "2"
            confirmed = house.store.operations
            await one.websocket.send("3")
            await until(lambda: house.store.operations == confirmed + 1)
            await say(house, ship, "second")
            house.store.answering.set()
            assert (await other.packet()).startswith("40{")
            assert [it["message"] for it in await other.hears("unseen_messages")] == ["second", "first"]
            await say(house, ship, "third")
            assert await texts(other, 1) == ["third"]


async def test_a_store_that_does_not_answer_delays_what_is_live_and_loses_nothing(
    house: House, pair: tuple[User, User]
):
    """The gap is closed when it is back."""
    han, obi = pair
    async with house.device(obi) as desert, house.device(han) as ship:
        await desert.hears("connected")
        house.cluster.losing = True
        await say(house, ship, "lost")
        house.cluster.losing = False
        house.store.down = {"owed"}
        house.hub.resync(None)
        await say(house, ship, "held back")
        await until(lambda: house.store.recoveries)
        house.store.down = set()
        assert await texts(desert, 2) == ["lost", "held back"]


async def test_gaps_that_come_faster_than_the_store_is_read_keep_nobody_out(house: House, pair: tuple[User, User]):
    """A store that has much to do answers late; who connects meanwhile, and who lacks something, is given it still."""
    han, obi = pair
    await store(house, han, obi, "pending")
    async with house.device(han) as ship:
        house.store.meanwhile = lambda: house.hub.resync(None)
        async with house.opened(house.users.token(obi)) as desert:
            assert (await desert.packet()).startswith("40{")
            assert [it["message"] for it in await desert.hears("unseen_messages")] == ["pending"]
            await store(house, han, obi, "missed")
            await say(house, ship, "said")
            assert await texts(desert, 2) == ["missed", "said"]
            house.store.meanwhile = lambda: None
            await say(house, ship, "live again")
            assert await texts(desert, 1) == ["live again"]


async def test_what_is_held_back_for_long_is_let_go_of_and_read_again(pair_options: dict[str, Any]):
    """However long the store is away: the server keeps no more than a part of what may wait for a client to read."""
    async with housed(confirm_interval=0.05, **pair_options) as house:
        obi = await house.person("Obi")
        han = await house.person("Han", obi)
        said = [f"{number} {'x' * 1000}" for number in range(100)]
        async with house.device(obi) as desert:
            house.store.down = {"owed"}
            house.hub.resync(None)
            [connection] = house.engine.members(f"friends:user:{obi.id}")
            feed = connection.state.feed
            most = 0
            for text in said:
                await tell(house, han, obi, text)
                most = max(most, feed.waiting)
            assert 0 < most <= house.settings.max_buffer // 4
            house.store.down = set()
            assert await texts(desert, len(said)) == said
            await until(lambda: not feed.waiting)


@pytest.fixture
def pair_options() -> dict[str, Any]:
    """Return the settings of a server that keeps little for a client."""
    return {"max_buffer": 40_000}


async def test_announcements_that_are_too_many_end_the_connection(pair_options: dict[str, Any]):
    """They are in no store: the client comes back, and asks who is there."""
    async with housed(confirm_interval=0.05, **pair_options) as house:
        obi = await house.person("Obi")
        han = await house.person("Han", obi)
        async with house.device(obi) as desert:
            house.store.down = {"owed"}
            house.hub.resync(None)
            envelope = Envelope(encode("connected", {"message": "x" * 1000}))
            for _ in range(12):
                house.cluster.publish(f"friends:of:{han.id}", envelope.encode())
            assert await desert.ending() == []


async def test_what_is_more_than_may_wait_for_a_client_comes_in_parts(pair_options: dict[str, Any]):
    """In order, each once, with what is live after it; nobody is disconnected for having missed much."""
    async with housed(confirm_interval=0.05, **pair_options) as house:
        obi = await house.person("Obi")
        han = await house.person("Han", obi)
        said = [f"{number} {'x' * 1000}" for number in range(100)]
        async with house.device(obi) as desert, house.device(han) as ship:
            await desert.hears("connected")
            await store(house, han, obi, *said)
            house.hub.resync(None)
            await until(lambda: house.count("parley_deliveries_total"))
            assert house.count("parley_deliveries_total") < 20
            await say(house, ship, "live")
            assert await texts(desert, len(said) + 1) == [*said, "live"]


async def test_a_gap_during_a_connect_is_in_the_list(house: House, pair: tuple[User, User]):
    """What is lost while a connection is being made is unseen, and nothing comes before the list."""
    han, obi = pair
    async with house.device(han) as ship:
        house.cluster.held = {f"friends:of:{han.id}"}
        async with house.opened(house.users.token(obi)) as desert:
            await until(lambda: house.cluster.waiting)
            house.cluster.losing = True
            await say(house, ship, "lost")
            house.cluster.losing = False
            house.hub.resync(None)
            house.cluster.release(f"friends:of:{han.id}")
            assert (await desert.packet()).startswith("40{")
            assert [one["message"] for one in await desert.hears("unseen_messages")] == ["lost"]


@pytest.mark.parametrize("cut", ["messages", "bytes"])
async def test_what_a_list_left_out_is_not_given_after_what_is_newer(cut: str):
    """Neither by their number nor by their size: it comes with the list of another connect."""
    text = "x" * 4000
    options: dict[str, Any] = {"unseen_limit": 3} if cut == "messages" else {"max_buffer": 30_000}
    async with housed(confirm_interval=0.05, **options) as house:
        obi = await house.person("Obi")
        han = await house.person("Han", obi)
        await store(house, han, obi, *(f"{number} {text}" for number in range(5)))
        async with house.opened(house.users.token(obi)) as desert, house.device(han) as ship:
            assert (await desert.packet()).startswith("40{")
            first = [one["message"][0] for one in await desert.hears("unseen_messages")]
            assert first == ["4", "3", "2"]
            await desert.hears("connected")
            house.hub.resync(None)
            await say(house, ship, "live")
            assert await texts(desert, 1) == ["live"]
            answering = asyncio.create_task(desert.packet())
            async with asyncio.timeout(DEADLINE):
                while len(await house.store.pending("friends", obi.id, 9)) > 2:  # noqa: ASYNC110  (no event either)
                    await asyncio.sleep(0.001)
            answering.cancel()
        async with house.opened(house.users.token(obi)) as desert:
            assert (await desert.packet()).startswith("40{")
            assert [one["message"][0] for one in await desert.hears("unseen_messages")] == ["1", "0"]


async def test_a_publication_that_is_late_is_taken_from_the_store(house: House, pair: tuple[User, User]):
    """It may be of a message that was confirmed and forgotten: only what is still pending is given."""
    han, obi = pair
    old = now_ms() - LATE_MS - 1000
    pending, confirmed = [
        NewMessage(f"{least_id(old + i)}{i:013x}", "friends", han.id, text, old + i, (obi.id,))
        for i, text in enumerate(("pending", "confirmed"))
    ]
    async with house.device(obi) as desert, house.device(han) as ship:
        await desert.hears("connected")
        for message in (pending, confirmed):
            await house.store.append(message)
        await house.store.confirm(obi.id, [confirmed.id])
        for message in (confirmed, pending, pending):
            packet = encode("message", {"message": f"published: {message.text}"})
            house.cluster.publish(f"friends:of:{han.id}", Envelope(packet, message.id).encode())
        await say(house, ship, "marker")
        assert await texts(desert, 2) == ["pending", "marker"]


async def test_a_message_whose_answer_was_lost_is_delivered(house: House, pair: tuple[User, User]):
    """The sender is told that it may not have been stored, as nobody knew; its recipients need not come back."""
    han, obi = pair
    async with house.device(obi) as desert, house.device(han) as ship:
        await desert.hears("connected")
        house.store.down = {"answer"}
        await ship.says("in doubt")
        assert (await ship.hears("exception"))["message"] == "Service unavailable"
        house.store.down = set()
        assert await texts(desert, 1) == ["in doubt"]
