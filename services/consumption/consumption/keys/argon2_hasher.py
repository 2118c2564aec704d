"""Argon2id for keys at rest, in a few threads of its own, with a bounded queue before them."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from consumption.keys.errors import KeyCheckBusy

# OWASP's minimum of 19 MiB, two passes, one lane; a key's 256 bits need no more. 20 to 23 ms of one core here.
THREADS = 2
MOST_WAITING = 64

Result = TypeVar("Result")


class Argon2Hasher:
    """Hashes and checks what keys are proved by. Close it with the process."""

    def __init__(self, threads: int = THREADS, most_waiting: int = MOST_WAITING) -> None:
        self._hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="argon2")
        self._most_waiting = most_waiting
        self._waiting = 0

    async def hash(self, secret: str) -> str:
        """Argon2id in its encoded form. Raises KeyCheckBusy."""
        return await self._run(lambda: self._hasher.hash(secret))

    async def matches(self, secret: str, secret_hash: str) -> bool:
        """Whether it is the secret of that hash. Raises KeyCheckBusy."""
        return await self._run(lambda: self._verify(secret, secret_hash))

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _verify(self, secret: str, secret_hash: str) -> bool:
        try:
            return self._hasher.verify(secret_hash, secret)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[[], Result]) -> Result:
        if self._waiting >= self._most_waiting:
            raise KeyCheckBusy("Many keys are seen for the first time: try again in a second.", retry_after=1)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1
