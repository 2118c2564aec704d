"""What can be wrong with prices."""

from chassis.errors import InvalidInput, NotFound, Unavailable


class PriceNotFound(NotFound):
    """The book has no price of that version at that moment."""

    code = "price_not_found"


class PriceTooHigh(InvalidInput):
    """Nothing may cost more than a million dollars for a million tokens."""

    code = "price_too_high"


class ReferenceUnreadable(Unavailable):
    """The public list of prices could not be read."""

    code = "reference_unreadable"
