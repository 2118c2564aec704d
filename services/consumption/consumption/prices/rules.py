"""A row of the price book, and which of several holds."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from dataplane.price import Price

# Who says so: the listing's publisher, the platform's admins, or a public list of prices, which is an estimate.
Source = Literal["listing", "admin", "reference"]
LISTING: Source = "listing"
ADMIN: Source = "admin"
REFERENCE: Source = "reference"
FREE = "free"
# A dearer one could make the cost of a single call pass 63 bits.
DEAREST = 10**15


@dataclass(frozen=True)
class Reference:
    """A public list of prices in one version, and when that came out."""

    name: str
    as_of: date


@dataclass(frozen=True)
class ReferencePrice:
    """What a model costs elsewhere, in nano-dollars per million tokens; cached None: no plain price of its own."""

    provider: str
    model: str
    input_price: int
    output_price: int
    reference: Reference
    cached_input_price: int | None = None


@dataclass(frozen=True)
class PriceRow:
    """What a listing version costs from a moment on, in nano-dollars per million tokens; None is unknown, never 0.

    `cached_input_price` is that of cached prompt tokens, None where they cost what other prompt tokens cost.
    `model` is how the listing is priced (free, usage, ...), `provider` and `upstream_model` what stands behind it.
    `reference` is there for rows of that source alone. `recorded_at` is None until the row is kept.
    """

    price_id: str
    listing_id: str
    listing_version_id: str
    model: str
    input_price: int | None
    output_price: int | None
    effective_from: datetime
    cached_input_price: int | None = None
    source: Source = LISTING
    provider: str = ""
    upstream_model: str = ""
    recorded_by: str = "consumption"
    recorded_at: datetime | None = None
    reference: Reference | None = None

    @property
    def is_known(self) -> bool:
        """Whether both kinds of token have a price."""
        return self.input_price is not None and self.output_price is not None

    @property
    def wants_reference(self) -> bool:
        """Whether a public list may say what the listing does not."""
        return self.model != FREE and (not self.is_known or self.source == REFERENCE)


@dataclass(frozen=True)
class ListedPrice:
    """A row and when the next one of its version takes over, which may be at once; None: none does so far."""

    row: PriceRow
    until: datetime | None


def prices_of(
    model: str, input_price: int | None, output_price: int | None, cached_input_price: int | None
) -> tuple[int | None, int | None, int | None]:
    """Free listings cost 0, which is known, and so do their cached tokens; any other missing price is unknown.

    That of cached tokens is none of their own where it is missing.
    """
    return (0, 0, None) if model == FREE else (input_price, output_price, cached_input_price)


def price_of_row(row: PriceRow) -> Price:
    """The row as the one function of costs takes it."""
    return Price(row.price_id, row.input_price, row.output_price, row.cached_input_price)


def row_in_force(rows: Iterable[PriceRow], moment: datetime) -> PriceRow | None:
    """Of the rows of one version the one that holds at a moment: the latest by date, then by when it was recorded."""
    begun = [row for row in rows if row.effective_from <= moment]
    return max(begun, key=lambda row: (row.effective_from, _recorded(row), row.price_id), default=None)


def reference_name_of(text: str) -> str:
    """A provider's or model's name as references are looked up by."""
    return text.strip().lower()


def _recorded(row: PriceRow) -> datetime:
    return row.recorded_at or row.effective_from
