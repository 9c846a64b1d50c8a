"""What has to hold before tests are run: something speaks Socket.IO at the target, and users can be had.

Otherwise every test would fail for one and the same reason, which is no fault of the contract.
"""

from __future__ import annotations

from collections.abc import Sequence

import aiohttp

from e2e.harness.deadline import DEADLINE

__all__ = ["SetUpError", "look"]


class SetUpError(Exception):
    """The target cannot be judged; the text says in a sentence what is in the way."""


async def look(contract: str, places: Sequence[tuple[str, str]]) -> None:
    """Look whether something speaks Socket.IO in each place, a base URL and a path. Raise `SetUpError` otherwise."""
    async with aiohttp.ClientSession() as http:
        for base, path in places:
            await _must_speak(http, contract, base, path)


async def _must_speak(http: aiohttp.ClientSession, contract: str, base: str, path: str) -> None:
    # without EIO=4 nothing is opened that somebody would have to close: every Engine.IO server answers 400
    url = f"{base}{path}/?transport=polling"
    try:
        async with http.get(url, timeout=aiohttp.ClientTimeout(total=DEADLINE), allow_redirects=False) as answer:
            status = answer.status
    except aiohttp.InvalidURL:
        raise SetUpError(f"{base} is no URL such as http://localhost:3000") from None
    except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
        raise SetUpError(f"{base}: nothing answers there ({error or type(error).__name__})") from None
    if status in (404, 405) or 300 <= status < 400:
        raise SetUpError(
            f"{base}: nothing speaks Socket.IO at {path}/ (HTTP status {status}); where the {contract} contract is, "
            f"says [contracts.{contract}] of a profile: url, path"
        )
