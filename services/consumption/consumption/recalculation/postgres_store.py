"""Recalculations and corrections in PostgreSQL, as the worker role."""

import json
import logging
from collections.abc import AsyncIterator, Sequence
from datetime import datetime

from chassis.database.errors import driver_errors_translated, passes_by_itself
from chassis.database.pool import Database
from chassis.database.transaction import Row, Transaction
from chassis.errors import MarketplaceError
from chassis.event_log.port import EventLog
from consumption.prices.price_rows import row_of
from consumption.prices.rules import PriceRow
from consumption.recalculation.calls_walk import next_batch
from consumption.recalculation.errors import RunNotFound
from consumption.recalculation.events import completed, failed, started
from consumption.recalculation.rules import Correction, Group, Place, Repriced, Run, Scope, movements_of
from consumption.recalculation.run_rows import COLUMNS, run_of
from consumption.settlement.rules import FULL

BATCH = 500
# Two runs at once could both correct the same call from the same cost.
_LOCK = "consumption.recalculation"
_COUNT = """
    SELECT count(*) FROM usage_rows WHERE started_at >= $1 AND started_at < $2
        AND ($3::text IS NULL OR team_id = $3) AND ($4::text IS NULL OR listing_id = $4)
        AND ($5::text IS NULL OR model = $5)
"""
_GROUPS = """
    SELECT listing_name, model, old_price_id, new_price_id, count(*) AS calls,
        count(*) FILTER (WHERE old_cost IS NULL) AS unpriced, coalesce(sum(old_cost), 0) AS old_cost,
        sum(new_cost) AS new_cost
    FROM corrections WHERE run_id = $1 GROUP BY 1, 2, 3, 4 ORDER BY abs(sum(difference)) DESC, 4 LIMIT 1000
"""
_CORRECT = """
    INSERT INTO corrections (call_id, started_at, run_id, team_id, listing_id, listing_name, model, old_cost, new_cost,
        difference, old_price_id, new_price_id, scopes, recorded_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
"""
# What a balance did not add, above FULL, may be taken off it all the same: it never falls below nothing.
_MOVE = """
    UPDATE balances SET settled = greatest(least(settled + $3::numeric, $5::bigint), 0),
        corrected = greatest(least(corrected + $3::numeric, $5::bigint), -$5::bigint),
        corrected_up = least(corrected_up + $4::numeric, $5::bigint)
    WHERE scope_id = $1 AND period_end = $2
"""
_log = logging.getLogger("consumption.recalculation")


class PostgresRuns:
    """Recalculations of all teams."""

    def __init__(self, database: Database, log: EventLog) -> None:
        self._database = database
        self._log = log

    async def add(self, run: Run) -> Run:
        """Keep a run, in one transaction with its event; the run of the same request id, where there is one."""
        scope = run.scope
        span = (scope.start, scope.end, scope.team_id, scope.listing_id, scope.model)
        async with self._database.transaction() as transaction:
            total = await transaction.fetch_value(_COUNT, *span)
            tag = await transaction.execute(
                "INSERT INTO recalculations (run_id, request_id, requested_by, span_start, span_end, team_id,"
                " listing_id, model, book_as_of, calls_total) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
                " ON CONFLICT DO NOTHING",
                *(run.run_id, run.request_id, run.requested_by, *span, run.book_as_of, total),
            )
            if tag == "INSERT 0 1":
                await self._log.append(transaction, [started(run, run.book_as_of)])
            row = await transaction.fetch_one(
                f"SELECT {COLUMNS} FROM recalculations WHERE request_id = $1",  # noqa: S608 -- a constant
                run.request_id,
            )
        return run if row is None else run_of(row)

    async def find(self, run_id: str) -> Run:
        """Raises RunNotFound."""
        async with self._database.transaction(read_only=True) as transaction:
            row = await transaction.fetch_one(
                f"SELECT {COLUMNS} FROM recalculations WHERE run_id = $1",  # noqa: S608 -- a constant
                run_id,
            )
        if row is None:
            raise RunNotFound("There is no such recalculation: GET /api/v1/recalculations lists them.")
        return run_of(row)

    async def page(self, after: tuple[datetime, str] | None, at_most: int) -> list[Run]:
        """Newest first, after a place."""
        async with self._database.transaction(read_only=True) as transaction:
            rows = await transaction.fetch(
                f"SELECT {COLUMNS} FROM recalculations"  # noqa: S608 -- a constant
                " WHERE $1::timestamptz IS NULL OR (book_as_of, run_id) < ($1, $2)"
                " ORDER BY book_as_of DESC, run_id DESC LIMIT $3",
                *(*(after or (None, None)), at_most),
            )
        return [run_of(row) for row in rows]

    async def groups(self, run_id: str) -> list[Group]:
        """What a run has corrected so far, the largest difference first."""
        async with self._database.transaction(read_only=True) as transaction:
            return [_group(row) for row in await transaction.fetch(_GROUPS, run_id)]

    async def prices(self, price_ids: Sequence[str]) -> dict[str, PriceRow]:
        """Rows of the price book by their ids; ids of no row are left out."""
        async with self._database.transaction(read_only=True) as transaction:
            rows = await transaction.fetch("SELECT * FROM prices WHERE price_id = ANY($1::text[])", list(price_ids))
        return {row["price_id"]: row_of(row) for row in rows}


