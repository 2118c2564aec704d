"""A price as people see it."""

from datetime import datetime

from pydantic import BaseModel

from chassis.clock import rfc3339
from consumption.budgets.rules import dollars_if_known
from consumption.prices.rules import PriceRow, Source


class ReferenceView(BaseModel):
    """The public list that a price is out of; `age_days` tells how old it was at the moment that is looked at."""

    name: str
    as_of: str
    age_days: int


class PriceView(BaseModel):
    """A row of the price book, in US dollars per million tokens; null is unknown. A reference is an estimate.

    `cached_input_per_million` null: cached prompt tokens cost what other prompt tokens cost.
    """

    id: str
    listing_id: str
    listing_version_id: str
    pricing_model: str
    input_per_million: str | None
    output_per_million: str | None
    cached_input_per_million: str | None
    effective_from: str
    recorded_at: str | None
    source: Source
    reference: ReferenceView | None


def price_view(row: PriceRow, moment: datetime) -> PriceView:
    """The row as it looks at a moment."""
    return PriceView(
        id=row.price_id,
        listing_id=row.listing_id,
        listing_version_id=row.listing_version_id,
        pricing_model=row.model,
        input_per_million=dollars_if_known(row.input_price),
        output_per_million=dollars_if_known(row.output_price),
        cached_input_per_million=dollars_if_known(row.cached_input_price),
        effective_from=rfc3339(row.effective_from),
        recorded_at=None if row.recorded_at is None else rfc3339(row.recorded_at),
        source=row.source,
        reference=_reference(row, moment),
    )


def _reference(row: PriceRow, moment: datetime) -> ReferenceView | None:
    reference = row.reference
    if reference is None:
        return None
    age = max(0, (moment.date() - reference.as_of).days)
    return ReferenceView(name=reference.name, as_of=reference.as_of.isoformat(), age_days=age)
