"""Waiting for a condition, with a deadline."""

import asyncio
from collections.abc import Callable

DEADLINE = 5.0
"""Seconds; long, as it only passes where a test fails."""


async def until(condition: Callable[[], object]) -> None:
    """Return once the condition holds. Fail when it has not within the deadline."""
    async with asyncio.timeout(DEADLINE):
        while not condition():  # noqa: ASYNC110  (a condition of any kind, which sets no event)
            await asyncio.sleep(0.001)
