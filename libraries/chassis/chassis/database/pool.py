"""A small pool of connections, opened lazily, so that a service starts while its database does not answer yet."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from pydantic import SecretStr

from chassis.database.errors import driver_errors_translated
from chassis.database.transaction import Row, Transaction

MAX_CONNECTIONS = 5
ACQUIRE_SECONDS = 5.0
# An idle connection costs the server 2 to 3 MB, opening one some 5 ms.
IDLE_SECONDS = 30.0
STATEMENT_MILLISECONDS = 15_000
# Where the server itself does not end a statement, since it is frozen or gone.
COMMAND_SECONDS = STATEMENT_MILLISECONDS / 1000 + 1
TENANT_SETTING = "marketplace.tenant"


class Database:
    """The pool of one role. Open it with `async with Database.open(...)`."""

    def __init__(self, pool: "asyncpg.Pool[Row]", url: str) -> None:
        self._pool = pool
        self._url = url

    @classmethod
    @asynccontextmanager
    async def open(cls, url: SecretStr, *, name: str, size: int = MAX_CONNECTIONS) -> "AsyncGenerator[Database]":
        """A pool of at most `size` connections that show up as `name` in pg_stat_activity."""
        pool = await asyncpg.create_pool(
            url.get_secret_value(),
            min_size=0,
            max_size=size,
            timeout=ACQUIRE_SECONDS,
            command_timeout=COMMAND_SECONDS,
            max_inactive_connection_lifetime=IDLE_SECONDS,
            server_settings={
                "application_name": name,
                "statement_timeout": str(STATEMENT_MILLISECONDS),
                "idle_in_transaction_session_timeout": "30000",
            },
        )
        try:
            yield cls(pool, url.get_secret_value())
        finally:
            try:
                await asyncio.wait_for(pool.close(), timeout=3)
            except (TimeoutError, OSError, asyncpg.InterfaceError):
                pool.terminate()

    @asynccontextmanager
    async def transaction(self, tenant: str | None = None, *, read_only: bool = False) -> AsyncGenerator[Transaction]:
        """One transaction; with a tenant, row security shows and takes rows of that tenant alone.

        Without a tenant a runtime role sees no tenant's rows at all. Raises DatabaseUnavailable, DatabaseTimedOut,
        UniqueConflict or WriteConflict.
        """
        with driver_errors_translated():
            async with (
                self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection,
                connection.transaction(readonly=read_only),
            ):
                transaction = Transaction(connection)
                if tenant is not None:
                    await connection.execute("SELECT set_config($1, $2, true)", TENANT_SETTING, tenant)
                yield transaction
        transaction.committed()

    async def run(self, statement: str, *arguments: Any) -> None:
        """One statement, a transaction of its own, in a third of the round trips. Raises what `transaction` raises."""
        with driver_errors_translated():
            async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
                await connection.execute(statement, *arguments)

    @asynccontextmanager
    async def listener(self) -> "AsyncGenerator[asyncpg.Connection[Row]]":
        """A connection outside the pool, for LISTEN. What goes wrong with it in the block is raised as ours, too."""
        with driver_errors_translated():
            connection: Any = await asyncpg.connect(self._url, timeout=ACQUIRE_SECONDS, command_timeout=COMMAND_SECONDS)
            try:
                yield connection
            finally:
                connection.terminate()

    async def ping(self) -> None:
        """Raise where the database does not answer within the acquire time."""
        async with self.transaction(read_only=True) as transaction:
            await transaction.fetch_value("SELECT 1")
