"""The versions in the pipeline, in PostgreSQL."""

from datetime import datetime

from chassis.database.pool import Database
from publishing.pipeline.rules import WaitingVersion

# Walks the index of the versions in the pipeline, which holds one row for each listing.
_PAGE = """
SELECT listing_id, version_id, team_id FROM version_states
WHERE state = 'submitted' AND changed_at < $1 AND listing_id > $2 ORDER BY listing_id LIMIT $3
"""


class PostgresWaitingVersions:
    """Read on the worker role's pool, which shows all teams."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, since: datetime, after: str, limit: int) -> list[WaitingVersion]:
        """Those submitted before `since`, by their listing's id, from the one after `after`."""
        async with self._database.transaction(read_only=True) as transaction:
            rows = await transaction.fetch(_PAGE, since, after, limit)
        return [WaitingVersion(row["listing_id"], row["version_id"], row["team_id"]) for row in rows]
