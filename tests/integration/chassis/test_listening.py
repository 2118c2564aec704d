"""Who listens for notices goes on listening, whatever becomes of PostgreSQL."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest
from pydantic import SecretStr

from chassis.database import pool
from chassis.database.errors import DatabaseTimedOut
from chassis.database.pool import Database
from chassis.event_log.postgres_log import PostgresEventLog
from consumption.budgets.postgres_notices import PostgresLeaseNotices
from discovery.following.postgres_news import PostgresNews

LISTENERS: list[Callable[[Database], Callable[[], Awaitable[None]]]] = [
    lambda database: PostgresEventLog(database).listen,
    lambda database: PostgresNews(database).listen,
    lambda database: PostgresLeaseNotices(database).listen,
]


class BadMoment:
    """Ends the first connection between its opening and its LISTEN; `listens` once a later one does."""

    def __init__(self, superuser_url: str) -> None:
        self._url = superuser_url
        self._add_listener: Any = asyncpg.Connection.add_listener
        self._met = False
        self.listens = asyncio.Event()

    async def add_listener(self, connection: Any, *arguments: Any) -> None:
        """In place of the client's own."""
        if not self._met:
            self._met = True
            executioner = await asyncpg.connect(self._url)
            await executioner.execute("SELECT pg_terminate_backend($1, 5000)", connection.get_server_pid())
            await executioner.close()
        await self._add_listener(connection, *arguments)
        self.listens.set()


@pytest.mark.parametrize("listener", LISTENERS, ids=["events", "listings", "leases"])
async def test_a_server_that_dies_under_a_listen_is_listened_to_again(
    postgres_database: str, monkeypatch: pytest.MonkeyPatch, listener: Callable[[Database], Callable[[], Any]]
) -> None:
    moment = BadMoment(postgres_database)

    async def add_listener(connection: Any, *arguments: Any) -> None:
        await moment.add_listener(connection, *arguments)

    monkeypatch.setattr(asyncpg.Connection, "add_listener", add_listener)
    async with Database.open(SecretStr(postgres_database), name="listener") as database:
        listening = asyncio.create_task(listener(database)())
        listened = asyncio.create_task(moment.listens.wait())
        await asyncio.wait([listening, listened], timeout=10, return_when=asyncio.FIRST_COMPLETED)
        assert moment.listens.is_set()
        assert not listening.done()
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


async def test_a_listener_waits_for_no_frozen_server(postgres_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "COMMAND_SECONDS", 0.2)
    async with Database.open(SecretStr(postgres_database), name="listener") as database:
        with pytest.raises(DatabaseTimedOut):
            async with database.listener() as connection:
                await connection.execute("SELECT pg_sleep(5)")
