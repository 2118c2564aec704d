"""Use by the hour and decayed popularity in PostgreSQL, and how popularity reaches the listings."""

from collections.abc import Sequence
from datetime import datetime

from chassis.database.pool import Database
from chassis.database.transaction import Transaction
from discovery.indexing.rules import Viewer
from discovery.reading import reading_as
from discovery.trending.ports import RecentUse
from discovery.trending.rules import HALF_LIFE, LONGEST_MEMORY, Use, Window, by_hour, by_listing

_MOST = 500
_ADD_HOURS = """
INSERT INTO activity (listing_id, hour, weight)
SELECT * FROM unnest($1::text[], $2::timestamptz[], $3::double precision[])
ON CONFLICT (listing_id, hour) DO UPDATE SET weight = activity.weight + excluded.weight
"""
# The exponent is bounded, because power() refuses results that are nearly 0.
_ADD_POPULARITY = """
INSERT INTO popularity (listing_id, score, as_of)
SELECT * FROM unnest($1::text[], $2::double precision[], $3::timestamptz[])
ON CONFLICT (listing_id) DO UPDATE SET
    score = popularity.score
            * power(0.5, least(60, greatest(0, extract(epoch FROM excluded.as_of - popularity.as_of) / $4::float8)))
        + excluded.score
            * power(0.5, least(60, greatest(0, extract(epoch FROM popularity.as_of - excluded.as_of) / $4::float8))),
    as_of = greatest(popularity.as_of, excluded.as_of)
"""
# A difference that no ranking would feel is not worth a change of the index.
_SPREAD = """
UPDATE listings SET popularity = fresh.score, change = nextval('listing_changes')
FROM (
    SELECT p.listing_id,
        p.score * power(0.5, least(60, greatest(0, extract(epoch FROM $1 - p.as_of) / $2::float8))) AS score
    FROM popularity p
) AS fresh
WHERE listings.listing_id = fresh.listing_id
    AND abs(fresh.score - listings.popularity) >= greatest(0.5, 0.05 * listings.popularity)
"""
# Row security cuts before the limit does: what others keep to themselves must not use up the places.
_BUSIEST = """
SELECT listing_id, sum(weight) AS plain,
    sum(weight * power(0.5, least(60, greatest(0, extract(epoch FROM $1 - hour) / $3::float8)))) AS decayed
FROM activity JOIN listings USING (listing_id)
WHERE hour > $2 AND state IN ('published', 'catalogue_only', 'deprecated')
GROUP BY listing_id ORDER BY decayed DESC, listing_id LIMIT $4
"""


class PostgresUse:
    """Aggregates without anybody's name in them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, transaction: Transaction, uses: Sequence[Use]) -> None:
        """Inside the transaction of the fact that it comes from."""
        hours, listings = by_hour(uses), by_listing(uses)
        await transaction.execute(
            _ADD_HOURS,
            *([one.listing_id for one in hours], [one.hour for one in hours], [one.weight for one in hours]),
        )
        await transaction.execute(
            _ADD_POPULARITY,
            *([one.listing_id for one in listings], [one.score for one in listings], [one.as_of for one in listings]),
            HALF_LIFE.total_seconds(),
        )

    async def busiest(self, window: Window, viewer: Viewer, now: datetime) -> Sequence[RecentUse]:
        """The most used listings of the window among what the viewer may see, the busiest first."""
        async with reading_as(viewer, self._database) as transaction:
            rows = await transaction.fetch(_BUSIEST, now, now - window.span, window.half_life.total_seconds(), _MOST)
        return [RecentUse(row["listing_id"], row["decayed"], row["plain"]) for row in rows]

    async def spread(self, now: datetime) -> None:
        """Carry popularity to the listings whose own differs enough; as the role that sees all teams."""
        async with self._database.transaction() as transaction:
            await transaction.execute("SELECT begin_change()")
            await transaction.execute(_SPREAD, now, HALF_LIFE.total_seconds())

    async def forget(self, now: datetime) -> None:
        """Drop what no window reaches any more."""
        async with self._database.transaction() as transaction:
            await transaction.execute("DELETE FROM activity WHERE hour < $1", now - LONGEST_MEMORY)
            await transaction.execute("DELETE FROM interactions WHERE day < $1", (now - LONGEST_MEMORY).date())
