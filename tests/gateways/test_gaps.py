"""`app.gateways.friends`: what the cluster loses is given from the store, and no client has to come back for it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.domain.clock import Sequence, least_id, now_ms
from app.domain.mailbox import LATE_MS
from app.engine.base import encode
from app.gateways.base import Envelope
from app.store.base import NewMessage, User
from tests.engine.served import received
from tests.gateways.house import Device, House, housed
from tests.waiting import DEADLINE, until

IDS = Sequence()


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with housed(confirm_interval=0.05) as house:
        yield house


@pytest.fixture
async def pair(house: House) -> tuple[User, User]:
    """Return two friends: one who talks, and one who listens."""
    obi = await house.person("Obi")
    return await house.person("Han", obi), obi


async def say(house: House, device: Device, text: str) -> None:
    """Send a message and return when it is stored."""
    stored = house.count("parley_messages_total")
    await device.says(text)
    await until(lambda: house.count("parley_messages_total") == stored + 1)


async def texts(device: Device, count: int) -> list[str]:
    """Return the next so many messages."""
    return [(await device.hears("message"))["message"] for _ in range(count)]


async def store(house: House, sender: User, recipient: User, *said: str) -> None:
    """Store messages that nobody has heard of."""
    for text in said:
        message_id, instant = IDS.next()
        await house.store.append(NewMessage(message_id, "friends", sender.id, text, instant, (recipient.id,)))


async def tell(house: House, sender: User, recipient: User, text: str) -> None:
    """Store a message and publish it."""
    await store(house, sender, recipient, text)
    packet = encode("message", {"message": text})
    [newest] = await house.store.pending("friends", recipient.id, 1)
    house.cluster.publish(f"friends:of:{sender.id}", Envelope(packet, newest.id).encode())


async def confirm(house: House, device: Device, user: User) -> None:
    """Answer the PING that follows a message, and return when nothing is pending for the user."""
    assert await received(device.websocket) == "2"
    await device.websocket.send("3")
    async with asyncio.timeout(DEADLINE):
        while await house.store.pending("friends", user.id, 1):  # noqa: ASYNC110  (the store sets no event)
            await asyncio.sleep(0.001)


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


async def test_what_a_new_friend_says_before_the_subscription_is_not_missed(house: House):
    """It comes first, when the subscription has taken effect."""
    han, obi = [await house.person(name) for name in ("Han", "Obi")]
    room = f"friends:of:{han.id}"
    async with house.device(obi) as desert, house.device(han) as ship:
        house.cluster.held = {room}
        await house.users.befriend(han, han.id, obi.id)
        await until(lambda: house.cluster.waiting)
        await say(house, ship, "missed")
        house.cluster.release(room)
        await say(house, ship, "heard")
        assert await texts(desert, 2) == ["missed", "heard"]


async def test_a_note_that_comes_late_cuts_no_friend_off(house: House, pair: tuple[User, User]):
    """That a friendship ended is a hint: it may have begun again since, and the store says so."""
    han, obi = pair
    async with house.device(obi) as desert, house.device(han) as ship:
        await desert.hears("connected")
        house.cluster.publish(f"friends:user:{obi.id}", Envelope(note=f"ended {han.id}").encode())
        await say(house, ship, "right then")
        assert await texts(desert, 1) == ["right then"]
        await until(lambda: f"friends:of:{han.id}" in house.cluster.subscribed)
        await say(house, ship, "and later")
        assert await texts(desert, 1) == ["and later"]


async def test_a_note_that_comes_late_makes_nobody_a_friend(house: House, pair: tuple[User, User]):
    """That a friendship began is a hint too."""
    han, obi = pair
    luke = await house.person("Luke", han)
    async with house.device(obi) as desert, house.device(luke) as farm, house.device(han) as ship:
        assert [(await desert.event())[0]] == ["connected"]
        house.cluster.publish(f"friends:user:{obi.id}", Envelope(note=f"began {luke.id}").encode())
        await until(lambda: house.store.recoveries == [[obi.id]])
        await say(house, farm, "to Han alone")
        await say(house, ship, "marker")
        assert await texts(desert, 1) == ["marker"]


@pytest.mark.parametrize("change", ["ended", "began"])
async def test_a_note_that_comes_late_while_a_connection_is_made_is_a_hint_too(
    house: House, pair: tuple[User, User], change: str
):
    """Whatever the connect is waiting for."""
    han, obi = pair
    leia = await house.person("Leia", obi)
    house.cluster.held = {f"friends:of:{leia.id}"}
    async with house.device(han) as ship, house.opened(house.users.token(obi)) as desert:
        await until(lambda: house.cluster.waiting)
        house.cluster.publish(f"friends:user:{obi.id}", Envelope(note=f"{change} {han.id}").encode())
        house.cluster.release(f"friends:of:{leia.id}")
        assert (await desert.packet()).startswith("40{")
        await desert.hears("unseen_messages")
        await say(house, ship, "hello")
        assert await texts(desert, 1) == ["hello"]


async def test_a_friendship_that_began_in_a_gap_is_followed(house: House):
    """The friends are read again, so both hear each other without coming back."""
    han, obi = [await house.person(name) for name in ("Han", "Obi")]
    async with house.device(obi) as desert, house.device(han) as ship:
        house.cluster.losing = True
        await house.users.befriend(han, han.id, obi.id)
        house.cluster.losing = False
        house.hub.resync(None)
        await until(lambda: {f"friends:of:{one.id}" for one in (han, obi)} <= house.cluster.subscribed)
        await say(house, ship, "hello")
        assert await texts(desert, 1) == ["hello"]


async def test_a_friendship_that_ended_in_a_gap_is_followed_no_more(house: House, pair: tuple[User, User]):
    """Nothing that the former friend says is heard."""
    han, obi = pair
    luke = await house.person("Luke", han, obi)
    async with house.device(obi) as desert, house.device(luke) as farm, house.device(han) as ship:
        house.cluster.losing = True
        await house.users.unfriend(han, han.id, obi.id)
        house.cluster.losing = False
        house.hub.resync(None)
        await until(lambda: house.store.recoveries == [sorted([han.id, obi.id, luke.id])])
        await say(house, ship, "to Luke alone")
        await say(house, farm, "marker")
        assert [(await desert.event())[0] for _ in range(2)] == ["connected", "connected"]
        assert await texts(desert, 1) == ["marker"]


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


async def test_who_came_or_went_unheard_is_announced_later(house: House, pair: tuple[User, User]):
    """As soon as the cluster can tell; a user who does not exist any more is announced by nobody."""
    han, obi = pair
    async with house.device(obi) as desert:
        house.hub.arrived("friends", han.id)
        assert (await desert.hears("connected"))["username"] == "Han"
        house.hub.departed("friends", "624a1138cda69df1a7c29caf")
        house.hub.arrived("friends", "624a1138cda69df1a7c29caf")
        house.hub.departed("direct", han.id)
        began = now_ms()
        house.hub.departed("friends", han.id)
        assert (await desert.hears("disconnected"))["message"] == "Han disconnected now."
        await until(lambda: not house.gateway._chores)
        assert await house.last_seen(han) >= began


async def test_who_came_or_went_while_the_store_was_away_is_announced_late(house: House, pair: tuple[User, User]):
    """Not never: with the time at which the user was last seen. One who has come back meanwhile did not leave."""
    han, obi = pair
    luke = await house.person("Luke", obi)
    async with house.device(obi) as desert:
        house.store.down = {"user", "touch"}
        began = now_ms()
        house.hub.departed("friends", luke.id)
        house.hub.departed("friends", han.id)
        await until(lambda: not house.gateway._chores)
        ended = now_ms()
        await house.cluster.arrive("friends", luke.id, "a socket of another server")
        house.store.down = set()
        assert (await desert.hears("disconnected"))["username"] == "Han"
        await until(lambda: not house.gateway._announcing._arrears._due)
        assert began <= await house.last_seen(han) <= ended
        house.store.down = {"user"}
        house.hub.arrived("friends", luke.id)
        house.hub.arrived("friends", han.id)
        await until(lambda: not house.gateway._chores)
        house.store.down = set()
        assert (await desert.hears("connected"))["username"] == "Luke"
        await until(lambda: not house.gateway._announcing._arrears._due)
        async with house.device(han):
            assert (await desert.hears("connected"))["username"] == "Han"


async def test_a_user_who_does_not_exist_any_more_is_not_kept_connected(house: House, pair: tuple[User, User]):
    """A recovery that finds nobody ends the connection."""
    _, obi = pair
    async with house.device(obi) as desert:
        house.store.gone.add(obi.id)
        house.hub.resync(None)
        assert await asyncio.wait_for(desert.ending(), 5) == []
