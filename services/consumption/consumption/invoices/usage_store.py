"""What we counted of the calls that an invoice covers, of all teams, as the worker role."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta

from chassis.database.pool import Database
from chassis.database.transaction import Row
from consumption.invoices.errors import ReportTimedOut
from consumption.invoices.resolutions import UnknownCall
from consumption.invoices.rules import Certainty, Counted, Invoice, UsageSum
from consumption.settlement.rules import charges_kept

# The gateway waits 30 s for an answer; calls of unknown end, and the writing of it, need the rest.
REPORT_SECONDS = 20.0
COVERED = "u.started_at >= $1 AND u.started_at < $2 AND ($3 = '' OR u.provider = $3)"
UNKNOWN_COLUMNS = """
    u.call_id, u.started_at, u.team_id, u.listing_name, u.listing_version, u.model, u.price_id, u.prompt_tokens,
    u.completion_tokens, u.cost_nanodollars, u.charges,
    coalesce(u.recorded_at >= h.sealed_at, false) AS booked_after_seal
"""
# What corrections add to each call of a day; no row for a call without any.
_CORRECTED = """
    (SELECT call_id, started_at, sum(difference)::bigint AS difference FROM corrections
    WHERE started_at >= $1 AND started_at < $2 GROUP BY 1, 2)
"""
_SUMS = f"""
    SELECT u.model, u.listing_name,
        CASE WHEN u.outcome = 'unknown' THEN 'unknown' WHEN u.estimated THEN 'estimated' ELSE 'settled' END
            AS certainty,
        count(*) AS calls, sum(u.prompt_tokens)::bigint AS input_tokens,
        sum(u.completion_tokens)::bigint AS output_tokens, coalesce(sum(money.amount), 0)::bigint AS cost,
        count(*) FILTER (WHERE money.amount IS NULL) AS unpriced
    FROM usage_rows u LEFT JOIN {_CORRECTED} AS corrected USING (call_id, started_at)
    CROSS JOIN LATERAL (SELECT CASE WHEN u.outcome = 'unknown' THEN (
            SELECT max(c.reserved) FROM jsonb_to_recordset(u.charges) AS c (scope text, reserved bigint)
            WHERE c.scope LIKE '%:nanodollars'
        ) WHEN difference IS NULL THEN u.cost_nanodollars
        ELSE coalesce(u.cost_nanodollars, 0) + difference END AS amount) AS money
    WHERE {COVERED} GROUP BY 1, 2, 3
"""  # noqa: S608 -- a constant
_UNKNOWN_MODELS = f"SELECT DISTINCT u.model FROM usage_rows u WHERE {COVERED} AND u.outcome = 'unknown'"  # noqa: S608
_UNKNOWN = f"""
    SELECT {UNKNOWN_COLUMNS} FROM usage_rows u LEFT JOIN lease_holders h USING (holder)
    WHERE {COVERED} AND u.outcome = 'unknown' AND u.model = ANY($4::text[])
    ORDER BY u.started_at, u.call_id LIMIT $5
"""  # noqa: S608 -- constants


class PostgresCountedUsage:
    """Usage rows of all teams."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._turn = asyncio.Lock()

    async def sums(self, invoice: Invoice) -> list[UsageSum]:
        """By day, model, listing and certainty: the calls that an invoice covers. Raises ReportTimedOut."""
        # One at a time, and no longer than somebody waits: calls are settled on connections of the same pool.
        try:
            async with asyncio.timeout(REPORT_SECONDS), self._turn:
                return await self._sums(invoice)
        except TimeoutError as late:
            raise ReportTimedOut(
                f"The calls of these days cannot be summed within {REPORT_SECONDS:g} s: register the invoice in parts"
                " of fewer days, or ask again when less is reported on."
            ) from late

    async def _sums(self, invoice: Invoice) -> list[UsageSum]:
        sums: list[UsageSum] = []
        async with self._database.transaction(read_only=True) as transaction:
            await transaction.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            # A statement for each day: one for a month of millions of calls takes longer than a statement may.
            for day in _days_of(invoice):
                rows = await transaction.fetch(_SUMS, *_bounds(day, day), invoice.provider)
                sums += [_sum(day, row) for row in rows if invoice.covers(row["model"])]
        return sums

    async def unknown(self, invoice: Invoice, at_most: int) -> list[UnknownCall]:
        """Calls of unknown end that an invoice covers, oldest first."""
        bounds = bounds_of(invoice)
        async with self._database.transaction(read_only=True) as transaction:
            # How models meet is ours to say, not the database's: what is cut off at `at_most` must all be covered.
            found = [row["model"] for row in await transaction.fetch(_UNKNOWN_MODELS, *bounds)]
            models = [model for model in found if invoice.covers(model)]
            rows = await transaction.fetch(_UNKNOWN, *bounds, models, at_most)
        return unknown_calls(rows)


def bounds_of(invoice: Invoice) -> tuple[datetime, datetime, str]:
    """The arguments of COVERED: the invoice's days, UTC, and its supplier."""
    return *_bounds(invoice.first_day, invoice.last_day), invoice.provider


def _bounds(first: date, last: date) -> tuple[datetime, datetime]:
    return datetime.combine(first, time(), UTC), datetime.combine(last, time(), UTC) + timedelta(days=1)


def _days_of(invoice: Invoice) -> Iterator[date]:
    for number in range((invoice.last_day - invoice.first_day).days + 1):
        yield invoice.first_day + timedelta(days=number)


def unknown_calls(rows: Sequence[Row]) -> list[UnknownCall]:
    """The calls in rows of UNKNOWN_COLUMNS."""
    return [
        UnknownCall(
            *(row["call_id"], row["started_at"], row["team_id"], row["listing_name"], row["listing_version"]),
            *(row["model"], row["price_id"], row["prompt_tokens"], row["completion_tokens"], row["cost_nanodollars"]),
            charges=charges_kept(row["charges"]),
            booked_after_seal=row["booked_after_seal"],
        )
        for row in rows
    ]


def _sum(day: date, row: Row) -> UsageSum:
    counted = Counted(row["calls"], row["input_tokens"], row["output_tokens"], row["cost"], row["unpriced"])
    return UsageSum(day, row["model"], row["listing_name"], Certainty(row["certainty"]), counted)
