"""What every adapter of `app.store.base.Store` guarantees."""

import asyncio
from dataclasses import replace

import pytest

from app.domain.errors import Conflict, NotFound, Unavailable
from app.store.base import NewMessage, Store, User
from tests.store.records import MAILBOX, add_friends, add_users, message, stored, user

# users


async def test_a_user_is_found_by_id_as_stored(store: Store):
    """`user` returns every field of the user that was added."""
    han = User("624a1138cda69df1a7c29caf", "han@mail.com", "$2b$12$hash", "Han", "Solo", (), 1649021011964)
    await store.add_user(han)
    assert await store.user(han.id) == han


async def test_a_user_comes_with_their_own_side_of_friendships(store: Store):
    """`add_user` stores the friends that the value names for the user, and changes nobody else."""
    await add_users(store, "obi", "leia")
    await store.add_user(replace(user("han"), friends=("obi", "leia")))
    found = await store.users(["han", "obi", "leia"])
    assert {one.id: one.friends for one in found.values()} == {"han": ("obi", "leia"), "obi": (), "leia": ()}
    assert await store.befriend("obi", "han") is True


@pytest.mark.parametrize("written", ["han@mail.com", "Han@Mail.COM", "HAN@MAIL.COM"])
async def test_a_user_is_found_by_an_email_in_any_case(store: Store, written: str):
    """`user_by_email` compares without regard to case, and the e-mail is stored in lower case."""
    await store.add_user(user("han", email="HAN@mail.com"))
    found = await store.user_by_email(written)
    assert found == user("han", email="han@mail.com")


async def test_unknown_users_are_none(store: Store):
    """An id and an e-mail that nobody has are answered with None."""
    assert await store.user("nobody") is None
    assert await store.user_by_email("nobody@mail.com") is None


@pytest.mark.parametrize("email", ["han@mail.com", "HAN@mail.com"])
async def test_an_email_belongs_to_one_user(store: Store, email: str):
    """`add_user` raises `Conflict` for an e-mail that is taken, in whatever case, and stores nothing."""
    await store.add_user(user("han"))
    with pytest.raises(Conflict, match="Email already in use"):
        await store.add_user(user("other", email=email))
    assert await store.user("other") is None
    assert await store.user_by_email(email) == user("han")


async def test_an_id_belongs_to_one_user(store: Store):
    """`add_user` raises `Conflict` for an id that is taken and leaves its user as they were."""
    await store.add_user(user("han"))
    with pytest.raises(Conflict):
        await store.add_user(user("han", email="other@mail.com"))
    assert await store.user("han") == user("han")
    assert await store.user_by_email("other@mail.com") is None


async def test_an_email_taken_twice_at_once_is_stored_once(store: Store):
    """Of concurrent registrations with one e-mail one succeeds and the others raise `Conflict`."""
    results = await asyncio.gather(
        *(store.add_user(user(f"user{i}", email="one@mail.com")) for i in range(20)), return_exceptions=True
    )
    assert results.count(None) == 1
    assert sum(isinstance(result, Conflict) for result in results) == 19


async def test_users_returns_those_that_exist(store: Store):
    """`users` leaves unknown ids out, names a repeated one once, and includes each one's friends."""
    await add_friends(store, "han", "obi")
    found = await store.users(iter(["han", "nobody", "obi", "han"]))
    assert found == {"han": replace(user("han"), friends=("obi",)), "obi": replace(user("obi"), friends=("han",))}
    assert await store.users([]) == {}


async def test_last_seen_never_goes_back(store: Store):
    """`touch` sets the time given unless a later one is known."""
    await store.add_user(user("han", last_seen=1_000))
    seen: list[int] = []
    for instant in (2_000, 1_500, 2_001):
        await store.touch("han", instant)
        han = await store.user("han")
        assert han is not None
        seen.append(han.last_seen)
    assert seen == [2_000, 2_000, 2_001]


async def test_touch_passes_over_an_unknown_user(store: Store):
    """`touch` creates no user."""
    await store.touch("nobody", 1)
    assert await store.user("nobody") is None


# friendships


async def friends(store: Store, name: str) -> tuple[str, ...]:
    found = await store.user(name)
    assert found is not None
    return found.friends


async def test_a_friendship_is_of_both(store: Store):
    """`befriend` makes each a friend of the other."""
    await add_users(store, "han", "obi")
    assert await store.befriend("han", "obi") is True
    assert (await friends(store, "han"), await friends(store, "obi")) == (("obi",), ("han",))


