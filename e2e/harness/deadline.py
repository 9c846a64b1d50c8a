"""The one unit of time of every test, and waiting for a condition until a deadline."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import TypeVar

__all__ = ["DEADLINE", "SCALE", "SECOND", "eventually"]

SCALE = float(os.environ.get("E2E_TIMEOUT_SCALE", "1"))
"""How many times slower than a developer's machine this one is."""

SECOND = SCALE
"""One second, on such a machine."""

DEADLINE = 8 * SECOND
"""How long anything may take that a conforming server does at once."""

_PAUSE = 0.05

Found = TypeVar("Found")


async def eventually(
    look: Callable[[], Awaitable[Found]],
    judge: Callable[[Found], str | None],
    within: float = DEADLINE,
) -> Found:
    """Look again and again until `judge` has no objection, and return what was seen then.

    Raises:
        AssertionError: at the deadline, with the last objection.

    """
    loop = asyncio.get_running_loop()
    until = loop.time() + within
    while True:
        found = await look()
        problem = judge(found)
        if problem is None:
            return found
        if loop.time() > until:
            raise AssertionError(f"still not so after {within:g} s: {problem}")
        await asyncio.sleep(_PAUSE)
