"""The price book learns a version's price when it is published."""

from collections.abc import Callable
from datetime import datetime

from chassis.database.transaction import Transaction
from chassis.event_log.port import Consumer, RecordedEvent
from consumption.prices.ports import PriceBook
from consumption.prices.rules import PriceRow, prices_of
from marketplace.events.v1 import listing_pb2


def price_book_consumer(book: PriceBook, new_price_id: Callable[[datetime], str]) -> Consumer:
    """`marketplace.listing.v1` into the price book."""

    async def on_published(transaction: Transaction, event: RecordedEvent) -> None:
        listing = listing_pb2.ListingPublished.FromString(event.data).listing
        pricing = listing.pricing
        wanted_input = (
            pricing.input_nanodollars_per_million if pricing.HasField("input_nanodollars_per_million") else None
        )
        wanted_output = (
            pricing.output_nanodollars_per_million if pricing.HasField("output_nanodollars_per_million") else None
        )
        input_price, output_price = prices_of(pricing.model, wanted_input, wanted_output)
        row = PriceRow(
            price_id=new_price_id(event.time),
            listing_id=listing.listing_id,
            listing_version_id=listing.listing_version_id,
            model=pricing.model,
            input_price=input_price,
            output_price=output_price,
            effective_from=event.time,
        )
        await book.add(transaction, row)

    return Consumer(
        group="consumption.price_book",
        topic="marketplace.listing.v1",
        handlers={listing_pb2.ListingPublished.DESCRIPTOR.full_name: on_published},
    )
