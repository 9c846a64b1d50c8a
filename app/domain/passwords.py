"""Password hashes: bcrypt, in a few threads of its own, so that hashing never holds the event loop up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import bcrypt

from app.domain.errors import Unavailable

__all__ = ["MAX_PASSWORD_BYTES", "MAX_WAITING", "Passwords"]

T = TypeVar("T")

MAX_PASSWORD_BYTES = 72
MAX_WAITING = 32
"""Calls that may wait for a thread: some seconds' worth of hashing."""


class Passwords:
    """Hashes and checks passwords, at most `threads` at a time, while at most `MAX_WAITING` others wait.

    Beyond that a call raises `Unavailable`: a queue without bound would keep everybody from logging in.

    Attributes:
        rounds: bcrypt's cost, the logarithm of its iterations.

    """

    def __init__(self, rounds: int, threads: int = 2) -> None:
        self.rounds = rounds
        self._threads = threads
        self._working = 0
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="bcrypt")
        self._decoy = f"$2b${rounds:02}${'.' * 53}"  # of no known password: making a real one would hold up the start

    async def hash(self, password: str) -> str:
        """Return the hash of a password of at most `MAX_PASSWORD_BYTES` bytes."""
        return await self._work(self._hash, password.encode())

    def _hash(self, password: bytes) -> str:
        return bcrypt.hashpw(password, bcrypt.gensalt(self.rounds)).decode()

    async def check(self, password: str, hashed: str | None) -> bool:
        """Return whether the password is the hashed one. No hash takes as long as one and is never right."""
        secret = password.encode("utf-8", "surrogatepass")
        same = await self._work(bcrypt.checkpw, secret[:MAX_PASSWORD_BYTES], (hashed or self._decoy).encode())
        return same and bool(hashed) and len(secret) <= MAX_PASSWORD_BYTES

    async def _work(self, function: Callable[..., T], *arguments: bytes) -> T:
        if self._working >= self._threads + MAX_WAITING:
            raise Unavailable("Too many logins at once")
        self._working += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, function, *arguments)
        finally:
            self._working -= 1

    def close(self) -> None:
        """Let go of the threads; what is under way is finished."""
        self._pool.shutdown(wait=False, cancel_futures=True)
