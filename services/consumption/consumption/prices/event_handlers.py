"""The price book learns a version's price when it is published."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from chassis.database.transaction import Transaction
from chassis.event_log.port import Consumer, RecordedEvent
from consumption.prices.ports import PriceBook
from consumption.prices.rules import REFERENCE, PriceRow, prices_of
from marketplace.events.v1 import listing_pb2


def price_book_consumer(book: PriceBook, new_price_id: Callable[[datetime], str]) -> Consumer:
    """`marketplace.listing.v1` into the price book."""

    async def on_published(transaction: Transaction, event: RecordedEvent) -> None:
        listing = listing_pb2.ListingPublished.FromString(event.data).listing
        row = _stated(listing, new_price_id(event.time), event.time)
        await book.add(transaction, await _with_reference(book, transaction, row) if row.wants_reference else row)

    return Consumer(
        group="consumption.price_book",
        topic="marketplace.listing.v1",
        handlers={listing_pb2.ListingPublished.DESCRIPTOR.full_name: on_published},
    )


def _stated(listing: listing_pb2.ListingSnapshot, price_id: str, at: datetime) -> PriceRow:
    pricing = listing.pricing
    wanted: list[int | None] = [
        getattr(pricing, name) if pricing.HasField(name) else None
        for name in (
            "input_nanodollars_per_million",
            "output_nanodollars_per_million",
            "cached_input_nanodollars_per_million",
        )
    ]
    input_price, output_price, cached_input_price = prices_of(pricing.model, *wanted)
    return PriceRow(
        price_id=price_id,
        listing_id=listing.listing_id,
        listing_version_id=listing.listing_version_id,
        model=pricing.model,
        input_price=input_price,
        output_price=output_price,
        effective_from=at,
        cached_input_price=cached_input_price,
        provider=listing.provider,
        upstream_model=listing.upstream_model,
        recorded_at=at,
    )


async def _with_reference(book: PriceBook, transaction: Transaction, row: PriceRow) -> PriceRow:
    """The row with what a public list says, where it says anything; else it stays unknown."""
    found = await book.reference(transaction, row.provider, row.upstream_model)
    if found is None:
        return row
    return replace(
        row,
        source=REFERENCE,
        input_price=found.input_price,
        output_price=found.output_price,
        cached_input_price=found.cached_input_price,
        reference=found.reference,
    )
