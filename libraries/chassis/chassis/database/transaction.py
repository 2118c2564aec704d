"""A transaction as stores see it: statements in, rows out, and deeds to do after the commit."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import asyncpg

Row = asyncpg.Record


class Transaction:
    """One open transaction; every statement takes bound parameters only."""

    def __init__(self, connection: "asyncpg.pool.PoolConnectionProxy[Row]") -> None:
        self._connection = connection
        self._after_commit: list[Callable[[], None]] = []

    async def execute(self, statement: str, *arguments: Any) -> str:
        """Run a statement; the answer is its command tag, such as `UPDATE 1`."""
        return await self._connection.execute(statement, *arguments)

    async def execute_many(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run a statement once for each row of arguments."""
        await self._connection.executemany(statement, rows)

    async def fetch(self, statement: str, *arguments: Any) -> list[Row]:
        """All rows."""
        return await self._connection.fetch(statement, *arguments)

    async def fetch_one(self, statement: str, *arguments: Any) -> Row | None:
        """The first row, or None."""
        return await self._connection.fetchrow(statement, *arguments)

    async def fetch_value(self, statement: str, *arguments: Any) -> Any:
        """The first column of the first row, or None."""
        return await self._connection.fetchval(statement, *arguments)

    def savepoint(self) -> Any:
        """An async context whose failure undoes only what ran inside it."""
        return self._connection.transaction()

    def after_commit(self, deed: Callable[[], None]) -> None:
        """Do something small once the commit has succeeded; never done after a rollback."""
        self._after_commit.append(deed)

    def committed(self) -> None:
        """Called by the pool when the commit has succeeded."""
        for deed in self._after_commit:
            deed()
