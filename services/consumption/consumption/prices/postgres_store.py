"""The price book in PostgreSQL: rows are added, never changed."""

from datetime import datetime

from chassis.database.pool import Database
from chassis.database.transaction import Transaction
from consumption.prices.errors import PriceNotFound
from consumption.prices.rules import PriceRow


class PostgresPriceBook:
    """Prices of all listings."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, transaction: Transaction, row: PriceRow) -> None:
        """Add a row inside the transaction of the fact that it comes from."""
        await transaction.execute(
            "INSERT INTO prices (price_id, listing_id, listing_version_id, model, input_nanodollars_per_million,"
            " output_nanodollars_per_million, effective_from) VALUES ($1, $2, $3, $4, $5, $6, $7)"
            " ON CONFLICT DO NOTHING",
            *(row.price_id, row.listing_id, row.listing_version_id, row.model),
            *(row.input_price, row.output_price, row.effective_from),
        )

    async def at(self, listing_version_id: str, moment: datetime) -> PriceRow:
        """The price in force at a moment. Raises PriceNotFound."""
        async with self._database.transaction(read_only=True) as transaction:
            row = await transaction.fetch_one(
                "SELECT * FROM prices WHERE listing_version_id = $1 AND effective_from <= $2"
                " ORDER BY effective_from DESC LIMIT 1",
                listing_version_id,
                moment,
            )
        if row is None:
            raise PriceNotFound("The price book has no price of this version yet.")
        return PriceRow(
            row["price_id"],
            row["listing_id"],
            row["listing_version_id"],
            row["model"],
            row["input_nanodollars_per_million"],
            row["output_nanodollars_per_million"],
            row["effective_from"],
        )
