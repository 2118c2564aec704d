"""What SLAs hear: listings as they are published, change and end, with what they promise."""

from typing import Protocol

from chassis.database.transaction import Transaction
from chassis.event_log.port import Consumer, Handler, RecordedEvent
from marketplace.events.v1.listing_pb2 import (
    ListingDeprecated,
    ListingPublished,
    ListingRetired,
    ListingRolledBack,
    ListingSnapshot,
)

_FACTS = (ListingPublished, ListingDeprecated, ListingRetired, ListingRolledBack)
_Fact = ListingPublished | ListingDeprecated | ListingRetired | ListingRolledBack


class SlaListings(Protocol):
    """Where listings are kept with their promise."""

    async def put(self, transaction: Transaction, listing: ListingSnapshot) -> None:
        """Keep a listing as it stands."""
        ...


def sla_consumer(listings: SlaListings) -> Consumer:
    """`marketplace.listing.v1`, from its beginning."""

    def taker(kind: type[_Fact]) -> Handler:
        async def take(transaction: Transaction, event: RecordedEvent) -> None:
            await listings.put(transaction, kind.FromString(event.data).listing)

        return take

    return Consumer(
        "consumption.sla", "marketplace.listing.v1", {kind.DESCRIPTOR.full_name: taker(kind) for kind in _FACTS}
    )
