"""The house that the tests of a module are given where it opens no other."""

from collections.abc import AsyncIterator

import pytest

from app.store.base import User
from tests.gateways.house import House, housed


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with housed(confirm_interval=0.05) as house:
        yield house


@pytest.fixture
async def pair(house: House) -> tuple[User, User]:
    """Return two friends: one who talks, and one who listens."""
    obi = await house.person("Obi")
    return await house.person("Han", obi), obi
