"""A row of the price book."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class PriceRow:
    """What a listing version costs from a moment on, in nano-dollars per million tokens; None is unknown, never 0."""

    price_id: str
    listing_id: str
    listing_version_id: str
    model: str
    input_price: int | None
    output_price: int | None
    effective_from: datetime


def prices_of(model: str, input_price: int | None, output_price: int | None) -> tuple[int | None, int | None]:
    """Free listings cost 0, which is known; any other missing price is unknown."""
    return (0, 0) if model == "free" else (input_price, output_price)
