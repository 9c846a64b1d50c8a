"""What every adapter of `app.store.base.Store` guarantees of messages, pending, confirmed and past."""

import asyncio

import pytest

from app.store.base import Owed, Received, Store
from tests.store.records import ANAKIN, HAN, LEIA, MAILBOX, NOBODY, OBI, ZAM, add_friends, message, stored, uid

# pending and confirmed


async def test_the_newest_pending_messages_come_first(store: Store):
    """`pending` returns the newest up to the limit, newest first."""
    news = [message(HAN, OBI) for _ in range(5)]
    for new in news:
        await store.append(new)
    assert await store.pending(MAILBOX, OBI, 3) == [stored(new) for new in (news[4], news[3], news[2])]
    assert await store.pending(MAILBOX, OBI, 50) == [stored(new) for new in reversed(news)]


async def test_the_oldest_pending_messages_come_first_where_they_are_wanted(store: Store):
    """`pending` returns the oldest up to the limit, oldest first; what was confirmed makes room for newer ones."""
    news = [message(HAN, OBI) for _ in range(5)]
    for new in news:
        await store.append(new)
    assert await store.pending(MAILBOX, OBI, 3, oldest=True) == [stored(new) for new in news[:3]]
    await store.confirm(OBI, [new.id for new in news[:3]])
    assert await store.pending(MAILBOX, OBI, 3, oldest=True) == [stored(new) for new in news[3:]]
    assert await store.pending(MAILBOX, OBI, 0, oldest=True) == []


@pytest.mark.parametrize("oldest", [False, True])
async def test_no_more_is_pending_than_there_is_room_for(store: Store, oldest: bool):
    """What is pending ends with the message whose text is too much."""
    news = [message(HAN, OBI, text="x" * 100) for _ in range(150)]
    for new in news:
        await store.append(new)
    wanted = [stored(new) for new in (news if oldest else reversed(news))]
    for room, count in ((0, 1), (99, 1), (100, 2), (11_950, 120), (100_000, 150)):
        assert await store.pending(MAILBOX, OBI, 200, oldest=oldest, room=room) == wanted[:count]
    assert await store.pending(MAILBOX, OBI, 3, oldest=oldest, room=1_000) == wanted[:3]


async def test_mailboxes_are_apart(store: Store):
    """A message is pending and in the history of its own mailbox alone."""
    friendly, direct = message(HAN, OBI, mailbox="friends"), message(HAN, OBI, mailbox="direct")
    await store.append(friendly)
    await store.append(direct)
    for name in (HAN, OBI):
        assert await store.history("friends", name, None, 10) == [stored(friendly)]
        assert await store.history("direct", name, None, 10) == [stored(direct)]
    assert await store.pending("friends", OBI, 10) == [stored(friendly)]
    assert await store.pending("direct", OBI, 10) == [stored(direct)]
    assert await store.pending("notifications", OBI, 10) == []


async def test_a_confirmation_is_of_one_user(store: Store):
    """`confirm` ends what is pending for the user who confirms, and for nobody else."""
    new = message(HAN, OBI, ANAKIN)
    await store.append(new)
    await store.confirm(OBI, [new.id])
    assert await store.pending(MAILBOX, OBI, 10) == []
    assert await store.pending(MAILBOX, ANAKIN, 10) == [stored(new)]


async def test_a_confirmation_takes_many_messages_of_any_mailbox(store: Store):
    """`confirm` takes the ids of messages of several mailboxes at once and leaves all others pending."""
    news = [message(HAN, OBI, mailbox=("friends", "direct")[i % 2]) for i in range(200)]
    await asyncio.gather(*map(store.append, news))
    await store.confirm(OBI, [new.id for new in news[10:]])
    assert await store.pending("friends", OBI, 200) == [stored(new) for new in reversed(news[0:10:2])]
    assert await store.pending("direct", OBI, 200) == [stored(new) for new in reversed(news[1:10:2])]


async def test_confirming_passes_over_unknown_and_confirmed_ids(store: Store):
    """`confirm` of ids unknown, confirmed before, another's, or none at all raises nothing and does the rest."""
    confirmed, anothers, last = message(HAN, OBI), message(HAN, ANAKIN), message(HAN, OBI)
    for new in (confirmed, anothers, last):
        await store.append(new)
    await store.confirm(OBI, [confirmed.id])
    await store.confirm(OBI, [])
    await store.confirm(OBI, ["unknown", confirmed.id, anothers.id, last.id, last.id])
    assert await store.pending(MAILBOX, OBI, 10) == []
    assert await store.pending(MAILBOX, ANAKIN, 10) == [stored(anothers)]


