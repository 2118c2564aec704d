"""Prices between people and the books: decimal dollars outside, integer nano-dollars per million tokens inside."""

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from chassis.errors import InvalidInput
from publishing.listings.version_content import Prices

NANODOLLARS = Decimal(1_000_000_000)
# One million dollars per million tokens: above it a price is a slip of the pen.
MOST = 1_000_000 * 1_000_000_000
_TOKENS = Decimal(1_000_000)


class PriceRefused(InvalidInput):
    """The price is not a number that can be charged."""

    code = "price_refused"


def price_from_dollars(text: str | None, pointer: str) -> int | None:
    """Nano-dollars for a decimal string of dollars; None stays unknown. Raises PriceRefused."""
    if text is None or text.strip().lower() == "unknown":
        return None
    amount = _decimal(text)
    if amount is None:
        raise PriceRefused('A price is a decimal string in USD per million tokens, such as "0.15".', pointer=pointer)
    if amount < 0:
        raise PriceRefused("A price is not negative; leave it out where it is unknown.", pointer=pointer)
    if amount * NANODOLLARS > MOST:
        raise PriceRefused("A price is at most 1000000 USD per million tokens.", pointer=pointer)
    nanodollars = amount * NANODOLLARS
    if nanodollars != nanodollars.to_integral_value():
        raise PriceRefused("A price has at most nine digits after the point.", pointer=pointer)
    return int(nanodollars)


def price_per_token(text: object) -> int | None:
    """Nano-dollars per million tokens for a catalogue's price per token; negative or unreadable means unknown.

    What is finer than a nano-dollar per million tokens is rounded half up.
    """
    amount = _decimal(str(text)) if isinstance(text, str | int | float) and not isinstance(text, bool) else None
    if amount is None or amount < 0:
        return None
    nanodollars = (amount * _TOKENS * NANODOLLARS).to_integral_value(ROUND_HALF_UP)
    return int(nanodollars) if nanodollars <= MOST else None


def dollars(nanodollars: int | None) -> str | None:
    """A decimal string in USD without needless zeros; unknown stays None."""
    if nanodollars is None:
        return None
    whole, part = divmod(nanodollars, 1_000_000_000)
    return f"{whole}.{part:09d}".rstrip("0").rstrip(".")


def prices_of(
    model: str | None, input_price: int | None, output_price: int | None, cached_input_price: int | None = None
) -> Prices:
    """The prices with the pricing model that they imply where none is named."""
    prices = (input_price, output_price, cached_input_price)
    if model is not None:
        return Prices(model, *prices)
    if all(price is None for price in prices):
        return Prices()
    is_free = None not in (input_price, output_price) and not any(prices)
    return Prices("free" if is_free else "usage", *prices)


def _decimal(text: str) -> Decimal | None:
    if len(text) > 40:
        return None
    try:
        amount = Decimal(text.strip())
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and abs(amount.adjusted()) < 30 else None
