"""What every adapter of `app.store.base.Store` guarantees of a message that is appended: for whom, and saying what."""

import asyncio

import pytest

from app.domain.errors import Conflict, NotFound
from app.store.base import NewMessage, Owed, Received, Store
from tests.store.records import ANAKIN, HAN, LEIA, MAILBOX, NOBODY, OBI, add_friends, add_users, message, stored, uid


async def test_a_message_is_pending_for_each_recipient(store: Store):
    """`append` stores the message for the recipients named, not for the sender, and returns them."""
    new = message(HAN, OBI, ANAKIN)
    assert await store.append(new) == (OBI, ANAKIN)
    for name in (OBI, ANAKIN):
        assert await store.pending(MAILBOX, name, 10) == [stored(new)]
    assert await store.pending(MAILBOX, HAN, 10) == []


async def test_a_recipient_named_twice_is_sent_it_once(store: Store):
    """`append` returns each recipient once, and the message is pending once."""
    new = message(HAN, OBI, ANAKIN, OBI)
    assert await store.append(new) == (OBI, ANAKIN)
    assert await store.pending(MAILBOX, OBI, 10) == [stored(new)]


async def test_a_message_for_all_friends_goes_to_the_friends_of_that_moment(store: Store):
    """Without recipients named, who is a friend when the message is stored gets it; a later friend does not."""
    await add_friends(store, OBI, HAN, ANAKIN)
    await add_users(store, LEIA)
    new = message(OBI, to_friends=True)
    assert set(await store.append(new)) == {ANAKIN, HAN}
    await store.befriend(OBI, LEIA)
    await store.unfriend(OBI, ANAKIN)
    assert await store.pending(MAILBOX, HAN, 10) == [stored(new)]
    assert await store.pending(MAILBOX, ANAKIN, 10) == [stored(new)]
    assert await store.pending(MAILBOX, LEIA, 10) == []


async def test_a_message_beside_a_new_friendship_goes_to_whom_the_answer_names(store: Store):
    """Of an append and a friendship at the same time, the audience returned is the audience stored."""
    await add_users(store, HAN, *(uid(f"friend{i}") for i in range(20)))
    for i in range(20):
        new = message(HAN, to_friends=True)
        audience, _ = await asyncio.gather(store.append(new), store.befriend(HAN, uid(f"friend{i}")))
        pending = [await store.pending(MAILBOX, uid(f"friend{j}"), 1) for j in range(20)]
        holders = {uid(f"friend{j}") for j, newest in enumerate(pending) if newest == [stored(new)]}
        assert holders == set(audience)
        assert set(audience) >= {uid(f"friend{j}") for j in range(i)}


@pytest.mark.parametrize("to_friends", [True, False])
async def test_a_message_to_nobody_is_not_stored(store: Store, to_friends: bool):
    """A message without recipients is answered with an empty audience and is in nobody's history."""
    await add_users(store, HAN)
    assert await store.append(message(HAN, to_friends=to_friends)) == ()
    assert await store.history(MAILBOX, HAN, None, 10) == []


async def test_appends_are_stored_in_the_order_of_their_calls(store: Store):
    """An append that has been answered implies every append called before it, of 200 under way at once."""
    news = [message(uid(f"user{i % 7}"), OBI, text=str(i)) for i in range(200)]
    answered: list[str] = []

    async def send(new: NewMessage) -> None:
        await store.append(new)
        answered.append(new.id)

    await asyncio.gather(*map(send, news))
    assert answered == [new.id for new in news]
    assert await store.pending(MAILBOX, OBI, 200) == [stored(new) for new in reversed(news)]


async def test_an_id_belongs_to_one_message(store: Store):
    """`append` raises `Conflict` for an id that is taken, and the first message is what it was."""
    first = message(HAN, OBI)
    await store.append(first)
    for again in (first, NewMessage(first.id, MAILBOX, ANAKIN, "forged", 0, (LEIA,))):
        with pytest.raises(Conflict):
            await store.append(again)
    assert await store.pending(MAILBOX, OBI, 10) == [stored(first)]
    for name in (ANAKIN, LEIA):
        assert await store.history(MAILBOX, name, None, 10) == []


