"""A walk over counted calls in PostgreSQL: team by team from the newest to the oldest, then what was counted since."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from chassis.database.transaction import Row, Transaction
from consumption.prices.price_rows import row_of
from consumption.recalculation.rules import CountedCall, Place, Repriced, Scope, repriced
from consumption.settlement.rules import charges_kept
from dataplane.usage import Usage

# Longer than a settlement takes, and than clocks differ: all that was recorded before is there to be read.
MARGIN = timedelta(minutes=1)
_COUNTED = """
    SELECT u.*, c.difference, c.price_id AS corrected_price_id, u.outcome IN ('reconciled', 'released')
            AND coalesce((SELECT r.cost_is_stated FROM invoice_resolutions r WHERE r.call_id = u.call_id), false)
            AS is_decided
    FROM usage_rows u LEFT JOIN LATERAL (
        SELECT sum(k.difference)::bigint AS difference,
            (array_agg(k.new_price_id ORDER BY k.recorded_at DESC, k.run_id DESC))[1] AS price_id
        FROM corrections k WHERE k.call_id = u.call_id AND k.started_at = u.started_at HAVING count(*) > 0
    ) c ON true
    WHERE u.started_at >= $1 AND u.started_at < $2
        AND ($3::text IS NULL OR u.listing_id = $3) AND ($4::text IS NULL OR u.model = $4)
"""
# The one index by time is each team's own; an order of all teams together would sort every call for each batch. There
# always is a place to begin at: were it null at times, a plan made for any place would read all that lies above it.
BEFORE = f"""
    {_COUNTED} AND u.team_id = $5 AND u.recorded_at < $6
        AND u.started_at <= $7 AND (u.started_at, u.call_id) < ($7, $8)
    ORDER BY u.started_at DESC, u.call_id DESC LIMIT $9
"""
_SINCE = f"""
    {_COUNTED} AND ($5::text IS NULL OR u.team_id = $5)
        AND u.recorded_at >= $6 AND (u.recorded_at, u.call_id) > ($6, $7)
    ORDER BY u.recorded_at, u.call_id LIMIT $8
"""
_NEXT_TEAM = """
    SELECT min(team_id) FROM usage_rows
    WHERE team_id > $1 AND started_at >= $2 AND started_at < $3 AND ($4::text IS NULL OR team_id = $4)
"""
_PRICES = "SELECT * FROM prices WHERE listing_version_id = ANY($1::text[]) AND recorded_at <= $2"


async def next_batch(
    transaction: Transaction, scope: Scope, book_as_of: datetime, place: Place, at_most: int
) -> tuple[Repriced, Place | None]:
    """The next calls after a place, repriced, and the place after them; None: there are no more."""
    asked = book_as_of - MARGIN
    if place.recorded_at is None:
        rows, after = await _before(transaction, scope, asked, place, at_most)
    else:
        rows, after = await _since(transaction, scope, place.recorded_at, place, at_most)
    return await _priced(transaction, rows, book_as_of), after


async def _before(
    transaction: Transaction, scope: Scope, asked: datetime, place: Place, at_most: int
) -> tuple[list[Row], Place | None]:
    """Of a team, then of the next one, the calls that were counted before the run was asked for."""
    rows: list[Row] = []
    if place.team_id:
        rows = await transaction.fetch(
            BEFORE,
            *(scope.start, scope.end, scope.listing_id, scope.model),
            *(place.team_id, asked, place.started_at or scope.end, place.call_id, at_most),
        )
    if len(rows) == at_most:
        return rows, Place(place.team_id, rows[-1]["started_at"], rows[-1]["call_id"])
    team = await transaction.fetch_value(_NEXT_TEAM, place.team_id, scope.start, scope.end, scope.team_id)
    return rows, Place(recorded_at=asked) if team is None else Place(team)


async def _since(
    transaction: Transaction, scope: Scope, recorded_at: datetime, place: Place, at_most: int
) -> tuple[list[Row], Place | None]:
    """Of all teams the calls that were counted since."""
    # A plan made for any moment would take it for long ago, and read the whole span.
    await transaction.execute("SET LOCAL plan_cache_mode = force_custom_plan")
    rows = await transaction.fetch(
        _SINCE,
        *(scope.start, scope.end, scope.listing_id, scope.model),
        *(scope.team_id, recorded_at, place.call_id, at_most),
    )
    if len(rows) < at_most:
        return rows, None
    return rows, Place(call_id=rows[-1]["call_id"], recorded_at=rows[-1]["recorded_at"])


async def _priced(transaction: Transaction, rows: Sequence[Row], book_as_of: datetime) -> Repriced:
    calls = [_call(row) for row in rows]
    versions = sorted({call.listing_version_id for call in calls})
    prices = await transaction.fetch(_PRICES, versions, book_as_of) if versions else []
    return repriced(calls, [row_of(price) for price in prices])


def _call(row: Row) -> CountedCall:
    cost, difference = row["cost_nanodollars"], row["difference"]
    return CountedCall(
        call_id=row["call_id"],
        started_at=row["started_at"],
        team_id=row["team_id"],
        listing_id=row["listing_id"],
        listing_version_id=row["listing_version_id"],
        listing_name=row["listing_name"],
        model=row["model"],
        usage=Usage(row["prompt_tokens"], row["completion_tokens"], row["cached_prompt_tokens"]),
        outcome=row["outcome"],
        cost=cost if difference is None else (cost or 0) + difference,
        price_id=row["corrected_price_id"] or row["price_id"],
        is_corrected=difference is not None,
        charges=charges_kept(row["charges"]),
        is_decided=row["is_decided"],
    )
