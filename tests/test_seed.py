"""`app.seed`: the seeded users, planted once."""

from collections.abc import AsyncIterator

import pytest

from app import seed
from app.store.base import Store, User
from app.store.sqlite import SQLiteStore


@pytest.fixture
async def store() -> AsyncIterator[Store]:
    store = SQLiteStore(None)
    await store.open()
    yield store
    await store.close()


async def friendships(store: Store) -> dict[str, set[str]]:
    """Return the names of everybody's friends."""
    users = await store.users([user.id for user in seed.load()])
    return {user.name: {users[friend].name for friend in user.friends} for user in users.values()}


async def test_the_documented_users_are_planted_with_their_friendships(store: Store):
    """Obivan is a friend of both, and they of his; each was last seen when the document says."""
    assert len(await seed.plant(store)) == 3
    assert await friendships(store) == {"Obivan": {"Han", "Anakin"}, "Han": {"Obivan"}, "Anakin": {"Obivan"}}
    han = await store.user_by_email("han@mail.com")
    assert han
    assert {user.id for user in seed.load()} == {
        "624a1138cda69df1a7c29caf",
        "624a113c721753da2f9e2567",
        "624a152057ac013c6375d4e3",
    }
    assert han.last_seen == 1_649_021_011_964


async def test_planting_again_changes_nothing(store: Store):
    """A friendship that was ended stays ended."""
    await seed.plant(store)
    han, obi, _ = seed.load()
    await store.unfriend(han.id, obi.id)
    assert await seed.plant(store) == []
    assert (await friendships(store))["Han"] == set()


@pytest.mark.parametrize("planted", [1, 2])
async def test_planting_that_was_cut_short_is_completed(store: Store, planted: int):
    """Whoever was added before the end has every friend after the next start."""
    for user in seed.load()[:planted]:
        await store.add_user(user)
    assert len(await seed.plant(store)) == 3 - planted
    assert await friendships(store) == {"Obivan": {"Han", "Anakin"}, "Han": {"Obivan"}, "Anakin": {"Obivan"}}


async def test_somebody_elses_email_is_left_alone(store: Store):
    """A user who has registered with a seeded e-mail keeps it, and the others are planted."""
    await store.add_user(User("f" * 24, "han@mail.com", "", "Other", "", (), 0))
    assert [user.name for user in await seed.plant(store)] == ["Obivan", "Anakin"]
    other = await store.user_by_email("han@mail.com")
    assert other
    assert other.name == "Other"
