from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.web.service import Service


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    """Serve with default settings."""
    started = await Service.start()
    yield started
    await started.close()


@pytest.fixture
async def production() -> AsyncIterator[Service]:
    """Serve in production mode."""
    started = await Service.start(mode="prod")
    yield started
    await started.close()
