"""What every adapter of `app.store.base.Store` guarantees of users and friendships."""

import asyncio
from dataclasses import replace

import pytest

from app.domain.errors import Conflict, NotFound
from app.store.base import Store, User
from tests.store.records import (
    ANAKIN,
    HAN,
    LEIA,
    MAILBOX,
    NOBODY,
    NOONE,
    OBI,
    ZAM,
    add_friends,
    add_users,
    message,
    uid,
    user,
)


async def test_a_user_is_found_by_id_as_stored(store: Store):
    """`user` returns every field of the user that was added."""
    han = User("624a1138cda69df1a7c29caf", "han@mail.com", "$2b$12$hash", "Han", "Solo", (), 1649021011964)
    await store.add_user(han)
    assert await store.user(han.id) == han


async def test_a_user_comes_with_their_own_side_of_friendships(store: Store):
    """`add_user` stores the friends that the value names for the user, and changes nobody else."""
    await add_users(store, OBI, LEIA)
    await store.add_user(replace(user(HAN), friends=(OBI, LEIA)))
    found = await store.users([HAN, OBI, LEIA])
    assert {one.id: one.friends for one in found.values()} == {HAN: (OBI, LEIA), OBI: (), LEIA: ()}
    assert await store.befriend(OBI, HAN) is True


@pytest.mark.parametrize("written", ["han@mail.com", "Han@Mail.COM", "HAN@MAIL.COM"])
async def test_a_user_is_found_by_an_email_in_any_case(store: Store, written: str):
    """`user_by_email` compares without regard to case, and the e-mail is stored in lower case."""
    await store.add_user(user(HAN, email="HAN@mail.com"))
    found = await store.user_by_email(written)
    assert found == user(HAN, email="han@mail.com")


async def test_unknown_users_are_none(store: Store):
    """An id and an e-mail that nobody has are answered with None."""
    assert await store.user(NOBODY) is None
    assert await store.user_by_email("nobody@mail.com") is None


@pytest.mark.parametrize("email", ["han@mail.com", "HAN@mail.com"])
async def test_an_email_belongs_to_one_user(store: Store, email: str):
    """`add_user` raises `Conflict` for an e-mail that is taken, in whatever case, and stores nothing."""
    han = user(HAN, email="han@mail.com")
    await store.add_user(han)
    with pytest.raises(Conflict, match="Email already in use"):
        await store.add_user(user(OBI, email=email))
    assert await store.user(OBI) is None
    assert await store.user_by_email(email) == han


async def test_an_id_belongs_to_one_user(store: Store):
    """`add_user` raises `Conflict` for an id that is taken and leaves its user as they were."""
    await store.add_user(user(HAN))
    with pytest.raises(Conflict):
        await store.add_user(user(HAN, email="other@mail.com"))
    assert await store.user(HAN) == user(HAN)
    assert await store.user_by_email("other@mail.com") is None


async def test_an_email_taken_twice_at_once_is_stored_once(store: Store):
    """Of concurrent registrations with one e-mail one succeeds and the others raise `Conflict`."""
    results = await asyncio.gather(
        *(store.add_user(user(uid(f"user{i}"), email="one@mail.com")) for i in range(20)), return_exceptions=True
    )
    assert results.count(None) == 1
    assert sum(isinstance(result, Conflict) for result in results) == 19


@pytest.mark.parametrize(
    "user_id", ["", "nobody", "x" * 24, HAN.upper(), HAN[:-1], f"{HAN[:-2]} f", "\x00" * 12, "é" * 12]
)
async def test_an_id_that_is_none_is_unknown(store: Store, user_id: str):
    """What is not 24 hex digits in lower case is the id of nobody: not found, passed over, no friend of anybody."""
    await add_users(store, HAN)
    assert await store.user(user_id) is None
    assert await store.users([user_id, HAN]) == {HAN: user(HAN)}
    await store.touch(user_id, 2_000)
    for pair in ((user_id, HAN), (HAN, user_id)):
        with pytest.raises(NotFound):
            await store.befriend(*pair)
        assert await store.unfriend(*pair) is False
    assert await store.append(message(user_id, to_friends=True)) == ()
    assert await store.pending(MAILBOX, user_id, 10) == []
    assert await store.history(MAILBOX, user_id, None, 10) == []
    await store.confirm(user_id, ["unknown"])
    assert await store.user(HAN) == user(HAN)


async def test_users_returns_those_that_exist(store: Store):
    """`users` leaves unknown ids out, names a repeated one once, and includes each one's friends."""
    await add_friends(store, HAN, OBI)
    found = await store.users(iter([HAN, NOBODY, OBI, HAN]))
    assert found == {HAN: replace(user(HAN), friends=(OBI,)), OBI: replace(user(OBI), friends=(HAN,))}
    assert await store.users([]) == {}


