"""Which facts analytics hears, and what it does with each: a table."""

from admin.analytics.actions import RecordListing, RecordUsage
from admin.analytics.ports import ListingState
from admin.facts import LISTING_TOPIC, USAGE_TOPIC
from chassis.database.transaction import Transaction
from chassis.event_log.port import Consumer, Handler, RecordedEvent
from marketplace.events.v1.listing_pb2 import (
    ListingCatalogued,
    ListingDeprecated,
    ListingPublished,
    ListingRejected,
    ListingRetired,
    ListingRolledBack,
    ListingSubmitted,
)
from marketplace.events.v1.usage_pb2 import UsageRecorded

GROUP = "admin.analytics"
_LISTING_FACTS = (
    ListingSubmitted,
    ListingPublished,
    ListingRejected,
    ListingCatalogued,
    ListingDeprecated,
    ListingRetired,
    ListingRolledBack,
)
ListingFact = (
    ListingSubmitted
    | ListingPublished
    | ListingRejected
    | ListingCatalogued
    | ListingDeprecated
    | ListingRetired
    | ListingRolledBack
)


def analytics_consumers(record_usage: RecordUsage, record_listing: RecordListing) -> list[Consumer]:
    """One reader for each topic."""

    async def take_usage(transaction: Transaction, event: RecordedEvent) -> None:
        await record_usage(transaction, UsageRecorded.FromString(event.data).rows)

    listing_handlers = {fact.DESCRIPTOR.full_name: _listing_handler(fact, record_listing) for fact in _LISTING_FACTS}
    return [
        Consumer(GROUP, USAGE_TOPIC, {UsageRecorded.DESCRIPTOR.full_name: take_usage}),
        Consumer(GROUP, LISTING_TOPIC, listing_handlers),
    ]


def _listing_handler(fact: type[ListingFact], record: RecordListing) -> Handler:
    async def take(transaction: Transaction, event: RecordedEvent) -> None:
        listing = fact.FromString(event.data).listing
        full_name = f"{listing.team_slug}/{listing.name}"
        state = ListingState(listing.listing_id, listing.team_id, full_name, listing.state, listing.revision)
        await record(transaction, state)

    return take
