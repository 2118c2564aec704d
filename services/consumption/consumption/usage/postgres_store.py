"""Usage of one team, out of its rows."""

from datetime import datetime

from chassis.database.pool import Database
from consumption.usage.rules import CallView, GroupBy, UsageSum

_GROUPS = {
    GroupBy.LISTING: "listing_name",
    GroupBy.MODEL: "model",
    GroupBy.KEY: "key_id",
    GroupBy.DAY: "to_char(started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')",
}
_SUMS = """
    count(*) AS calls, sum(prompt_tokens)::bigint AS prompt_tokens, sum(completion_tokens)::bigint AS completion_tokens,
    coalesce(sum(cost_nanodollars), 0)::bigint AS cost,
    count(*) FILTER (WHERE cost_nanodollars IS NULL) AS unpriced_calls,
    count(*) FILTER (WHERE estimated) AS estimated_calls,
    count(*) FILTER (WHERE outcome = 'unknown') AS unknown_calls,
    count(*) FILTER (WHERE status >= 400) AS failed_calls
"""


class PostgresUsageReader:
    """Reads as the runtime role: row security shows one team."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def sums(self, team_id: str, start: datetime, end: datetime, group_by: GroupBy) -> list[UsageSum]:
        """Sums of the calls that started in [start, end), largest cost first."""
        async with self._database.transaction(team_id, read_only=True) as transaction:
            rows = await transaction.fetch(
                f"SELECT {_GROUPS[group_by]} AS grouped, {_SUMS} FROM usage_rows"  # noqa: S608 -- constants
                " WHERE started_at >= $1 AND started_at < $2 GROUP BY 1 ORDER BY cost DESC, 1 LIMIT 1000",
                start,
                end,
            )
        return [UsageSum(*row) for row in rows]

    async def calls(
        self, team_id: str, after: tuple[datetime, str] | None, key_id: str | None, at_most: int
    ) -> list[CallView]:
        """The newest calls first, after a place."""
        async with self._database.transaction(team_id, read_only=True) as transaction:
            rows = await transaction.fetch(
                "SELECT call_id, started_at, listing_name, listing_version, model, key_id, prompt_tokens,"
                " completion_tokens, cost_nanodollars, outcome, estimated, streamed, status, duration_microseconds"
                " FROM usage_rows WHERE ($1::timestamptz IS NULL OR (started_at, call_id) < ($1, $2))"
                " AND ($3::text IS NULL OR key_id = $3) ORDER BY started_at DESC, call_id DESC LIMIT $4",
                *(after or (None, None)),
                key_id,
                at_most,
            )
        return [CallView(*row) for row in rows]
