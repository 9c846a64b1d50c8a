"""A real store for the services of the domain."""

from collections.abc import AsyncIterator

import pytest

from app.store.base import Store
from app.store.sqlite import SQLiteStore


@pytest.fixture
async def store() -> AsyncIterator[Store]:
    store = SQLiteStore(None)
    await store.open()
    yield store
    await store.close()
