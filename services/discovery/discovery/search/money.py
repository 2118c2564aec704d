"""Prices as people read them."""

from decimal import Decimal

NANODOLLARS = Decimal(1_000_000_000)


def dollars_of(nanodollars: int) -> str:
    """A decimal string of US dollars, exact, without needless zeros: 1500000 gives 0.0015."""
    return format((Decimal(nanodollars) / NANODOLLARS).normalize(), "f")
