"""The facts about listings that change what can be found."""

from collections.abc import Callable
from typing import Any

from chassis.database.transaction import Transaction
from chassis.event_log.port import Consumer, Handler, RecordedEvent
from discovery.indexing.ports import ListingTable
from marketplace.events.v1 import listing_pb2

TOPIC = "marketplace.listing.v1"


def indexing_consumer(table: ListingTable) -> Consumer:
    """`marketplace.listing.v1` into the table of listings; a submitted or validated version is not found yet."""

    def kept(fact: Callable[[bytes], Any]) -> Handler:
        async def keep(transaction: Transaction, event: RecordedEvent) -> None:
            await table.take(transaction, fact(event.data).listing, event.time)

        return keep

    return Consumer(
        group="discovery.indexing",
        topic=TOPIC,
        handlers={
            kind.DESCRIPTOR.full_name: kept(kind.FromString)
            for kind in (
                listing_pb2.ListingPublished,
                listing_pb2.ListingCatalogued,
                listing_pb2.ListingDeprecated,
                listing_pb2.ListingRolledBack,
                listing_pb2.ListingRejected,
                listing_pb2.ListingRetired,
            )
        },
    )
