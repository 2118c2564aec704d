"""Prices as rows: how one is read and written."""

from chassis.database.transaction import Row, Transaction
from consumption.prices.rules import PriceRow, Reference


def row_of(row: Row) -> PriceRow:
    """The price in a row of `prices`."""
    name = row["reference_name"]
    return PriceRow(
        price_id=row["price_id"],
        listing_id=row["listing_id"],
        listing_version_id=row["listing_version_id"],
        model=row["model"],
        input_price=row["input_nanodollars_per_million"],
        output_price=row["output_nanodollars_per_million"],
        effective_from=row["effective_from"],
        cached_input_price=row["cached_input_nanodollars_per_million"],
        source=row["source"],
        provider=row["provider"],
        upstream_model=row["upstream_model"],
        recorded_by=row["recorded_by"],
        recorded_at=row["recorded_at"],
        reference=None if name is None else Reference(name, row["reference_as_of"]),
    )


async def insert_price(transaction: Transaction, row: PriceRow) -> None:
    """Write a price; one that is there under its id stays."""
    reference = row.reference
    await transaction.execute(
        "INSERT INTO prices (price_id, listing_id, listing_version_id, model, input_nanodollars_per_million,"
        " output_nanodollars_per_million, effective_from, source, provider, upstream_model, recorded_by, recorded_at,"
        " reference_name, reference_as_of, cached_input_nanodollars_per_million)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) ON CONFLICT DO NOTHING",
        *(row.price_id, row.listing_id, row.listing_version_id, row.model, row.input_price, row.output_price),
        *(row.effective_from, row.source, row.provider, row.upstream_model, row.recorded_by),
        *(row.recorded_at or row.effective_from, reference and reference.name, reference and reference.as_of),
        row.cached_input_price,
    )