async def test_confirmations_under_way_at_once_are_each_done(store: Store):
    """Concurrent confirmations by many users each take effect for their user alone."""
    names = [uid(f"user{i}") for i in range(20)]
    news = [message(HAN, *names) for _ in range(3)]
    await asyncio.gather(*map(store.append, news))
    await asyncio.gather(*(store.confirm(name, [news[i % 3].id]) for i, name in enumerate(names)))
    for i, name in enumerate(names):
        left = [stored(new) for new in reversed(news) if new is not news[i % 3]]
        assert await store.pending(MAILBOX, name, 10) == left


# history


async def test_a_history_holds_what_was_sent_and_what_was_received(store: Store):
    """`history` has both, confirmed or not, newest first; what is between others is not in it."""
    sent, received, others = message(HAN, OBI), message(OBI, HAN), message(OBI, ANAKIN)
    for new in (sent, received, others):
        await store.append(new)
    await store.confirm(HAN, [received.id])
    assert await store.history(MAILBOX, HAN, None, 10) == [stored(received), stored(sent)]


async def test_a_history_is_paged_without_gap_or_repeat(store: Store):
    """Pages below the last id of the page before make up the whole history; the last of them is short."""
    news = [message((HAN, OBI)[i % 2], (OBI, HAN)[i % 2]) for i in range(25)]
    for new in news:
        await store.append(new)
    pages: list[list[str]] = []
    before: str | None = None
    while page := await store.history(MAILBOX, HAN, before, 10):
        pages.append([found.id for found in page])
        before = page[-1].id
    assert [len(page) for page in pages] == [10, 10, 5]
    assert [found for page in pages for found in page] == [new.id for new in reversed(news)]


async def test_a_history_begins_below_any_id(store: Store):
    """`before` need not be the id of a message of the user's."""
    mine, anothers, last = message(HAN, OBI), message(ANAKIN, OBI), message(HAN, OBI)
    for new in (mine, anothers, last):
        await store.append(new)
    assert await store.history(MAILBOX, HAN, anothers.id, 10) == [stored(mine)]
    assert await store.history(MAILBOX, HAN, "f" * 24, 10) == [stored(last), stored(mine)]
    assert await store.history(MAILBOX, HAN, "0" * 24, 10) == []


async def test_a_history_ends_above_any_id(store: Store):
    """`after` leaves out what is not above it, whoever's message it names."""
    first, anothers, second, third = message(HAN, OBI), message(LEIA, OBI), message(OBI, HAN), message(HAN, OBI)
    for new in (first, anothers, second, third):
        await store.append(new)
    newest_first = [stored(third), stored(second), stored(first)]
    for after, expected in ((first.id, 2), (anothers.id, 2), (third.id, 0), ("0" * 24, 3), ("0" * 11, 3)):
        assert await store.history(MAILBOX, HAN, None, 10, after) == newest_first[:expected]
    assert await store.history(MAILBOX, HAN, third.id, 10, first.id) == [stored(second)]
    assert await store.history(MAILBOX, HAN, None, 1, first.id) == [stored(third)]


async def test_a_message_to_oneself_is_pending_and_in_the_history_once(store: Store):
    """A sender among the recipients has the message pending like them, and finds it once in the history."""
    new = message(HAN, HAN, OBI)
    assert await store.append(new) == (HAN, OBI)
    assert await store.pending(MAILBOX, HAN, 10) == [stored(new)]
    await store.confirm(HAN, [new.id])
    assert await store.pending(MAILBOX, HAN, 10) == []
    assert await store.history(MAILBOX, HAN, None, 10) == [stored(new)]


# what somebody may lack


