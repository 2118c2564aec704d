"""One live worker per executor id: an advisory lock held by a connection of its own.

Two workers with one executor id would both recover, and so run, the same steps. The lock falls with the process; when
PostgreSQL restarts it is taken again, and a worker that finds it taken by another is lost.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import asyncpg

from chassis.database.errors import UNREACHABLE
from chassis.durable_runs.errors import ExecutorIdInUse, WorkerLost
from chassis.ending_tasks import end_tasks

PATIENCE_SECONDS = 5.0
PAUSE_SECONDS = 0.25

_LOCK = "SELECT pg_try_advisory_lock(hashtextextended($1, 0))"

LostCallback = Callable[[Exception], None]


@asynccontextmanager
async def executor_lock(url: str, name: str, on_lost: LostCallback) -> AsyncGenerator[None]:
    """Hold the lock; raises ExecutorIdInUse when another holds it for longer than a dying process needs."""
    lock = _Lock(url, name)
    if not await lock.take():
        raise ExecutorIdInUse(f"another worker runs as {name}; give each worker an executor id of its own")
    keeper = asyncio.create_task(lock.keep(on_lost))
    try:
        yield
    finally:
        await end_tasks([keeper])
        await lock.release()


class _Lock:
    def __init__(self, url: str, name: str) -> None:
        self._url = url
        self._name = name
        self._connection: asyncpg.Connection[Any] | None = None
        self._broken = asyncio.Event()

    async def take(self) -> bool:
        """Connect and take the lock; False when somebody else keeps it. Waits for a server that is away."""
        refusals = int(PATIENCE_SECONDS / PAUSE_SECONDS)
        while refusals:
            with suppress(*UNREACHABLE, asyncpg.PostgresError):
                if await self._try():
                    return True
                refusals -= 1
            await asyncio.sleep(PAUSE_SECONDS)
        return False

    async def keep(self, on_lost: LostCallback) -> None:
        """Take the lock again whenever its connection breaks; whatever ends that is told."""
        try:
            while True:
                await self._broken.wait()
                if not await self.take():
                    on_lost(WorkerLost(f"while PostgreSQL was away another worker became {self._name}"))
                    return
        except Exception as error:
            on_lost(WorkerLost(f"the lock of {self._name} could not be kept: {type(error).__name__}"))

    async def release(self) -> None:
        """Give the lock back."""
        if self._connection is not None:
            self._connection.terminate()

    async def _try(self) -> bool:
        if self._connection is None or self._connection.is_closed():
            self._connection = await asyncpg.connect(
                self._url, timeout=PATIENCE_SECONDS, command_timeout=PATIENCE_SECONDS
            )
            self._broken.clear()
            self._connection.add_termination_listener(lambda _: self._broken.set())
        return bool(await self._connection.fetchval(_LOCK, self._name))