async def test_befriending_again_changes_nothing(store: Store):
    """`befriend` returns False if they were friends, whichever of the two asks."""
    await add_friends(store, "han", "obi")
    assert await store.befriend("han", "obi") is False
    assert await store.befriend("obi", "han") is False
    assert (await friends(store, "han"), await friends(store, "obi")) == (("obi",), ("han",))


async def test_befriending_each_other_at_once_begins_one_friendship(store: Store):
    """Of two concurrent calls for one pair exactly one returns True."""
    await add_users(store, "han", "obi")
    begun = await asyncio.gather(store.befriend("han", "obi"), store.befriend("obi", "han"))
    assert sorted(begun) == [False, True]
    assert (await friends(store, "han"), await friends(store, "obi")) == (("obi",), ("han",))


@pytest.mark.parametrize("pair", [("han", "nobody"), ("nobody", "han"), ("nobody", "noone")])
async def test_befriending_an_unknown_user_leaves_nothing_behind(store: Store, pair: tuple[str, str]):
    """`befriend` raises `NotFound` if one does not exist; no friendship appears, also when that user is added."""
    await add_users(store, "han")
    with pytest.raises(NotFound):
        await store.befriend(*pair)
    await add_users(store, "nobody", "noone")
    assert [await friends(store, name) for name in ("han", "nobody", "noone")] == [(), (), ()]


async def test_friends_are_in_the_order_in_which_the_friendships_began(store: Store):
    """`User.friends` is ordered by when each friendship began; one that ended and began again is the last."""
    await add_friends(store, "han", "zam", "obi", "anakin")
    assert await friends(store, "han") == ("zam", "obi", "anakin")
    await store.unfriend("han", "zam")
    await store.befriend("zam", "han")
    assert await friends(store, "han") == ("obi", "anakin", "zam")


async def test_a_friendship_ends_for_both(store: Store):
    """`unfriend` ends the friendship of both and of nobody else, whichever of the two asks."""
    await add_friends(store, "obi", "han", "anakin")
    assert await store.unfriend("han", "obi") is True
    assert [await friends(store, name) for name in ("han", "obi", "anakin")] == [(), ("anakin",), ("obi",)]


async def test_ending_no_friendship_returns_false(store: Store):
    """`unfriend` returns False for users who are no friends, and for unknown ones."""
    await add_users(store, "han", "obi")
    assert await store.unfriend("han", "obi") is False
    assert await store.unfriend("han", "nobody") is False


# appending


async def test_a_message_is_pending_for_each_recipient(store: Store):
    """`append` stores the message for the recipients named, not for the sender, and returns them."""
    new = message("han", "obi", "anakin")
    assert await store.append(new) == ("obi", "anakin")
    for name in ("obi", "anakin"):
        assert await store.pending(MAILBOX, name, 10) == [stored(new)]
    assert await store.pending(MAILBOX, "han", 10) == []


async def test_a_recipient_named_twice_is_sent_it_once(store: Store):
    """`append` returns each recipient once, and the message is pending once."""
    new = message("han", "obi", "anakin", "obi")
    assert await store.append(new) == ("obi", "anakin")
    assert await store.pending(MAILBOX, "obi", 10) == [stored(new)]


async def test_a_message_for_all_friends_goes_to_the_friends_of_that_moment(store: Store):
    """Without recipients named, who is a friend when the message is stored gets it; a later friend does not."""
    await add_friends(store, "obi", "han", "anakin")
    await add_users(store, "later")
    new = message("obi", to_friends=True)
    assert sorted(await store.append(new)) == ["anakin", "han"]
    await store.befriend("obi", "later")
    await store.unfriend("obi", "anakin")
    assert await store.pending(MAILBOX, "han", 10) == [stored(new)]
    assert await store.pending(MAILBOX, "anakin", 10) == [stored(new)]
    assert await store.pending(MAILBOX, "later", 10) == []


async def test_a_message_beside_a_new_friendship_goes_to_whom_the_answer_names(store: Store):
    """Of an append and a friendship at the same time, the audience returned is the audience stored."""
    await add_users(store, "han", *(f"friend{i}" for i in range(20)))
    for i in range(20):
        new = message("han", to_friends=True)
        audience, _ = await asyncio.gather(store.append(new), store.befriend("han", f"friend{i}"))
        pending = [await store.pending(MAILBOX, f"friend{j}", 1) for j in range(20)]
        holders = {f"friend{j}" for j, newest in enumerate(pending) if newest == [stored(new)]}
        assert holders == set(audience)
        assert set(audience) >= {f"friend{j}" for j in range(i)}


