"""The partition of a month on a real database, made before its first call or after it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from itertools import count

import pytest
from fixtures.ledger_books import LedgerBooks, opened_books
from fixtures.marketplace_database import ProvisionedServer

from chassis.database.errors import RowRefused
from chassis.database.pool import Database
from consumption.ledger.postgres_store import PostgresLedger
from consumption.settlement.partitions import keep_partitions_ahead

NUMBERS = count(1)
REST = "usage_rows_rest"
# Of an index what is not its own name or its table's.
_INDEXES = """
    SELECT regexp_replace(pg_get_indexdef(i.indexrelid), '^CREATE (UNIQUE )?INDEX \\S+ ON \\S+', '\\1') AS index
    FROM pg_index i WHERE i.indrelid = $1::regclass ORDER BY 1
"""
_CHECKS = "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = $1::regclass AND contype = 'c'"
_RULES = "SELECT relowner, relrowsecurity, relforcerowsecurity, relacl FROM pg_class WHERE oid = $1::regclass"


class Stopped(Exception):
    """The loop would rest now."""


class MonthBefore:
    """The clock of a worker in the month before that of these books."""

    def __init__(self, books: LedgerBooks) -> None:
        self._books = books

    def now(self) -> datetime:
        """In the middle of that month."""
        return self._books.month.start - timedelta(days=14)


@pytest.fixture
async def books(marketplace_database: ProvisionedServer) -> AsyncIterator[LedgerBooks]:
    """Books of a month that has no partition, with three calls settled."""
    async with opened_books(marketplace_database, next(NUMBERS), year=2041) as books:
        await books.settle(*(books.call(number, 10, number) for number in range(1, 4)))
        yield books


async def kept_ahead(books: LedgerBooks) -> None:
    """One round of the worker."""

    async def stop(seconds: float) -> None:
        assert seconds == 60
        raise Stopped

    with pytest.raises(Stopped):
        await keep_partitions_ahead(books.database, MonthBefore(books), stop, timedelta(minutes=1))


def partition(books: LedgerBooks) -> str:
    return f"usage_rows_{books.now:%Y_%m}"


async def tables(books: LedgerBooks) -> dict[str, int]:
    """Where this team's calls lie, and how many."""
    where = "SELECT tableoid::regclass::text, count(*) FROM usage_rows WHERE team_id = $1 GROUP BY 1"
    return {str(name): int(str(calls)) for name, calls in await rows(books, where, books.team)}


async def rows(books: LedgerBooks, statement: str, argument: object) -> list[tuple[object, ...]]:
    async with books.database.transaction(read_only=True) as transaction:
        return [tuple(row.values()) for row in await transaction.fetch(statement, argument)]


async def test_a_partition_made_after_a_months_first_calls_takes_them_over(books: LedgerBooks) -> None:
    assert await tables(books) == {REST: 3}
    await kept_ahead(books)
    assert await tables(books) == {partition(books): 3}
    await kept_ahead(books)
    await books.settle(books.call(4, 10, 4))
    assert await tables(books) == {partition(books): 4}
    assert await books.settlement.commit(f"{books.team}/h1", [books.call(1, 10, 1)], [], books.now) == 0
    assert (await PostgresLedger(books.database).verify(books.month)).deviations == ()


async def test_it_is_like_every_other_and_shows_a_team_its_own_rows_alone(
    books: LedgerBooks, marketplace_database: ProvisionedServer
) -> None:
    await kept_ahead(books)
    for question in (_INDEXES, _CHECKS, _RULES):
        found = [await rows(books, question, name) for name in (partition(books), REST)]
        assert found[0] == found[1] != []
    async with Database.open(marketplace_database.url("consumption_runtime"), name="test", size=1) as runtime:
        for team, seen in ((books.team, 3), ("tea_other", 0)):
            async with runtime.transaction(team) as transaction:
                assert (
                    await transaction.fetch_value("SELECT count(*) FROM usage_rows WHERE team_id = $1", books.team)
                    == seen
                )
        with pytest.raises(RowRefused):
            await runtime.run(f"SELECT count(*) FROM {partition(books)}")


async def test_two_workers_make_it_once_while_calls_are_settled(books: LedgerBooks) -> None:
    more = [books.settle(books.call(number, 1, 1, reserved=2)) for number in range(10, 30)]
    await asyncio.gather(*more[:10], kept_ahead(books), kept_ahead(books), *more[10:])
    assert await tables(books) == {partition(books): 23}
    assert (await PostgresLedger(books.database).verify(books.month)).deviations == ()
