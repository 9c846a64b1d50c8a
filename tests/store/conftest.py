"""The adapters that the store's contract suite runs over: to add one, add its entry to `ADAPTERS`."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from app.store.base import Store
from app.store.sqlite import SQLiteStore

ADAPTERS: dict[str, Callable[[Path], Store]] = {
    "sqlite": lambda directory: SQLiteStore(directory / "parley.db"),
    "sqlite-memory": lambda directory: SQLiteStore(None),
}


@pytest.fixture(params=ADAPTERS)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """Return an empty store, open."""
    adapter = ADAPTERS[request.param](tmp_path)
    await adapter.open()
    yield adapter
    await adapter.close()
