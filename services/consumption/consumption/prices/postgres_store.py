"""The price book in PostgreSQL: rows are added, never changed."""

from collections.abc import Sequence
from datetime import datetime

from chassis.database.pool import Database
from chassis.database.transaction import Transaction
from chassis.event_log.port import EventLog
from consumption.facts import LEDGER_TOPIC, event_of
from consumption.prices.errors import PriceNotFound
from consumption.prices.price_rows import insert_price, row_of
from consumption.prices.reference_store import reference_of
from consumption.prices.rules import ListedPrice, PriceRow, ReferencePrice
from marketplace.events.v1.ledger_pb2 import PriceSet

MOST_VERSIONS = 1000
_LISTED = """
    SELECT * FROM (
        SELECT p.*, lead(effective_from) OVER (
            PARTITION BY listing_version_id ORDER BY effective_from, recorded_at, price_id
        ) AS until
        FROM prices p WHERE listing_id = coalesce((
            SELECT a.listing_id FROM askable_listings a
            WHERE a.full_name = $1 AND ($5::text IS NULL OR a.visibility <> 'private' OR a.team_id = $5)
            ORDER BY a.listing_id LIMIT 1
        ), $1)
    ) of_listing
    WHERE $2::timestamptz IS NULL OR (effective_from, price_id) < ($2, $3)
    ORDER BY effective_from DESC, price_id DESC LIMIT $4
"""


class PostgresPriceBook:
    """Prices of all listings, as the worker role."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, transaction: Transaction, row: PriceRow) -> None:
        """Add a row inside the transaction of the fact that it comes from."""
        await insert_price(transaction, row)

    async def reference(self, transaction: Transaction, provider: str, model: str) -> ReferencePrice | None:
        """What a public list says of a vendor's model, by their whole names."""
        return await reference_of(transaction, provider, model)

    async def by_id(self, price_id: str) -> PriceRow | None:
        """One row, or None."""
        async with self._database.transaction(read_only=True) as transaction:
            row = await transaction.fetch_one("SELECT * FROM prices WHERE price_id = $1", price_id)
        return None if row is None else row_of(row)

    async def at(self, listing_version_id: str, moment: datetime) -> PriceRow:
        """The price in force at a moment. Raises PriceNotFound."""
        async with self._database.transaction(read_only=True) as transaction:
            row = await transaction.fetch_one(
                "SELECT * FROM prices WHERE listing_version_id = $1 AND effective_from <= $2"
                " ORDER BY effective_from DESC, recorded_at DESC, price_id DESC LIMIT 1",
                listing_version_id,
                moment,
            )
        if row is None:
            raise PriceNotFound("The price book has no price of this version yet.")
        return row_of(row)


class PostgresPriceSetting:
    """The book as the platform writes it, as the worker role."""

    def __init__(self, database: Database, log: EventLog) -> None:
        self._database = database
        self._log = log

    async def standing_at(self, moment: datetime, listing_id: str, listing_version_id: str | None) -> list[PriceRow]:
        """For each version of a listing, or for one, the row in force at a moment.

        Where none is in force by then, one that begins later. Raises PriceNotFound.
        """
        async with self._database.transaction(read_only=True) as transaction:
            rows = await transaction.fetch(
                "SELECT DISTINCT ON (listing_version_id) * FROM prices"
                " WHERE listing_id = $1 AND ($2::text IS NULL OR listing_version_id = $2)"
                " ORDER BY listing_version_id, effective_from <= $3 DESC, effective_from DESC, recorded_at DESC,"
                " price_id DESC LIMIT $4",
                *(listing_id, listing_version_id, moment, MOST_VERSIONS),
            )
        if not rows:
            raise PriceNotFound("No such listing or version was published: its id is in GET /api/v1/services.")
        return [row_of(row) for row in rows]

    async def set(self, rows: Sequence[PriceRow], actor: str, now: datetime) -> None:
        """Add rows of one listing in one transaction with the event."""
        fact = PriceSet(
            listing_id=rows[0].listing_id,
            listing_version_ids=[row.listing_version_id for row in rows],
            input_nanodollars_per_million=rows[0].input_price or 0,
            output_nanodollars_per_million=rows[0].output_price or 0,
            cached_input_nanodollars_per_million=rows[0].cached_input_price,
            actor=actor,
        )
        fact.effective_from.FromDatetime(rows[0].effective_from)
        async with self._database.transaction() as transaction:
            for row in rows:
                await insert_price(transaction, row)
            await self._log.append(transaction, [event_of(LEDGER_TOPIC, fact.listing_id, fact, now)])


class PostgresListedPrices:
    """The book as people read it: a team's people through row security, the platform's through the worker role."""

    def __init__(self, team: Database, platform: Database) -> None:
        self._team = team
        self._platform = platform

    async def of_listing(
        self, team_id: str | None, listing: str, after: tuple[datetime, str] | None, at_most: int
    ) -> list[ListedPrice]:
        """The rows of a listing by id or name, the latest first, after a place. Raises PriceNotFound."""
        database = self._platform if team_id is None else self._team
        async with database.transaction(team_id, read_only=True) as transaction:
            rows = await transaction.fetch(
                _LISTED,
                *(listing, *(after or (None, None)), at_most, team_id),
            )
        if not rows and after is None:
            raise PriceNotFound("The price book has nothing of a listing of that name or id that you may see.")
        return [ListedPrice(row_of(row), row["until"]) for row in rows]
