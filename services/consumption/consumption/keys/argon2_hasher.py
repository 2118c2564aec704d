"""Argon2id for keys at rest, in a thread of its own so that the loop never waits for it."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher


class Argon2Hasher:
    """One hash at a time; OWASP's minimum of 19 MiB, two passes, one lane (a key's 256 bits need no more)."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="argon2")

    async def hash(self, secret: str) -> str:
        """Argon2id in its encoded form."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._hasher.hash, secret)

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown(wait=False, cancel_futures=True)