async def test_a_message_whose_id_is_taken_leaves_its_neighbours_alone(store: Store):
    """Of many appends under way at once those of an id that is taken raise `Conflict`; the others are stored."""
    news = [message(HAN, OBI) for _ in range(30)]
    again = [new for i, new in enumerate(news) for _ in range(1 + (i % 10 in (0, 1, 9)))]
    results = await asyncio.gather(*map(store.append, again), return_exceptions=True)
    assert results.count((OBI,)) == 30
    assert sum(isinstance(result, Conflict) for result in results) == 9
    assert await store.pending(MAILBOX, OBI, 50) == [stored(new) for new in reversed(news)]


async def test_a_stored_message_is_known_by_its_id(store: Store):
    """`stored` says of an id whether a message has it, confirmed or not; one to nobody is not stored."""
    new, to_nobody = message(HAN, OBI), message(HAN)
    assert await store.stored([new.id]) == set()
    await store.append(new)
    await store.append(to_nobody)
    assert await store.stored([new.id]) == {new.id}
    await store.confirm(OBI, [new.id])
    assert await store.stored([new.id]) == {new.id}
    assert await store.stored([to_nobody.id, HAN, "", new.id, "unknown"]) == {new.id}
    assert await store.stored([]) == set()


ODD = [" ", "a b", ":", "a:b", "*", "$where", "a.b", "a\x00b", "two\nlines", '"[]', "\U0001f327\ufe0f", "x" * 10_000]


@pytest.mark.parametrize("name", ODD)
async def test_a_recipient_may_have_any_name(store: Store, name: str):
    """Whatever it would mean to what is underneath, it is sent and confirms what is its own, and no more."""
    theirs, others = message("", name, text="theirs"), message("", "a", text="other's")
    for new in (theirs, others):
        await store.append(new)
    assert await store.pending(MAILBOX, name, 10) == [stored(theirs)]
    assert await store.history(MAILBOX, name, None, 10) == [stored(theirs)]
    assert [one.pending for one in await store.owed(MAILBOX, [name], "", 10)] == [{name}]
    assert await store.addressed(MAILBOX, name, theirs.id) == stored(theirs)
    assert await store.addressed(MAILBOX, name, others.id) is None
    await store.confirm(name, [theirs.id, others.id])
    assert await store.pending(MAILBOX, name, 10) == []
    assert await store.pending(MAILBOX, "a", 10) == [stored(others)]


async def test_a_message_need_not_have_a_sender(store: Store):
    """It is its recipients' alone: nobody finds it in what was sent by nobody."""
    new = message("", OBI, LEIA)
    assert await store.append(new) == (OBI, LEIA)
    assert await store.pending(MAILBOX, OBI, 10) == [stored(new)]
    assert await store.history(MAILBOX, LEIA, None, 10) == [stored(new)]
    assert await store.owed(MAILBOX, [OBI, ""], "", 10) == [Owed(stored(new), frozenset({OBI}), frozenset({OBI}))]
    assert await store.history(MAILBOX, "", None, 10) == []
    assert await store.addressed(MAILBOX, OBI, new.id) == stored(new)
    assert await store.addressed(MAILBOX, "", new.id) is None
    assert await store.senders(MAILBOX, OBI) == []
    assert await store.received(MAILBOX, OBI, "", None, 10) == [Received(stored(new), pending=True)]
    assert await store.append(message("", to_friends=True)) == ()


@pytest.mark.parametrize("text", ["a\x00b", "\x00", "🌧️ déjà 👩‍👩‍👧", "'; DROP TABLE messages; --", "x" * 100_000])
async def test_a_text_is_read_back_exactly(store: Store, text: str):
    """A text with NUL characters, of any script and of any length is read back as it was sent."""
    new = message(HAN, OBI, text=text)
    await store.append(new)
    assert await store.pending(MAILBOX, OBI, 1) == [stored(new)]
    assert await store.history(MAILBOX, HAN, None, 1) == [stored(new)]


async def test_a_failing_call_leaves_its_neighbours_alone(store: Store):
    """Calls that raise beside others under way neither fail them nor change anything."""
    await add_friends(store, HAN, OBI)
    news = [message(HAN, to_friends=True) for _ in range(20)]
    calls = [call for new in news for call in (store.append(new), store.befriend(HAN, NOBODY))]
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert results[::2] == [(OBI,)] * 20
    assert all(isinstance(result, NotFound) for result in results[1::2])
    assert await store.pending(MAILBOX, OBI, 50) == [stored(new) for new in reversed(news)]
