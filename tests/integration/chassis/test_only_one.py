"""Work that one process alone does: who waits takes over, and who lost its connection stops."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import asyncpg
import pytest
from pydantic import SecretStr

from chassis.database import only_one
from chassis.database.only_one import as_the_only_one
from chassis.database.pool import Database

NAME = "tests.filling"
_HOLDERS = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted"


class Working:
    """Counts how often it was begun, and whether it goes on."""

    begun = 0
    goes_on = False

    async def __call__(self) -> None:
        self.begun += 1
        self.goes_on = True
        try:
            await asyncio.Event().wait()
        finally:
            self.goes_on = False


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(only_one, "PAUSE_SECONDS", 0.05)


@asynccontextmanager
async def one_of_many(url: str, deed: Callable[[], object]) -> AsyncIterator["asyncio.Task[None]"]:
    async with Database.open(SecretStr(url), name="tests") as database:
        task = asyncio.create_task(as_the_only_one(database, NAME, deed))  # pyright: ignore[reportArgumentType]
        yield task
        task.cancel()
        await asyncio.wait([task])


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 -- nothing to wait for but the condition
            await asyncio.sleep(0.01)


async def test_one_works_and_who_waits_takes_over(postgres_database: str) -> None:
    first, second = Working(), Working()
    async with one_of_many(postgres_database, second) as waiting:
        await _until(lambda: second.goes_on)
        async with one_of_many(postgres_database, first):
            await asyncio.sleep(0.3)
            assert (first.begun, second.goes_on) == (0, True)
            waiting.cancel()
            await _until(lambda: first.goes_on)
            assert not second.goes_on


async def test_who_loses_the_connection_stops_and_begins_anew(postgres_database: str) -> None:
    work = Working()
    async with one_of_many(postgres_database, work):
        await _until(lambda: work.goes_on)
        outside = await asyncpg.connect(postgres_database)
        try:
            await outside.execute(_HOLDERS)
        finally:
            await outside.close()
        await _until(lambda: not work.goes_on or work.begun == 2)
        await _until(lambda: work.begun == 2 and work.goes_on)


async def test_what_breaks_the_work_is_told(postgres_database: str) -> None:
    async def breaks() -> None:
        raise ZeroDivisionError

    async with one_of_many(postgres_database, breaks) as task:
        with pytest.raises(ZeroDivisionError):
            await asyncio.wait_for(task, 10)