class PostgresDryRun:
    """Calls repriced in a transaction that can write nothing."""

    def __init__(self, database: Database, batch: int = BATCH) -> None:
        self._database = database
        self._batch = batch

    async def walk(self, scope: Scope, book_as_of: datetime) -> AsyncIterator[Repriced]:
        """What would become of the calls of a scope, batch by batch, all of one snapshot."""
        async with self._database.transaction(read_only=True) as transaction:
            await transaction.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            place: Place | None = Place()
            while place is not None:
                found, place = await next_batch(transaction, scope, book_as_of, place, self._batch)
                yield found


class PostgresCorrections:
    """Corrections and balances of all teams."""

    def __init__(self, database: Database, log: EventLog, batch: int = BATCH) -> None:
        self._database = database
        self._log = log
        self._batch = batch

    async def step(self, now: datetime) -> bool:
        """Reprice the next batch of the oldest run that goes on; whether there was one.

        Where it can never be priced again the run fails; what passes by itself is raised.
        """
        async with self._database.transaction() as transaction:
            await transaction.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", _LOCK)
            row = await transaction.fetch_one(
                f"SELECT {COLUMNS} FROM recalculations WHERE state = 'running'"  # noqa: S608 -- a constant
                " ORDER BY book_as_of, run_id LIMIT 1 FOR UPDATE"
            )
            if row is None:
                return False
            moved = await self._moved(transaction, run_of(row), now)
            await _keep_place(transaction, moved)
            if moved.state != "running":
                tell = completed if moved.state == "completed" else failed
                await self._log.append(transaction, [tell(moved, now)])
        return True

    async def _moved(self, transaction: Transaction, run: Run, now: datetime) -> Run:
        """The run after its next batch, or failed by it, with nothing of the batch."""
        try:
            with driver_errors_translated():
                async with transaction.savepoint():
                    batch, place = await next_batch(transaction, run.scope, run.book_as_of, run.place, self._batch)
                    await _write(transaction, run, batch.corrections, now)
        except Exception as error:
            if passes_by_itself(error):
                raise
            _log.exception("%s failed after %d calls", run.run_id, run.counts.calls)
            return run.failed(error.code if isinstance(error, MarketplaceError) else type(error).__name__)
        return run.moved(place, batch, now)


def _group(row: Row) -> Group:
    return Group(
        *(row["listing_name"], row["model"], row["old_price_id"], row["new_price_id"]),
        *(row["calls"], row["unpriced"], int(row["old_cost"]), int(row["new_cost"])),
    )


async def _write(transaction: Transaction, run: Run, corrections: Sequence[Correction], now: datetime) -> None:
    await transaction.execute_many(_CORRECT, [_columns(run, one, now) for one in corrections])
    # In the order that leases are granted and calls are settled in, so that they never dead-lock.
    for movement in movements_of(corrections):
        await transaction.execute(_MOVE, *movement, FULL)


def _columns(run: Run, one: Correction, now: datetime) -> tuple[object, ...]:
    call = one.call
    scopes = [
        {"scope": scope.scope_id, "until": scope.period_end.isoformat(), "difference": scope.difference}
        for scope in one.scopes
    ]
    return (
        *(call.call_id, call.started_at, run.run_id, call.team_id, call.listing_id, call.listing_name, call.model),
        *(call.cost, one.new_cost, one.difference, call.price_id, one.new_price_id, json.dumps(scopes), now),
    )


async def _keep_place(transaction: Transaction, run: Run) -> None:
    counts, place = run.counts, run.place
    await transaction.execute(
        "UPDATE recalculations SET state = $2, place_team_id = $3, place_started_at = $4, place_call_id = $5,"
        " calls = $6, corrected = $7, without_price = $8, unknown_end = $9, difference = $10, completed_at = $11,"
        " failure = $12, place_recorded_at = $13, decided = $14 WHERE run_id = $1",
        *(run.run_id, run.state, place.team_id, place.started_at, place.call_id),
        *(counts.calls, counts.corrected, counts.without_price, counts.unknown_end, counts.difference),
        *(run.completed_at, run.failure, place.recorded_at, counts.decided),
    )
