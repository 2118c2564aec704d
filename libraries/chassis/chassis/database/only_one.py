"""Work that one process alone does at a time, of all that share a database, such as two workers in a rolling update."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg

from chassis.database.errors import UNREACHABLE, driver_errors_translated
from chassis.database.pool import Database
from chassis.ending_tasks import end_tasks
from chassis.errors import MarketplaceError

PAUSE_SECONDS = 1.0
_ANSWER_SECONDS = 5.0
# A holder whose machine is gone says so to nobody: its session ends after 25 s, later than it gives up itself.
_KEEP_ALIVE = "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3"
_LOCK = "SELECT pg_try_advisory_lock(hashtextextended($1, 0))"
_log = logging.getLogger("chassis.database")


async def as_the_only_one(database: Database, name: str, deed: Callable[[], Awaitable[None]]) -> None:
    """Do a deed that never ends while no other process does one of this name, until cancelled.

    The lock is a connection's: it falls with the process, and where the connection is lost the deed is cancelled and
    begun anew once the lock can be had again. A deed that ends, or fails, ends this too.
    """
    while True:
        try:
            async with database.listener() as connection:
                await _take(connection, name)
                doing = await _while_held(connection, asyncio.ensure_future(deed()))
        except MarketplaceError as error:
            _log.info("%s waits for the database: %s", name, error.code)
        else:
            if not doing.cancelled():
                return doing.result()
        await asyncio.sleep(PAUSE_SECONDS)


async def _take(connection: "asyncpg.Connection[Any]", name: str) -> None:
    with driver_errors_translated():
        await connection.execute(_KEEP_ALIVE, timeout=_ANSWER_SECONDS)
        while True:
            if await connection.fetchval(_LOCK, name, timeout=_ANSWER_SECONDS):
                return
            await asyncio.sleep(PAUSE_SECONDS)


async def _while_held(connection: "asyncpg.Connection[Any]", doing: "asyncio.Future[None]") -> "asyncio.Future[None]":
    """The deed, ended: by itself, or because the lock was lost."""
    held = asyncio.create_task(_until_lost(connection))
    try:
        await asyncio.wait({doing, held}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await end_tasks([doing, held])
    return doing


async def _until_lost(connection: "asyncpg.Connection[Any]") -> None:
    """Asked again and again: a connection that was cut on the way says nothing of itself."""
    try:
        while True:
            await asyncio.sleep(PAUSE_SECONDS)
            await connection.fetchval("SELECT 1", timeout=_ANSWER_SECONDS)
    except (asyncpg.PostgresError, *UNREACHABLE):
        return
