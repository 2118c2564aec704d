"""The public list of prices as it is kept in PostgreSQL, as the worker role."""

from collections.abc import Sequence
from datetime import datetime

from chassis.database.pool import Database
from chassis.database.transaction import Row, Transaction
from consumption.prices.price_rows import insert_price, row_of
from consumption.prices.rules import PriceRow, Reference, ReferencePrice, reference_name_of

_LOCK = "consumption.reference_prices"
# What is in force of each version now, where a public list may say more than the listing does.
_OUTDATED = """
    SELECT p.*, r.provider AS found_provider, r.model AS found_model, r.input_nanodollars_per_million AS found_input,
        r.output_nanodollars_per_million AS found_output, r.cached_input_nanodollars_per_million AS found_cached,
        r.reference_name AS found_name, r.as_of AS found_as_of
    FROM (
        SELECT DISTINCT ON (listing_version_id) * FROM prices WHERE effective_from <= $1
        ORDER BY listing_version_id, effective_from DESC, recorded_at DESC, price_id DESC
    ) p JOIN reference_prices r ON r.provider = lower(btrim(p.provider)) AND r.model = lower(btrim(p.upstream_model))
    WHERE p.model <> 'free' AND (p.input_nanodollars_per_million IS NULL OR p.output_nanodollars_per_million IS NULL
        OR p.source = 'reference')
        AND (r.input_nanodollars_per_million, r.output_nanodollars_per_million, r.cached_input_nanodollars_per_million)
        IS DISTINCT FROM
        (p.input_nanodollars_per_million, p.output_nanodollars_per_million, p.cached_input_nanodollars_per_million)
    ORDER BY p.price_id LIMIT 10000
"""


class PostgresReferences:
    """The list that is kept, and what follows from it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def kept(self) -> str | None:
        """Name of the list that is kept, with its version; None where there is none."""
        async with self._database.transaction(read_only=True) as transaction:
            return await transaction.fetch_value("SELECT reference_name FROM reference_prices LIMIT 1")

    async def replace(self, prices: Sequence[ReferencePrice]) -> None:
        """Keep this list instead of the one before."""
        rows = {(one.provider, one.model): one for one in prices}.values()
        async with self._database.transaction() as transaction:
            await transaction.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", _LOCK)
            await transaction.execute("DELETE FROM reference_prices")
            await transaction.execute_many(
                "INSERT INTO reference_prices (provider, model, input_nanodollars_per_million,"
                " output_nanodollars_per_million, cached_input_nanodollars_per_million, reference_name, as_of)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7)",
                [
                    (
                        *(one.provider, one.model, one.input_price, one.output_price, one.cached_input_price),
                        *vars(one.reference).values(),
                    )
                    for one in rows
                ],
            )

    async def outdated(self, now: datetime) -> list[tuple[PriceRow, ReferencePrice]]:
        """The rows in force that a public list says more of than they do, with what it says."""
        async with self._database.transaction(read_only=True) as transaction:
            rows = await transaction.fetch(_OUTDATED, now)
        return [(row_of(row), _found(row)) for row in rows]

    async def add(self, rows: Sequence[PriceRow]) -> None:
        """Add rows to the book."""
        async with self._database.transaction() as transaction:
            for row in rows:
                await insert_price(transaction, row)


async def reference_of(transaction: Transaction, provider: str, model: str) -> ReferencePrice | None:
    """What the list that is kept says of a vendor's model, by their whole names."""
    row = await transaction.fetch_one(
        "SELECT provider AS found_provider, model AS found_model, input_nanodollars_per_million AS found_input,"
        " output_nanodollars_per_million AS found_output, cached_input_nanodollars_per_million AS found_cached,"
        " reference_name AS found_name, as_of AS found_as_of"
        " FROM reference_prices WHERE provider = $1 AND model = $2",
        reference_name_of(provider),
        reference_name_of(model),
    )
    return None if row is None else _found(row)


def _found(row: Row) -> ReferencePrice:
    return ReferencePrice(
        *(row["found_provider"], row["found_model"], row["found_input"], row["found_output"]),
        Reference(row["found_name"], row["found_as_of"]),
        row["found_cached"],
    )