async def test_last_seen_never_goes_back(store: Store):
    """`touch` sets the time given unless a later one is known."""
    await store.add_user(user(HAN, last_seen=1_000))
    seen: list[int] = []
    for instant in (2_000, 1_500, 2_001):
        await store.touch(HAN, instant)
        han = await store.user(HAN)
        assert han is not None
        seen.append(han.last_seen)
    assert seen == [2_000, 2_000, 2_001]


async def test_touch_passes_over_an_unknown_user(store: Store):
    """`touch` creates no user."""
    await store.touch(NOBODY, 1)
    assert await store.user(NOBODY) is None


# friendships


async def friends(store: Store, name: str) -> tuple[str, ...]:
    found = await store.user(name)
    assert found is not None
    return found.friends


async def test_a_friendship_is_of_both(store: Store):
    """`befriend` makes each a friend of the other."""
    await add_users(store, HAN, OBI)
    assert await store.befriend(HAN, OBI) is True
    assert (await friends(store, HAN), await friends(store, OBI)) == ((OBI,), (HAN,))


async def test_befriending_again_changes_nothing(store: Store):
    """`befriend` returns False if they were friends, whichever of the two asks."""
    await add_friends(store, HAN, OBI)
    assert await store.befriend(HAN, OBI) is False
    assert await store.befriend(OBI, HAN) is False
    assert (await friends(store, HAN), await friends(store, OBI)) == ((OBI,), (HAN,))


async def test_befriending_completes_what_only_one_of_the_two_has(store: Store):
    """Where one of the two has the other as a friend already, `befriend` returns True, to one of two calls at once."""
    for i, order in enumerate([(HAN, OBI), (OBI, HAN)] * 2):
        han, obi = uid(f"{order[0]}{i}"), uid(f"{order[1]}{i}")
        await store.add_user(user(han))
        await store.add_user(replace(user(obi), friends=(han,)))
        begun = await asyncio.gather(store.befriend(han, obi), store.befriend(obi, han))
        assert sorted(begun) == [False, True]
        assert (await friends(store, han), await friends(store, obi)) == ((obi,), (han,))


async def test_befriending_each_other_at_once_begins_one_friendship(store: Store):
    """Of two concurrent calls for one pair exactly one returns True."""
    await add_users(store, HAN, OBI)
    begun = await asyncio.gather(store.befriend(HAN, OBI), store.befriend(OBI, HAN))
    assert sorted(begun) == [False, True]
    assert (await friends(store, HAN), await friends(store, OBI)) == ((OBI,), (HAN,))


@pytest.mark.parametrize("pair", [(HAN, NOBODY), (NOBODY, HAN), (NOBODY, NOONE)])
async def test_befriending_an_unknown_user_leaves_nothing_behind(store: Store, pair: tuple[str, str]):
    """`befriend` raises `NotFound` if one does not exist; no friendship appears, also when that user is added."""
    await add_users(store, HAN)
    with pytest.raises(NotFound):
        await store.befriend(*pair)
    await add_users(store, NOBODY, NOONE)
    assert [await friends(store, name) for name in (HAN, NOBODY, NOONE)] == [(), (), ()]


async def test_friends_are_in_the_order_in_which_the_friendships_began(store: Store):
    """`User.friends` is ordered by when each friendship began; one that ended and began again is the last."""
    await add_friends(store, HAN, ZAM, OBI, ANAKIN)
    assert await friends(store, HAN) == (ZAM, OBI, ANAKIN)
    await store.unfriend(HAN, ZAM)
    await store.befriend(ZAM, HAN)
    assert await friends(store, HAN) == (OBI, ANAKIN, ZAM)


async def test_a_friendship_ends_for_both(store: Store):
    """`unfriend` ends the friendship of both and of nobody else, whichever of the two asks."""
    await add_friends(store, OBI, HAN, ANAKIN)
    assert await store.unfriend(HAN, OBI) is True
    assert [await friends(store, name) for name in (HAN, OBI, ANAKIN)] == [(), (ANAKIN,), (OBI,)]


async def test_ending_no_friendship_returns_false(store: Store):
    """`unfriend` returns False for users who are no friends, and for unknown ones."""
    await add_users(store, HAN, OBI)
    assert await store.unfriend(HAN, OBI) is False
    assert await store.unfriend(HAN, NOBODY) is False


async def test_ending_a_friendship_at_once_ends_it_once(store: Store):
    """Of two concurrent calls for one pair exactly one returns True."""
    await add_friends(store, HAN, OBI)
    ended = await asyncio.gather(store.unfriend(HAN, OBI), store.unfriend(OBI, HAN))
    assert sorted(ended) == [False, True]
    assert (await friends(store, HAN), await friends(store, OBI)) == ((), ())