@pytest.mark.parametrize("to_friends", [True, False])
async def test_a_message_to_nobody_is_not_stored(store: Store, to_friends: bool):
    """A message without recipients is answered with an empty audience and is in nobody's history."""
    await add_users(store, "han")
    assert await store.append(message("han", to_friends=to_friends)) == ()
    assert await store.history(MAILBOX, "han", None, 10) == []


async def test_appends_are_stored_in_the_order_of_their_calls(store: Store):
    """An append that has been answered implies every append called before it, of 200 under way at once."""
    news = [message(f"user{i % 7}", "obi", text=str(i)) for i in range(200)]
    answered: list[str] = []

    async def send(new: NewMessage) -> None:
        await store.append(new)
        answered.append(new.id)

    await asyncio.gather(*map(send, news))
    assert answered == [new.id for new in news]
    assert await store.pending(MAILBOX, "obi", 200) == [stored(new) for new in reversed(news)]


@pytest.mark.parametrize("text", ["a\x00b", "\x00", "🌧️ déjà 👩‍👩‍👧", "'; DROP TABLE messages; --", "x" * 100_000])
async def test_a_text_is_read_back_exactly(store: Store, text: str):
    """A text with NUL characters, of any script and of any length is read back as it was sent."""
    new = message("han", "obi", text=text)
    await store.append(new)
    assert await store.pending(MAILBOX, "obi", 1) == [stored(new)]
    assert await store.history(MAILBOX, "han", None, 1) == [stored(new)]


async def test_a_failing_call_leaves_its_neighbours_alone(store: Store):
    """Calls that raise beside others under way neither fail them nor change anything."""
    await add_friends(store, "han", "obi")
    news = [message("han", to_friends=True) for _ in range(20)]
    calls = [call for new in news for call in (store.append(new), store.befriend("han", "nobody"))]
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert results[::2] == [("obi",)] * 20
    assert all(isinstance(result, NotFound) for result in results[1::2])
    assert await store.pending(MAILBOX, "obi", 50) == [stored(new) for new in reversed(news)]


# pending and confirmed


async def test_the_newest_pending_messages_come_first(store: Store):
    """`pending` returns the newest up to the limit, newest first."""
    news = [message("han", "obi") for _ in range(5)]
    for new in news:
        await store.append(new)
    assert await store.pending(MAILBOX, "obi", 3) == [stored(new) for new in (news[4], news[3], news[2])]
    assert await store.pending(MAILBOX, "obi", 50) == [stored(new) for new in reversed(news)]


async def test_mailboxes_are_apart(store: Store):
    """A message is pending and in the history of its own mailbox alone."""
    friendly, direct = message("han", "obi", mailbox="friends"), message("han", "obi", mailbox="direct")
    await store.append(friendly)
    await store.append(direct)
    for name in ("han", "obi"):
        assert await store.history("friends", name, None, 10) == [stored(friendly)]
        assert await store.history("direct", name, None, 10) == [stored(direct)]
    assert await store.pending("friends", "obi", 10) == [stored(friendly)]
    assert await store.pending("direct", "obi", 10) == [stored(direct)]
    assert await store.pending("notifications", "obi", 10) == []


async def test_a_confirmation_is_of_one_user(store: Store):
    """`confirm` ends what is pending for the user who confirms, and for nobody else."""
    new = message("han", "obi", "anakin")
    await store.append(new)
    await store.confirm("obi", [new.id])
    assert await store.pending(MAILBOX, "obi", 10) == []
    assert await store.pending(MAILBOX, "anakin", 10) == [stored(new)]


async def test_a_confirmation_takes_many_messages_of_any_mailbox(store: Store):
    """`confirm` takes the ids of messages of several mailboxes at once and leaves all others pending."""
    news = [message("han", "obi", mailbox=("friends", "direct")[i % 2]) for i in range(200)]
    await asyncio.gather(*map(store.append, news))
    await store.confirm("obi", [new.id for new in news[10:]])
    assert await store.pending("friends", "obi", 200) == [stored(new) for new in reversed(news[0:10:2])]
    assert await store.pending("direct", "obi", 200) == [stored(new) for new in reversed(news[1:10:2])]


