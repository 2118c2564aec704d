"""Daily figures in PostgreSQL."""

from dataclasses import dataclass

from admin.analytics.ports import Dimension, ListingState, Slice
from admin.analytics.rules import Period, UsageBatch, UsageSums
from chassis.database.transaction import Row, Transaction

_SUMS = (
    ", sum(calls), sum(failed_calls), sum(estimated_calls), sum(unknown_calls), sum(unpriced_calls),"
    " sum(prompt_tokens), sum(completion_tokens), sum(cost_nanodollars), sum(duration_microseconds) FROM usage_daily u "
)
_PERIOD = "WHERE u.day BETWEEN $1 AND $2 AND ($3::text IS NULL OR u.team_id = $3) GROUP BY 1 "
_MOST_CALLS = _PERIOD + "ORDER BY sum(calls) DESC, 1 LIMIT 400"
_SLICES = {
    Dimension.TOTAL: "SELECT '' AS identity, '' AS name" + _SUMS + _PERIOD,
    Dimension.DAY: "SELECT day::text AS identity, day::text AS name" + _SUMS + _PERIOD + "ORDER BY 1",
    Dimension.TEAM: "SELECT u.team_id AS identity, coalesce(max(t.slug), u.team_id) AS name"
    + _SUMS
    + "LEFT JOIN teams t ON t.team_id = u.team_id "
    + _MOST_CALLS,
    Dimension.LISTING: "SELECT listing_id AS identity, max(listing_name) AS name" + _SUMS + _MOST_CALLS,
    Dimension.ACCOUNT: "SELECT u.account_id AS identity, coalesce(max(a.email), u.account_id) AS name"
    + _SUMS
    + "LEFT JOIN accounts a ON a.account_id = u.account_id "
    + _MOST_CALLS,
    Dimension.KEY: "SELECT key_id AS identity, key_id AS name" + _SUMS + _MOST_CALLS,
    Dimension.MODEL: "SELECT model AS identity, model AS name" + _SUMS + _MOST_CALLS,
    Dimension.PROVIDER: "SELECT provider AS identity, provider AS name" + _SUMS + _MOST_CALLS,
}
_ADD_USAGE = (
    "INSERT INTO usage_daily AS u (day, team_id, account_id, key_id, listing_id, model, provider, listing_name,"
    " calls, failed_calls, estimated_calls, unknown_calls, unpriced_calls, prompt_tokens, completion_tokens,"
    " cost_nanodollars, duration_microseconds)"
    " SELECT * FROM unnest($1::date[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],"
    " $8::text[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[],"
    " $15::bigint[], $16::numeric[], $17::numeric[])"
    " ON CONFLICT (day, team_id, account_id, key_id, listing_id, model, provider) DO UPDATE SET"
    " listing_name = excluded.listing_name, calls = u.calls + excluded.calls,"
    " failed_calls = u.failed_calls + excluded.failed_calls,"
    " estimated_calls = u.estimated_calls + excluded.estimated_calls,"
    " unknown_calls = u.unknown_calls + excluded.unknown_calls,"
    " unpriced_calls = u.unpriced_calls + excluded.unpriced_calls,"
    " prompt_tokens = u.prompt_tokens + excluded.prompt_tokens,"
    " completion_tokens = u.completion_tokens + excluded.completion_tokens,"
    " cost_nanodollars = u.cost_nanodollars + excluded.cost_nanodollars,"
    " duration_microseconds = u.duration_microseconds + excluded.duration_microseconds"
)
_ADD_LATENCY = (
    "INSERT INTO latency_daily AS l (day, team_id, listing_id, step, calls)"
    " SELECT * FROM unnest($1::date[], $2::text[], $3::text[], $4::smallint[], $5::bigint[])"
    " ON CONFLICT (day, team_id, listing_id, step) DO UPDATE SET calls = l.calls + excluded.calls"
)


@dataclass(frozen=True)
class PostgresFigures:
    """The figures that this transaction may see."""

    transaction: Transaction

    async def add_usage(self, batch: UsageBatch) -> None:
        """Add a batch of calls."""
        sums = [
            (*vars(key).values(), batch.listing_names[key.listing_id], *vars(sums).values())
            for key, sums in batch.sums.items()
        ]
        latencies = [(*vars(key).values(), calls) for key, calls in batch.latencies.items()]
        for statement, rows in ((_ADD_USAGE, sums), (_ADD_LATENCY, latencies)):
            if rows:
                await self.transaction.execute(statement, *map(list, zip(*rows, strict=True)))

    async def put_listing(self, listing: ListingState) -> None:
        """Keep the newest state; an older revision changes nothing."""
        await self.transaction.execute(
            "INSERT INTO listing_states AS s (listing_id, team_id, full_name, state, revision)"
            " VALUES ($1, $2, $3, $4, $5) ON CONFLICT (listing_id) DO UPDATE SET"
            " full_name = excluded.full_name, state = excluded.state, revision = excluded.revision"
            " WHERE s.revision < excluded.revision",
            *vars(listing).values(),
        )

    async def slices(self, by: Dimension, period: Period, team_id: str | None) -> list[Slice]:
        """The figures, days in order and all else with the most calls first."""
        rows = await self.transaction.fetch(_SLICES[by], period.first, period.last, team_id)
        return [_slice_of(row) for row in rows]

    async def latencies(self, period: Period, team_id: str | None) -> dict[str, dict[int, int]]:
        """Calls by step of the latency scale, by listing id."""
        rows = await self.transaction.fetch(
            "SELECT listing_id, step, sum(calls)::bigint AS calls FROM latency_daily"
            " WHERE day BETWEEN $1 AND $2 AND ($3::text IS NULL OR team_id = $3) GROUP BY 1, 2",
            period.first,
            period.last,
            team_id,
        )
        found: dict[str, dict[int, int]] = {}
        for row in rows:
            found.setdefault(row["listing_id"], {})[row["step"]] = row["calls"]
        return found

    async def listings_by_state(self, team_id: str | None) -> dict[str, int]:
        """How many listings are in each state."""
        rows = await self.transaction.fetch(
            "SELECT state, count(*) AS listings FROM listing_states WHERE $1::text IS NULL OR team_id = $1"
            " GROUP BY 1 ORDER BY 1",
            team_id,
        )
        return {row["state"]: row["listings"] for row in rows}


def _slice_of(row: Row) -> Slice:
    identity, name, *sums = row.values()
    return Slice(identity, name, UsageSums(*(int(value) for value in sums)))
