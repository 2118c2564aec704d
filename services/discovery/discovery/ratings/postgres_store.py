"""Ratings in PostgreSQL, and their average beside the listing."""

from chassis.database.pool import Database
from chassis.errors import Conflict
from discovery.indexing.document import Rating
from discovery.ratings.ports import Opinion

_RATE = """
INSERT INTO ratings (listing_id, version_id, account_id, team_id, stars, review, rated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (listing_id, version_id, account_id) DO UPDATE SET
    team_id = excluded.team_id, stars = excluded.stars, review = excluded.review, rated_at = excluded.rated_at
"""
# Somebody who rated several versions has one voice: the newest.
_AVERAGE = """
UPDATE listings SET rating_average = voices.average, rating_count = voices.count, change = nextval('listing_changes')
FROM (
    SELECT avg(stars)::float8 AS average, count(*) AS count
    FROM (
        SELECT DISTINCT ON (account_id) stars FROM ratings WHERE listing_id = $1 ORDER BY account_id, rated_at DESC
    ) AS newest
) AS voices
WHERE listing_id = $1 RETURNING rating_average, rating_count
"""


class PostgresRatings:
    """Writes as the role that sees all teams: one team's opinion changes another team's listing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def rate(self, opinion: Opinion) -> Rating:
        """The listing's rating from now on."""
        async with self._database.transaction() as transaction:
            await transaction.execute("SELECT begin_change()")
            await transaction.execute(
                _RATE,
                *(opinion.listing_id, opinion.version_id, opinion.account_id, opinion.team_id),
                *(opinion.stars, opinion.review, opinion.at),
            )
            row = await transaction.fetch_one(_AVERAGE, opinion.listing_id)
            if row is None:
                raise Conflict("The listing went away meanwhile: nothing was rated.")
        return Rating(row["rating_average"], row["rating_count"])
