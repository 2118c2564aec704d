"""The ledger held against itself in PostgreSQL: sums that the database makes, all of one snapshot."""

import json
from datetime import timedelta

from chassis.database.pool import Database
from chassis.database.transaction import Row, Transaction
from consumption.budgets.rules import Month
from consumption.ledger.rules import MOST_TOLD, Break, Deviation, UnknownCall, Verification
from consumption.settlement.rules import FULL

# A call that begins as the month ends may be charged to the month before or after, by another machine's clock.
_MARGIN = timedelta(days=1)
_OF_MONTH = "u.started_at >= $3 AND u.started_at < $4"
_CHARGES = (
    "usage_rows u CROSS JOIN LATERAL"
    " jsonb_to_recordset(u.charges) AS c (scope text, reserved bigint, spent bigint, until timestamptz)"
)

# What settles under a holder that was given up is overdraft as a whole, and no row says when that was: hence a range.
# Another one is what a balance lost where it stopped adding up, at FULL: it depends on what came first, and is no more
# than what all that was added passes FULL by. Where nothing does, each sum is one number.
_SCOPES = f"""
    WITH charged AS (
        SELECT c.scope AS scope_id,
            coalesce(sum(c.spent) FILTER (WHERE u.outcome <> 'unknown'), 0) AS settled,
            least(coalesce(sum(c.reserved) FILTER (WHERE u.outcome = 'unknown'), 0), {FULL}) AS unknown,
            coalesce(sum(greatest(c.spent - c.reserved, 0)) FILTER (WHERE u.outcome <> 'unknown'), 0) AS beyond,
            coalesce(sum(CASE WHEN u.outcome = 'unknown' THEN c.reserved ELSE least(c.spent, c.reserved) END)
                FILTER (WHERE h.sealed_at IS NOT NULL), 0) AS of_sealed
        FROM {_CHARGES} LEFT JOIN lease_holders h USING (holder)
        WHERE {_OF_MONTH} AND c.until = $2 GROUP BY 1
    ), changed AS (
        SELECT x.scope AS scope_id, sum(x.difference) AS corrected, sum(greatest(x.difference, 0)) AS upwards
        FROM corrections u CROSS JOIN LATERAL
            jsonb_to_recordset(u.scopes) AS x (scope text, until timestamptz, difference bigint)
        WHERE {_OF_MONTH} AND x.until = $2 GROUP BY 1
    ), held AS (
        SELECT l.scope_id, sum(l.amount) AS leased,
            coalesce(sum(l.amount) FILTER (WHERE h.sealed_at IS NOT NULL), 0) AS by_sealed
        FROM leases l JOIN lease_holders h USING (holder) WHERE l.period_start = $1 GROUP BY 1
    ), books AS (
        SELECT scope_id, coalesce(b.settled, 0) AS settled, coalesce(b.leased, 0) AS leased,
            coalesce(b.unknown, 0) AS unknown, coalesce(b.overdraft, 0) AS overdraft, b.granted_under,
            coalesce(b.corrected, 0) AS corrected, coalesce(b.corrected_up, 0) AS corrected_up
        FROM (SELECT * FROM balances WHERE period_start = $1) b FULL JOIN charged USING (scope_id)
    ), sums AS (
        SELECT scope_id, settled, corrected, upwards, greatest(settled + upwards - {FULL}, 0) AS lost,
            greatest(upwards - {FULL}, 0) AS lost_up, greatest(upwards - corrected - {FULL}, 0) AS lost_down
        FROM (
            SELECT scope_id, coalesce(c.settled, 0) AS settled, coalesce(x.corrected, 0) AS corrected,
                coalesce(x.upwards, 0) AS upwards
            FROM books LEFT JOIN charged c USING (scope_id) LEFT JOIN changed x USING (scope_id)
        ) added
    )
    SELECT found.kind, k.scope_id, NULL AS call_id,
        CASE WHEN found.amount > found.most THEN found.most ELSE found.least END AS expected, found.amount AS found
    FROM books k LEFT JOIN charged c USING (scope_id) LEFT JOIN held h USING (scope_id)
        JOIN sums s USING (scope_id) LEFT JOIN limits l USING (scope_id) CROSS JOIN LATERAL (VALUES
            ('above_limit', k.settled::numeric + k.leased + k.unknown, 0,
                coalesce(greatest(k.granted_under, l.amount), 4611686018427387904)::numeric
                    + k.overdraft + k.corrected_up),
            ('settled', k.settled, greatest(s.settled + s.corrected - s.lost, 0),
                least(s.settled + s.corrected, {FULL})),
            ('corrected', k.corrected, greatest(s.corrected - s.lost_up, -{FULL}),
                least(s.corrected + s.lost_down, {FULL})),
            ('corrected', k.corrected_up, least(s.upwards, {FULL}), least(s.upwards, {FULL})),
            ('unknown', k.unknown, coalesce(c.unknown, 0), coalesce(c.unknown, 0)),
            ('overdraft', k.overdraft, least(coalesce(c.beyond, 0), {FULL}),
                least(coalesce(c.beyond + c.of_sealed, 0), {FULL})),
            ('leased', k.leased, coalesce(h.leased, 0), coalesce(h.leased, 0)),
            ('leased_by_sealed', coalesce(h.by_sealed, 0), 0, 0)
        ) AS found (kind, amount, least, most)
    WHERE found.amount NOT BETWEEN found.least AND found.most
    ORDER BY k.scope_id, found.kind LIMIT {MOST_TOLD + 1}
"""  # noqa: S608 -- constants
_CALLS = f"""
    SELECT 'charge_of_call' AS kind, c.scope AS scope_id, u.call_id, owed.amount AS expected, c.spent AS found
    FROM {_CHARGES} CROSS JOIN LATERAL (SELECT CASE
        WHEN c.scope LIKE '%:tokens' THEN u.prompt_tokens + u.completion_tokens
        ELSE coalesce(u.cost_nanodollars, c.reserved) END AS amount) AS owed
    WHERE {_OF_MONTH} AND c.until = $2 AND $1::timestamptz < $2 AND u.outcome <> 'unknown' AND c.spent <> owed.amount
    ORDER BY 3, 2 LIMIT {MOST_TOLD + 1}
"""  # noqa: S608 -- constants
_TWICE = f"""
    SELECT 'counted_twice' AS kind, NULL AS scope_id, call_id, 1 AS expected, count(*) AS found
    FROM usage_rows u WHERE u.started_at >= $1 AND u.started_at < $2
    GROUP BY call_id HAVING count(*) > 1 ORDER BY call_id LIMIT {MOST_TOLD + 1}
"""  # noqa: S608 -- constants
_COUNTS = """
    SELECT (SELECT count(*) FROM balances WHERE period_start = $1) AS scopes, count(*) AS calls,
        count(*) FILTER (WHERE outcome = 'unknown') AS unknown
    FROM usage_rows WHERE started_at >= $1 AND started_at < $2
"""
_UNKNOWN = f"""
    SELECT call_id, team_id, started_at, listing_name, charges FROM usage_rows
    WHERE started_at >= $1 AND started_at < $2 AND outcome = 'unknown' ORDER BY started_at, call_id LIMIT {MOST_TOLD}
"""  # noqa: S608 -- a constant


