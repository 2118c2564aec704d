"""Argon2id with OWASP's least parameters, in a few threads of its own, with a bounded queue before them."""

import asyncio
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from admin.accounts.errors import HashingBusy
from admin.accounts.password_rules import normal_password

# OWASP Password Storage Cheat Sheet: m=19 MiB, t=2, p=1; 20 to 23 ms of one core here.
MEMORY_KIB = 19 * 1024
PASSES = 2
LANES = 1
THREADS = 2
MOST_WAITING = 64

Result = TypeVar("Result")


class Argon2Passwords:
    """The only place that sees both a password and its hash. Close it with the process."""

    def __init__(self, threads: int = THREADS, most_waiting: int = MOST_WAITING) -> None:
        self._hasher = PasswordHasher(PASSES, MEMORY_KIB, LANES, type=Type.ID)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="argon2")
        self._most_waiting = most_waiting
        self._waiting = 0
        self._nobody: str | None = None

    async def hash(self, password: str) -> str:
        """What to store."""
        return await self._run(lambda: self._hasher.hash(normal_password(password)))

    async def matches(self, password: str, password_hash: str | None) -> bool:
        """Whether it is the password; without a hash it takes as long and is False."""
        against = password_hash or await self._hash_of_nobody()
        right = await self._run(lambda: self._verify(password, against))
        return right and password_hash is not None

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def prepare(self) -> None:
        """Make the hash that unknown names are checked against, so that the first of them is not slower."""
        await self._hash_of_nobody()

    async def _hash_of_nobody(self) -> str:
        if self._nobody is None:
            self._nobody = await self.hash("nobody has this password")
        return self._nobody

    def _verify(self, password: str, password_hash: str) -> bool:
        try:
            return self._hasher.verify(password_hash, normal_password(password))
        except (VerifyMismatchError, VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[[], Result]) -> Result:
        with self._place():
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    @contextmanager
    def _place(self) -> Generator[None]:
        if self._waiting >= self._most_waiting:
            raise HashingBusy("Too many people sign in at this moment: try again in a second.", retry_after=1)
        self._waiting += 1
        try:
            yield
        finally:
            self._waiting -= 1
