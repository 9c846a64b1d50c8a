"""The stranger's server of `e2e.strangers`, running, and commands of ours over it."""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from e2e.harness.engine_process import free_port
from tests.commands import parley

__all__ = ["over", "stranger"]

_SECRET = secrets.token_hex(32)

_PROFILE = f"""
name = "an afternoon's chat"
[users]
secret = "{_SECRET}"
[features]
history = false
probes = false
documents = false
mounts = false
rooms_rest = false
services_rest = false
"""

_ENVIRONMENT = {
    **os.environ,
    "JWT_SECRET": _SECRET,
    "PYTHONPATH": str(Path(__file__).parents[1]),
    "E2E_NO_SKIP": "",
    "PYTEST_ADDOPTS": "",
}
"""Of the server, and of what judges it."""


@asynccontextmanager
async def stranger() -> AsyncIterator[str]:
    """Start the server, and give its URL once it answers."""
    url = f"http://127.0.0.1:{(port := free_port())}"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "e2e.strangers.friends", str(port)),
        env=_ENVIRONMENT,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await _until_it_answers(url)
        yield url
    finally:
        process.kill()
        await process.wait()


async def over(url: str, directory: Path, *command: str) -> tuple[int, str]:
    """Run a command of `parley` over the server, in a directory, and return its exit code and what it printed."""
    (directory / "profile.toml").write_text(_PROFILE)
    arguments = (*command, "--target", url, "--profile", "profile.toml")
    return await parley(*arguments, directory=directory, environment=_ENVIRONMENT)


async def _until_it_answers(url: str) -> None:
    async with aiohttp.ClientSession() as http, asyncio.timeout(20):
        while True:
            try:
                async with http.get(url) as answer:
                    assert answer.status == 200
                    return
            except aiohttp.ClientError:
                await asyncio.sleep(0.05)
