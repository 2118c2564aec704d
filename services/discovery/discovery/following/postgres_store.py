"""The changes of the table of listings, and the vectors kept beside them."""

from collections.abc import Sequence

import numpy as np

from chassis.database.pool import Database
from chassis.database.transaction import Row
from discovery.following.ports import ListingChange, MadeVectors
from discovery.indexing.document import ListingDocument, Rating
from discovery.indexing.ports import Passages
from discovery.indexing.rules import passages_digest, passages_of
from discovery.indexing.snapshots import document_of
from marketplace.events.v1.listing_pb2 import ListingSnapshot

_SINCE = """
SELECT snapshot, popularity, rating_average, rating_count, vector_model, vector_digest, vectors, known_at, change
FROM listings WHERE change > $1 ORDER BY change LIMIT $2
"""
_KEEP = "UPDATE listings SET vector_model = $2, vector_digest = $3, vectors = $4 WHERE listing_id = $1"


class PostgresListingChanges:
    """Reads and writes as the role that sees all teams."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def since(self, number: int, at_most: int) -> Sequence[ListingChange]:
        """Rows whose last change came after that number, in order."""
        async with self._database.transaction(read_only=True) as transaction:
            rows = await transaction.fetch(_SINCE, number, at_most)
        return [_change(row) for row in rows]

    async def last(self) -> int:
        """The number of the newest change, 0 where there is none."""
        async with self._database.transaction(read_only=True) as transaction:
            return int(await transaction.fetch_value("SELECT coalesce(max(change), 0) FROM listings"))

    async def keep(self, made: Sequence[MadeVectors]) -> None:
        """No new change number: every index in another process makes or has its own vectors."""
        rows = [(one.listing_id, one.passages.model_name, one.digest, _bytes_of(one.passages)) for one in made]
        async with self._database.transaction() as transaction:
            await transaction.execute_many(_KEEP, rows)


def _bytes_of(passages: Passages) -> bytes:
    return np.ascontiguousarray(passages.vectors, dtype="<f4").tobytes()


def _change(row: Row) -> ListingChange:
    snapshot = ListingSnapshot.FromString(row["snapshot"])
    document = document_of(snapshot, row["popularity"], Rating(row["rating_average"], row["rating_count"]))
    return ListingChange(row["change"], row["known_at"], document, _passages(row, document))


def _passages(row: Row, document: ListingDocument) -> Passages | None:
    if row["vectors"] is None or row["vector_digest"] != passages_digest(document):
        return None
    numbers = np.frombuffer(row["vectors"], dtype="<f4")
    return Passages(row["vector_model"], numbers.reshape(len(passages_of(document)), -1))