class PostgresLedger:
    """Reads the books of all teams, as the worker role."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def verify(self, month: Month) -> Verification:
        """Hold the books of a month against each other as they stood at one moment. Raises DatabaseTimedOut."""
        async with self._database.transaction(read_only=True) as transaction:
            await transaction.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            counts = await transaction.fetch_one(_COUNTS, month.start, month.end)
            deviations = await _deviations(transaction, month)
            unknown = await transaction.fetch(_UNKNOWN, month.start, month.end)
        return Verification(
            month=month,
            scopes=counts["scopes"] if counts else 0,
            calls=counts["calls"] if counts else 0,
            deviations=tuple(deviations[:MOST_TOLD]),
            more_deviations=len(deviations) > MOST_TOLD,
            unknown_calls=counts["unknown"] if counts else 0,
            unknown=tuple(map(_unknown_call, unknown)),
        )


async def _deviations(transaction: Transaction, month: Month) -> list[Deviation]:
    around = (month.start - _MARGIN, month.end + _MARGIN)
    rows = [
        *await transaction.fetch(_SCOPES, month.start, month.end, *around),
        *await transaction.fetch(_CALLS, month.start, month.end, *around),
        *await transaction.fetch(_TWICE, *around),
    ]
    return [
        Deviation(Break(row["kind"]), row["scope_id"], row["call_id"], int(row["expected"]), int(row["found"]))
        for row in rows
    ]


def _unknown_call(row: Row) -> UnknownCall:
    reserved = {charge["scope"]: int(charge["reserved"]) for charge in json.loads(row["charges"])}
    return UnknownCall(row["call_id"], row["team_id"], row["started_at"], row["listing_name"], reserved)
