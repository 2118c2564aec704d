"""Calls make listings popular."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime

from chassis.database.transaction import Transaction
from chassis.event_log.port import Consumer, RecordedEvent
from discovery.trending.ports import UseBook
from discovery.trending.rules import CALL_WEIGHT, COUNTED_OUTCOMES, Use
from marketplace.events.v1 import usage_pb2


def popularity_consumer(book: UseBook) -> Consumer:
    """`marketplace.usage.v1` into the book of use; calls that failed say nothing good of a listing."""

    async def on_usage(transaction: Transaction, event: RecordedEvent) -> None:
        await book.add(transaction, list(_uses(event)))

    return Consumer(
        group="discovery.popularity",
        topic="marketplace.usage.v1",
        handlers={usage_pb2.UsageRecorded.DESCRIPTOR.full_name: on_usage},
    )


def _uses(event: RecordedEvent) -> Iterator[Use]:
    """Calls of one listing in one second are one use of their weight: half of it is forgotten in days."""
    calls = Counter(
        [
            (row.listing_id, row.started_at.seconds)
            for row in usage_pb2.UsageRecorded.FromString(event.data).rows
            if row.listing_id and row.outcome in COUNTED_OUTCOMES
        ]
    )
    for (listing_id, second), count in calls.items():
        # A clock that runs ahead does not make a call count for longer.
        yield Use(listing_id, min(datetime.fromtimestamp(second, UTC), event.time), count * CALL_WEIGHT)
