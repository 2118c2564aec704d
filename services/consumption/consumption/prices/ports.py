"""Where prices are kept."""

from datetime import datetime
from typing import Protocol

from chassis.database.transaction import Transaction
from consumption.prices.rules import PriceRow


class PriceBook(Protocol):
    """Prices of all listings."""

    async def add(self, transaction: Transaction, row: PriceRow) -> None:
        """Add a row inside the transaction of the fact that it comes from."""
        ...

    async def at(self, listing_version_id: str, moment: datetime) -> PriceRow:
        """The price in force at a moment. Raises PriceNotFound."""
        ...
