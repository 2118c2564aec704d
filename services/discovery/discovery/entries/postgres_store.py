"""One entry out of the table of listings, as the role that sees what its viewer may see."""

from chassis.database.pool import Database
from discovery.entries.ports import Entry
from discovery.indexing.document import Rating
from discovery.indexing.errors import ListingNotFound
from discovery.indexing.rules import Viewer
from discovery.indexing.snapshots import document_of, is_findable
from discovery.reading import reading_as
from marketplace.events.v1.listing_pb2 import ListingSnapshot


class PostgresEntries:
    """The policies of the table decide."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, listing_id: str, viewer: Viewer) -> Entry:
        """Raises ListingNotFound, also for what was retired or rejected."""
        async with reading_as(viewer, self._database) as transaction:
            row = await transaction.fetch_one(
                "SELECT snapshot, popularity, rating_average, rating_count FROM listings WHERE listing_id = $1",
                listing_id,
            )
        snapshot = ListingSnapshot.FromString(row["snapshot"]) if row else ListingSnapshot()
        if row is None or not is_findable(snapshot):
            raise ListingNotFound
        rating = Rating(row["rating_average"], row["rating_count"])
        return Entry(document_of(snapshot, row["popularity"], rating), snapshot)
