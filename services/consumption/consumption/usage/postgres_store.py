"""Usage of one team, out of its rows."""

from datetime import UTC, datetime

from chassis.database.pool import Database
from consumption.usage.rules import MOST_GROUPS, CallView, GroupBy, UsageSum

_GROUPS = {
    GroupBy.LISTING: "listing_name",
    GroupBy.MODEL: "model",
    GroupBy.KEY: "key_id",
    GroupBy.DAY: "to_char(started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')",
}
_SUMS = """
    count(*) AS calls, sum(prompt_tokens)::bigint AS prompt_tokens, sum(completion_tokens)::bigint AS completion_tokens,
    (coalesce(sum(cost_nanodollars), 0) + coalesce(sum(difference), 0))::bigint AS cost,
    count(*) FILTER (WHERE cost_nanodollars IS NULL AND difference IS NULL) AS unpriced_calls,
    count(*) FILTER (WHERE estimated) AS estimated_calls,
    count(*) FILTER (WHERE outcome = 'unknown') AS unknown_calls,
    count(*) FILTER (WHERE status >= 400) AS failed_calls,
    count(difference) AS corrected_calls
"""
# What corrections add to each call of a time; no row for a call without any.
_CORRECTED = """
    (SELECT call_id, started_at, sum(difference)::bigint AS difference FROM corrections
    WHERE team_id = $3 AND started_at >= $1 AND started_at < $2 GROUP BY 1, 2)
"""
_CALLS_OF_TIME = f"""
    FROM usage_rows LEFT JOIN {_CORRECTED} c USING (call_id, started_at)
    WHERE team_id = $3 AND started_at >= $1 AND started_at < $2
"""
# Groups in their order; those beyond the place of the last that is shown stand at one place together.
_TOGETHER = """
    SELECT CASE WHEN place <= $4 THEN min(grouped) END, sum(calls)::bigint, sum(prompt_tokens)::bigint,
        sum(completion_tokens)::bigint, sum(cost)::bigint, sum(unpriced_calls)::bigint, sum(estimated_calls)::bigint,
        sum(unknown_calls)::bigint, sum(failed_calls)::bigint, sum(corrected_calls)::bigint, count(*)
    FROM (SELECT *, least(row_number() OVER (ORDER BY cost DESC, grouped), $4::bigint + 1) AS place FROM groups) placed
    GROUP BY place ORDER BY place
"""
# Were there none, a plan made for any place would read all calls that lie above the place.
_NEWER_THAN_ALL = (datetime.max.replace(tzinfo=UTC), "")
_CALLS = """
    SELECT u.call_id, u.started_at, u.listing_name, u.listing_version, u.model, u.key_id, u.prompt_tokens,
        u.completion_tokens, CASE WHEN c.difference IS NULL THEN u.cost_nanodollars
            ELSE coalesce(u.cost_nanodollars, 0) + c.difference END AS cost,
        u.outcome, u.estimated, u.streamed, u.status, u.duration_microseconds, c.difference IS NOT NULL AS is_corrected
    FROM usage_rows u LEFT JOIN LATERAL (
        SELECT sum(k.difference)::bigint AS difference FROM corrections k
        WHERE k.call_id = u.call_id AND k.started_at = u.started_at
    ) c ON true
    WHERE u.team_id = $5 AND u.started_at <= $1 AND (u.started_at, u.call_id) < ($1, $2)
        AND ($3::text IS NULL OR u.key_id = $3)
    ORDER BY u.started_at DESC, u.call_id DESC LIMIT $4
"""


class PostgresUsageReader:
    """Reads as the runtime role: row security shows one team."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def sums(self, team_id: str, start: datetime, end: datetime, group_by: GroupBy) -> list[UsageSum]:
        """Sums of the calls that started in [start, end), largest cost first; together they are all of them."""
        async with self._database.transaction(team_id, read_only=True) as transaction:
            rows = await transaction.fetch(
                f"WITH groups AS (SELECT {_GROUPS[group_by]} AS grouped, {_SUMS} {_CALLS_OF_TIME} GROUP BY 1)"
                f" {_TOGETHER}",
                *(start, end, team_id, MOST_GROUPS),
            )
        return [UsageSum(*row) for row in rows]

    async def calls(
        self, team_id: str, after: tuple[datetime, str] | None, key_id: str | None, at_most: int
    ) -> list[CallView]:
        """The newest calls first, after a place."""
        async with self._database.transaction(team_id, read_only=True) as transaction:
            rows = await transaction.fetch(
                _CALLS,
                *(*(after or _NEWER_THAN_ALL), key_id, at_most, team_id),
            )
        return [CallView(*row) for row in rows]
