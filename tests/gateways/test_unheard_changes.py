"""`app.gateways.friends`: friendships and presence of which the cluster tells late or not at all."""

import asyncio

import pytest

from app.domain.clock import now_ms
from app.gateways.base import Envelope
from app.store.base import User
from tests.gateways.friends_talk import say, texts
from tests.gateways.house import House
from tests.waiting import until


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