async def test_what_users_are_owed_is_what_is_pending_and_what_is_recent(store: Store):
    """Each message once, newest first, with those of the users whom it concerns; of others nothing is said."""
    old, other, confirmed, last = (
        message(HAN, OBI, LEIA),
        message(HAN, ANAKIN),
        message(OBI, HAN, LEIA),
        message(LEIA, HAN, OBI),
    )
    for new in (old, other, confirmed, last):
        await store.append(new)
    await store.confirm(LEIA, [old.id, confirmed.id])
    await store.confirm(HAN, [confirmed.id])
    assert await store.owed(MAILBOX, [OBI, LEIA], other.id, 10) == [
        Owed(stored(last), frozenset({OBI}), frozenset({OBI})),
        Owed(stored(confirmed), frozenset(), frozenset({LEIA})),
        Owed(stored(old), frozenset({OBI}), frozenset()),
    ]
    assert [one for one in await store.owed(MAILBOX, [OBI], other.id, 10) if one.pending or one.recent] == [
        Owed(stored(last), frozenset({OBI}), frozenset({OBI})),
        Owed(stored(old), frozenset({OBI}), frozenset()),
    ]
    assert await store.owed(MAILBOX, [LEIA], last.id, 10) == []
    assert await store.owed(MAILBOX, [], "", 10) == []
    assert await store.owed("direct", [OBI], "", 10) == []
    assert [one.message.id for one in await store.owed(MAILBOX, [OBI, LEIA], other.id, 2)] == [last.id, confirmed.id]


async def test_who_sent_a_message_is_owed_it_where_it_names_them(store: Store):
    """A message to oneself is recent for its sender as for any recipient; others of theirs are not."""
    await add_friends(store, HAN, OBI)
    mine, others, friends = message(HAN, HAN, OBI), message(HAN, OBI), message(HAN, to_friends=True)
    for new in (mine, others, friends):
        await store.append(new)
    for pending in (frozenset({HAN}), frozenset[str]()):
        owed = await store.owed(MAILBOX, [HAN], "", 10)
        assert [one for one in owed if one.pending or one.recent] == [Owed(stored(mine), pending, frozenset({HAN}))]
        await store.confirm(HAN, [mine.id])


# messages to somebody by name


async def test_what_one_sender_named_a_user_for_is_read_by_the_sender(store: Store):
    """`received` returns what a sender named the user as a recipient of, newest first, with whether it is confirmed."""
    await add_friends(store, HAN, OBI, ANAKIN)
    first, second = message(HAN, OBI), message(HAN, OBI, ANAKIN)
    for new in (first, second, message(ANAKIN, OBI), message(OBI, HAN), message(HAN, to_friends=True)):
        await store.append(new)
    await store.append(message(HAN, OBI, mailbox="other"))
    await store.confirm(OBI, [first.id])

    found = await store.received(MAILBOX, OBI, HAN, None, 10)

    assert found == [Received(stored(second), True), Received(stored(first), False)]
    assert await store.received(MAILBOX, OBI, HAN, second.id, 10) == [Received(stored(first), False)]
    assert await store.received(MAILBOX, OBI, HAN, None, 1) == [Received(stored(second), True)]
    assert await store.received(MAILBOX, OBI, NOBODY, None, 10) == []


async def test_a_message_to_oneself_is_received(store: Store):
    """A user who names themselves has the message as a recipient, and no other of their own."""
    mine = message(HAN, HAN)
    for new in (mine, message(HAN, OBI)):
        await store.append(new)
    assert await store.received(MAILBOX, HAN, HAN, None, 10) == [Received(stored(mine), True)]
    assert await store.senders(MAILBOX, HAN) == [HAN]


async def test_who_has_named_a_user_is_known(store: Store):
    """`senders` returns each of those who named the user as a recipient in the mailbox once, and nobody else."""
    await add_friends(store, LEIA, OBI)
    for new in (message(HAN, OBI), message(HAN, OBI), message(ANAKIN, OBI), message(OBI, ZAM)):
        await store.append(new)
    await store.append(message(LEIA, to_friends=True))
    await store.append(message(ZAM, OBI, mailbox="other"))
    assert sorted(await store.senders(MAILBOX, OBI)) == sorted([HAN, ANAKIN])
    assert await store.senders(MAILBOX, NOBODY) == []


async def test_a_message_is_found_by_whom_it_names(store: Store):
    """`addressed` returns a message to its recipient, and to nobody else, not even to who sent it."""
    odd = "an id: with *"
    new = message(HAN, odd)
    await store.append(new)
    assert await store.addressed(MAILBOX, odd, new.id) == stored(new)
    for user_id, mailbox, message_id in ((HAN, MAILBOX, new.id), (odd, "other", new.id), (odd, MAILBOX, "")):
        assert await store.addressed(mailbox, user_id, message_id) is None
