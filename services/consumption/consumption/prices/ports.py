"""Where prices are kept."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from chassis.database.transaction import Transaction
from consumption.prices.rules import ListedPrice, PriceRow, ReferencePrice


class PriceBook(Protocol):
    """Prices of all listings."""

    async def add(self, transaction: Transaction, row: PriceRow) -> None:
        """Add a row inside the transaction of the fact that it comes from."""
        ...

    async def reference(self, transaction: Transaction, provider: str, model: str) -> ReferencePrice | None:
        """What a public list says of a vendor's model, by their whole names."""
        ...

    async def by_id(self, price_id: str) -> PriceRow | None:
        """One row, or None."""
        ...

    async def at(self, listing_version_id: str, moment: datetime) -> PriceRow:
        """The price in force at a moment. Raises PriceNotFound."""
        ...


class ListedPrices(Protocol):
    """The book as people read it."""

    async def of_listing(
        self, team_id: str | None, listing: str, after: tuple[datetime, str] | None, at_most: int
    ) -> list[ListedPrice]:
        """The rows of a listing by id or name, the latest first, after a place.

        A team sees those of listings that it may see; None sees all. Raises PriceNotFound where there is none.
        """
        ...


class PriceSetting(Protocol):
    """The book as the platform writes it."""

    async def standing_at(self, moment: datetime, listing_id: str, listing_version_id: str | None) -> list[PriceRow]:
        """For each version of a listing, or for one, the row in force at a moment.

        Where none is in force by then, one that begins later. Raises PriceNotFound.
        """
        ...

    async def set(self, rows: Sequence[PriceRow], actor: str, now: datetime) -> None:
        """Add rows of one listing in one transaction with the event."""
        ...


class References(Protocol):
    """The public list as it is kept here."""

    async def kept(self) -> str | None:
        """Name of the list that is kept, with its version; None where there is none."""
        ...

    async def replace(self, prices: Sequence[ReferencePrice]) -> None:
        """Keep this list instead of the one before."""
        ...

    async def outdated(self, now: datetime) -> list[tuple[PriceRow, ReferencePrice]]:
        """The rows in force that a public list says more of than they do, with what it says."""
        ...

    async def add(self, rows: Sequence[PriceRow]) -> None:
        """Add rows to the book."""
        ...


class ReferenceList(Protocol):
    """The public list itself."""

    async def name(self) -> str:
        """The list and its version."""
        ...

    async def read(self) -> list[ReferencePrice]:
        """All of it that is one plain price for each kind of token. Raises ReferenceUnreadable."""
        ...