async def test_confirming_passes_over_unknown_and_confirmed_ids(store: Store):
    """`confirm` of ids unknown, confirmed before, another's, or none at all raises nothing and does the rest."""
    confirmed, anothers, last = message("han", "obi"), message("han", "anakin"), message("han", "obi")
    for new in (confirmed, anothers, last):
        await store.append(new)
    await store.confirm("obi", [confirmed.id])
    await store.confirm("obi", [])
    await store.confirm("obi", ["unknown", confirmed.id, anothers.id, last.id, last.id])
    assert await store.pending(MAILBOX, "obi", 10) == []
    assert await store.pending(MAILBOX, "anakin", 10) == [stored(anothers)]


async def test_confirmations_under_way_at_once_are_each_done(store: Store):
    """Concurrent confirmations by many users each take effect for their user alone."""
    names = [f"user{i}" for i in range(20)]
    news = [message("han", *names) for _ in range(3)]
    await asyncio.gather(*map(store.append, news))
    await asyncio.gather(*(store.confirm(name, [news[i % 3].id]) for i, name in enumerate(names)))
    for i, name in enumerate(names):
        left = [stored(new) for new in reversed(news) if new is not news[i % 3]]
        assert await store.pending(MAILBOX, name, 10) == left


# history


async def test_a_history_holds_what_was_sent_and_what_was_received(store: Store):
    """`history` has both, confirmed or not, newest first; what is between others is not in it."""
    sent, received, others = message("han", "obi"), message("obi", "han"), message("obi", "anakin")
    for new in (sent, received, others):
        await store.append(new)
    await store.confirm("han", [received.id])
    assert await store.history(MAILBOX, "han", None, 10) == [stored(received), stored(sent)]


async def test_a_history_is_paged_without_gap_or_repeat(store: Store):
    """Pages below the last id of the page before make up the whole history; the last of them is short."""
    news = [message(("han", "obi")[i % 2], ("obi", "han")[i % 2]) for i in range(25)]
    for new in news:
        await store.append(new)
    pages: list[list[str]] = []
    before: str | None = None
    while page := await store.history(MAILBOX, "han", before, 10):
        pages.append([found.id for found in page])
        before = page[-1].id
    assert [len(page) for page in pages] == [10, 10, 5]
    assert [found for page in pages for found in page] == [new.id for new in reversed(news)]


async def test_a_history_begins_below_any_id(store: Store):
    """`before` need not be the id of a message of the user's."""
    mine, anothers, last = message("han", "obi"), message("anakin", "obi"), message("han", "obi")
    for new in (mine, anothers, last):
        await store.append(new)
    assert await store.history(MAILBOX, "han", anothers.id, 10) == [stored(mine)]
    assert await store.history(MAILBOX, "han", "f" * 24, 10) == [stored(last), stored(mine)]
    assert await store.history(MAILBOX, "han", "0" * 24, 10) == []


async def test_a_message_to_oneself_is_pending_and_in_the_history_once(store: Store):
    """A sender among the recipients has the message pending like them, and finds it once in the history."""
    new = message("han", "han", "obi")
    assert await store.append(new) == ("han", "obi")
    assert await store.pending(MAILBOX, "han", 10) == [stored(new)]
    await store.confirm("han", [new.id])
    assert await store.pending(MAILBOX, "han", 10) == []
    assert await store.history(MAILBOX, "han", None, 10) == [stored(new)]


# opening and closing


async def test_an_open_store_answers(store: Store):
    """`ping` returns from a store that works."""
    await store.ping()


async def test_a_store_may_be_closed_twice(store: Store):
    """`close` of a closed store, and two at once, do nothing more."""
    await asyncio.gather(store.close(), store.close())
    await store.close()


async def test_close_finishes_what_was_begun(store: Store):
    """Calls made before `close` are answered as if it had not been called."""
    news = [message("han", "obi") for _ in range(50)]
    appends = [asyncio.create_task(store.append(new)) for new in news]
    await asyncio.sleep(0)  # each task runs up to its call
    await store.close()
    assert await asyncio.gather(*appends) == [("obi",)] * 50


async def test_every_call_after_close_is_unavailable(store: Store):
    """A closed store raises `Unavailable`, whatever it is asked."""
    await store.close()
    for call in (
        store.ping(),
        store.add_user(user("han")),
        store.user("han"),
        store.user_by_email("han@mail.com"),
        store.users(["han"]),
        store.befriend("han", "obi"),
        store.unfriend("han", "obi"),
        store.touch("han", 1),
        store.append(message("han", "obi")),
        store.pending(MAILBOX, "han", 1),
        store.confirm("han", ["id"]),
        store.history(MAILBOX, "han", None, 1),
    ):
        with pytest.raises(Unavailable):
            await call
