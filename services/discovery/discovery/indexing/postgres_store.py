"""The table of listings: the newest snapshot of each, also of those that search no longer finds."""

from datetime import datetime

from chassis.database.transaction import Transaction
from discovery.indexing.snapshots import visibility_of
from marketplace.events.v1.listing_pb2 import ListingSnapshot

_TAKE = """
INSERT INTO listings (listing_id, team_id, visibility, state, revision, snapshot, known_at, change)
VALUES ($1, $2, $3, $4, $5, $6, $7, nextval('listing_changes'))
ON CONFLICT (listing_id) DO UPDATE SET team_id = excluded.team_id, visibility = excluded.visibility,
    state = excluded.state, revision = excluded.revision, snapshot = excluded.snapshot, known_at = excluded.known_at,
    change = excluded.change
WHERE listings.revision < excluded.revision
"""


class PostgresListings:
    """Writes as the role that sees all teams."""

    async def take(self, transaction: Transaction, snapshot: ListingSnapshot, at: datetime) -> bool:
        """Keeps the snapshot where it is newer than what is there."""
        await transaction.execute("SELECT begin_change()")
        outcome = await transaction.execute(
            _TAKE,
            *(snapshot.listing_id, snapshot.team_id, visibility_of(snapshot).value),
            *(snapshot.state, snapshot.revision, snapshot.SerializeToString(), at),
        )
        return outcome.endswith(" 1")
