"""Password hashes: bcrypt, in a few threads of its own, so that hashing never holds the event loop up."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import bcrypt

__all__ = ["MAX_PASSWORD_BYTES", "Passwords"]

MAX_PASSWORD_BYTES = 72


class Passwords:
    """Hashes and checks passwords, at most `threads` at a time.

    Attributes:
        rounds: bcrypt's cost, the logarithm of its iterations.

    """

    def __init__(self, rounds: int, threads: int = 2) -> None:
        self.rounds = rounds
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="bcrypt")
        self._decoy = bcrypt.hashpw(b"nobody's password", bcrypt.gensalt(rounds)).decode()

    async def hash(self, password: str) -> str:
        """Return the hash of a password of at most `MAX_PASSWORD_BYTES` bytes."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._hash, password.encode())

    def _hash(self, password: bytes) -> str:
        return bcrypt.hashpw(password, bcrypt.gensalt(self.rounds)).decode()

    async def check(self, password: str, hashed: str | None) -> bool:
        """Return whether the password is the hashed one. None takes as long as a hash and is never right."""
        secret = password.encode("utf-8", "surrogatepass")
        against = (hashed or self._decoy).encode()
        loop = asyncio.get_running_loop()
        same = await loop.run_in_executor(self._pool, bcrypt.checkpw, secret[:MAX_PASSWORD_BYTES], against)
        return same and hashed is not None and len(secret) <= MAX_PASSWORD_BYTES

    def close(self) -> None:
        """Let go of the threads; what is under way is finished."""
        self._pool.shutdown(wait=False, cancel_futures=True)
